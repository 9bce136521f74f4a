#pragma once

#include <vector>

#include "solver/option_lists.h"

namespace flexos {

/// Layouts: the level of each pair is between these, and explored.
struct Box {
  std::vector<Level> low;  ///< by pair
  std::vector<Level> high;
  bool operator==(const Box&) const = default;
};

/// More than all weighted sums there are: what cannot be. Thousands of it are still in range.
inline constexpr Units kNowhere = Units{1} << 112;

/// Lower bounds on a * cost + b * risk over a box of layouts, for several weightings (a, b) at
/// once, in whole numbers.
///
/// For one weighting a component's options leave it phi(R) = min of a * cost + b * exposure * R,
/// where R is how open it lies to all others: a sum over its pairs. phi is concave, so over a range
/// of R it is nowhere below S * R + min(phi(low) - S * low, phi(high) - S * high), whatever the
/// slope S. With one slope a component and weighting, fixed once, the rest is a sum over pairs,
/// each at the level where its gate and what its two components pay for openness are least.
///
/// Together the bounds enclose what the box can reach in a convex region. Nothing in it is new when
/// each place in the plane where something new could be lies outside.
class WeightedBounds {
 public:
  struct Value {
    Units cost;
    Units risk;
  };

  /// `ranges`: between these all levels of all pairs are.
  WeightedBounds(const Spec& spec, const Encoding& encoding, const RiskUnits& risks,
                 OptionLists& lists, const Box& ranges);

  /// False: sums are out of range; nothing below may be used.
  bool fits() const { return fits_; }
  std::size_t weightings() const { return rates_.size(); }

  /// What new would not cost more than and not be riskier than, by rising cost and falling risk:
  /// what `stairs` leave, within the cost of `most`.
  void look_for(const std::vector<Value>& stairs, std::optional<Units> most);

  /// By weighting, what a pair adds at a level.
  const Units* pair(std::size_t p, Level level) const;
  /// What it adds at least.
  const Units* least(std::size_t p) const;

  /// By weighting, what the options of a component add at least, where its openness is between
  /// `low` and `high`.
  void own(int i, const OptionLists::Steps& steps, Units low, Units high, Units* least) const;

  /// Does the region leave out all that is looked for? Bounds by weighting; `work` counts sums.
  bool nothing_new(const Units* bounds, std::size_t& work);

 private:
  struct Rate {
    Units cost;
    Units risk;
  };

  void choose_rates(double cost_span, double risk_span);
  void phi(const OptionLists::Steps& steps, Units openness, Units* least) const;
  bool excludes(std::size_t rate, const Value& corner, const Units* bounds) const;

  std::size_t levels_;
  bool fits_ = true;
  std::vector<Rate> rates_;   ///< the first cost alone, the last risk alone
  std::vector<Units> slope_;  ///< [component * rates + rate]
  std::vector<Units> pair_;   ///< [(pair * levels + level) * rates + rate]
  std::vector<Units> least_;  ///< [pair * rates + rate]
  std::vector<Value> corners_;
  Value most_{0, 0};           ///< no configuration has more of either
  std::size_t last_rate_ = 0;  ///< that excluded the last corner
};

}  // namespace flexos
