#pragma once

#include <array>
#include <boost/multiprecision/cpp_int.hpp>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "model/configuration.h"

/// The oracle: every configuration of a small spec, straight from the definitions.
///
/// A third reading of docs/language.md, beside the solver's and the judge's, made to be believed
/// rather than to be fast: components can be built in so many ways (`Way`), levels nest in so many
/// ways (`Matrix`), and an admissible configuration is a matrix and one way a component such that
/// every pair gets along. Nothing is bounded, contracted or skipped.
namespace flexos::oracle {

using Integer = __int128;
using Rational = boost::multiprecision::cpp_rational;

constexpr int kMaxComponents = 5;

/// One way to build a component.
struct Way {
  int variant = 0;
  std::uint64_t hardening = 0;
  Rational cost;      ///< work * (factor - 1)
  Rational exposure;  ///< 1 - H
};

/// An admissible configuration, small enough to keep a million of.
struct Found {
  Integer cost = 0;  ///< in the spec's own unit, see Brute::cost
  Integer risk = 0;
  std::uint32_t matrix = 0;
  std::array<std::uint16_t, kMaxComponents> ways{};
};

class Brute {
 public:
  explicit Brute(const Spec& spec);

  // One configuration, of the right shape but otherwise whatever it may be.
  bool admissible(const Configuration& c) const;
  Rational cost(const Configuration& c) const;           ///< cycles an operation
  Rational residual_risk(const Configuration& c) const;  ///< 0..1
  std::int64_t memory(const Configuration& c) const;
  int compartments(const Configuration& c) const;

  // All of them.
  bool feasible() const;
  const std::vector<Found>& all();
  Configuration configuration(const Found& found) const;
  Rational cycles(Integer cost) const { return Rational(cost) / cost_unit_; }
  Rational risk(Integer risk) const;

  /// The `count` smallest costs in ascending order, one a configuration.
  std::vector<Integer> cheapest(std::size_t count);
  /// The `count` smallest residual risks.
  std::vector<Integer> safest(std::size_t count);
  /// Every (cost, risk) that no other is below in one and not above in the other; by cost.
  std::vector<std::pair<Integer, Integer>> frontier();
  /// The maximal elements of the safety order.
  std::vector<Configuration> maximal();
  /// Fewest classes of level none; nullopt where nothing is admissible.
  std::optional<int> fewest_compartments();

  bool at_least_as_safe(const Configuration& b, const Configuration& a) const;

 private:
  using Reach = std::set<std::string>;  ///< subset of {own, shared, rest}; all three = "*"
  struct Effect {
    Reach reads;
    Reach writes;
    std::optional<std::set<std::string>> calls;  ///< "component.function"; absent = anything
  };

  bool buildable(int i, const Way& way) const;
  Effect effect(int i, const Way& way) const;
  std::set<std::string> spelled_out(const std::vector<FunctionRef>& functions) const;
  bool harms(int attacker, const Effect& effect, int victim, Operation operation) const;
  bool tolerates(int owner, int guest, const Effect& guest_effect) const;
  bool may_share(int i, const Effect& one, int j, const Effect& other) const;
  bool levels_fine(const Configuration& c) const;
  Rational work_cost(int i, const Way& way) const;
  Rational exposure(int i, const Way& way) const;
  Rational boundary_cost(int i, int j, Level level) const;
  Rational openness(int attacker, int victim, Level level) const;
  Rational total_weight() const;
  Way way_of(const Configuration& c, int i) const;
  bool variant_safer(int i, int better, int worse) const;

  void prepare();
  template <typename Visit>
  void enumerate(const Visit& visit) const;

  const Spec& spec_;
  const int n_;
  std::optional<Rational> cost_limit_;  ///< the tightest slowdown budget, as a cost

  std::vector<Level> explored_;
  std::vector<std::vector<Way>> ways_;   ///< by component, those that can be built
  std::vector<Configuration> matrices_;  ///< levels only
  /// [i][x][j][y]: may i built as x share a compartment with j built as y?
  std::vector<std::vector<std::vector<std::vector<bool>>>> share_;
  std::vector<Integer> matrix_cost_;
  std::vector<std::array<Integer, kMaxComponents>> matrix_risk_;  ///< by attacker
  std::vector<std::vector<Integer>> way_cost_;
  std::vector<std::vector<Integer>> way_exposure_;
  std::optional<Integer> cost_limit_units_;
  Rational cost_unit_ = 1;  ///< units a cycle
  Rational risk_unit_ = 1;
  std::optional<std::vector<Found>> all_;
};

/// The spec that is left when the statements with these indices are taken back.
Spec without(const Spec& spec, const std::set<int>& dropped);

}  // namespace flexos::oracle
