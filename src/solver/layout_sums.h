#pragma once

#include <optional>
#include <vector>

#include "solver/weighted_bounds.h"

namespace flexos {

/// What is known, and layouts in which nothing is new to it.
///
/// With the levels given, cost and risk are sums over components, one option each. That is so for a
/// box of layouts too, as a bound: each boundary at its cheapest, each as wide as it gets. So a box
/// is settled when every such sum is beaten by a known value, which is exact arithmetic on small
/// tables.
///
/// What options a component has beside those that it shares its compartment with are lemmas of
/// Z3's; everything else is sums, from the encoding's own reading of the costs.
class LayoutSums {
 public:
  /// Cost and risk, in the units of Encoding and RiskUnits.
  using Value = WeightedBounds::Value;

  /// `advice`: which options the search thinks a component can take beside others. `work`: at most
  /// as many sums are formed, and none once the deadline has passed. All must outlive it.
  LayoutSums(const Spec& spec, Encoding& encoding, const Instance& advice, std::int64_t work,
             const Deadline& deadline);

  /// False: costs or risks are out of range; nothing below may be used.
  bool fits() const { return risks_.fits && encoding_.priced(); }
  /// The work or the time is used up; answers from now on are of no use.
  bool exhausted() const { return work_ <= 0; }

  /// What goes on elsewhere counts as well.
  void spend(std::size_t work);

  const RiskUnits& risks() const { return risks_; }
  OptionLists& lists() { return lists_; }
  /// Those that are explored, and the lowest.
  const std::vector<Level>& levels() const { return levels_; }
  const std::vector<Value>& stairs() const { return stairs_; }

  /// nullopt: the statements forbid an option of `c`.
  std::optional<Value> value_of(const Configuration& c) const;

  /// What neither costs less than `value` nor leaves less risk is beaten. False: it is not dearer
  /// and less risky than the one before.
  bool beats(Value value);
  /// What leaves more risk than `value`, or as much and costs no less, is beaten.
  void beats_in_risk(Value value);
  /// What leaves more risk is beaten.
  void beats_riskier(Units risk);

  /// Is everything in the box beaten, or over the budget? If not, and the work is not used up,
  /// `rest` gets options, by component, for which it is not.
  bool settled(const Box& box, std::vector<std::size_t>& rest);

  /// What can be built with these levels, as far as the lists of options say, and leaves less risk
  /// than `bar`, or as much and costs less, within the budget. nullopt: more than `most`.
  std::optional<std::vector<Configuration>> safer_in(const std::vector<Level>& levels, Value bar,
                                                     std::size_t most);

 private:
  using Step = OptionLists::Step;
  using Steps = OptionLists::Steps;
  struct Partial {
    Units cost;
    Units risk;
    std::size_t from;
    std::size_t pick;
  };
  /// The least that the layouts of a box leave: what boundaries cost, how wide each component lies
  /// open, and between which options it has the choice.
  struct Bounds {
    Units gates = 0;
    std::vector<Units> open;
    std::vector<const Steps*> steps;
  };
  struct Enumeration;

  Bounds bounds_of(const Box& box);
  bool beaten(Units cost, Units risk) const;
  void pick(Enumeration& enumeration, int i, Value sum);

  const Spec& spec_;
  Encoding& encoding_;
  int n_;
  std::int64_t work_;
  const Deadline& deadline_;
  std::int64_t asked_ = 0;  ///< the work that was left when the time was looked at
  RiskUnits risks_;
  OptionLists lists_;
  std::vector<Level> levels_;  ///< those explored
  std::vector<Value> stairs_;  ///< by rising cost and falling risk
};

}  // namespace flexos
