#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "model/configuration.h"
#include "solver/clauses.h"

/// The constraint encoding: what admissible means, for Z3.
///
/// Booleans only (integer encodings returned false optima with Z3 4.8.12):
///   apart[p][l]   level(p) >= l, monotone in l, triangles for every l: an ultrametric
///   has[i][h], is[i][v]   component i has hardening h, is variant v
/// Behaviour after hardening is a formula over has/is; what does not fit implies apart[p][1].
/// The encoding reads the statements themselves, not the search's tables: a slip in those is a
/// disagreement here.
///
/// Z3 is given what a question turns out to need. A pair gets its booleans when something is said
/// about it; triangles, and cost to its last unit, are added as models break them (`read`). What
/// is refuted from a part of the constraints is refuted from all of them; a model is one only when
/// none of them is broken.
namespace flexos {

class Encoding {
 public:
  /// `triangles`: assert them all at once.
  Encoding(z3::context& context, const Spec& spec, bool triangles);

  Clauses& clauses() { return clauses_; }

  /// Asserts that the cost is less than that of `c`.
  void require_cheaper_than(const Configuration& c);

  /// Asserts the slowdown budget of the spec.
  void require_budget();

  /// A lemma over the encoding, and its weight in a sum of them.
  ///   cut:       not all of `pairs` are together below `level`, or u takes one of `options`
  ///              (variant, hardening bits); u = -1: no options
  ///   monotone:  pairs[0] apart at `level` is apart at `below`
  struct WeightedCut {
    __int128 weight = 0;  ///< in the units of `scale`: 10^-scale cycles
    std::vector<std::array<int, 2>> pairs;
    int level = 0;
    int u = -1;
    std::vector<std::pair<std::uint8_t, std::uint64_t>> options;
    bool monotone = false;
    int below = 0;
  };

  /// Has Z3 refute that any of the lemmas fails. False: Z3 does not prove them all.
  bool prove(const std::vector<WeightedCut>& cuts);

  /// Asserts what "cheaper than c" and proven cuts imply by adding the cuts, weighted, to the cost:
  ///   sum of (cost - weights) * x  <=  cost(c) - 1 unit - sum of weights.
  /// Exact; where the bound is tight its right side is small, which is what makes Z3 quick.
  void require_weighted_cheaper(const Configuration& c, const std::vector<WeightedCut>& cuts,
                                int scale);

  void forbid(const Configuration& c);

  /// Forbids the levels of `c`, whatever is built with them.
  void forbid_layout(const Configuration& c);

  /// Forbids c's levels and all below them whose boundaries, pair by pair, cost no less: what is
  /// built so could be built the same with the levels of `c`, safer and no dearer.
  void forbid_covered(const Configuration& c);

  /// Is the pair at least at this level?
  Literal apart(int i, int j, int level);

  /// What the statements leave of the levels of a pair, each by itself.
  const std::vector<Level>& lowest() const { return lower_; }
  const std::vector<Level>& highest() const { return upper_; }

  /// Has Z3 refute that a pair has a level outside of these. False: not proven.
  bool prove_ranges(const std::vector<Level>& low, const std::vector<Level>& high);

  /// Has Z3 refute that these are all apart at `level` and each other's neighbours below `within`;
  /// then asserts it, which Z3 would else find out again and again. False: not proven.
  bool prove_crowded(const std::vector<int>& members, int level, int within);

  /// Asserts all triangles that it does not know. How many there are.
  std::size_t add_triangles();

  /// A way to build a component, as far as the statements leave it.
  struct Option {
    std::uint8_t variant;
    std::uint64_t hardening;
    __int128 cost;
  };

  /// False: costs are out of range (without a profile all are 0); there is nothing to be read
  /// below.
  bool priced() const { return priced_; }
  const std::vector<Option>& options(int i) const { return options_[static_cast<std::size_t>(i)]; }
  /// How component i is built in `c`, among its options; null: the statements forbid that.
  const Option* option_of(int i, const Configuration& c) const;
  /// What the boundary of a pair (by pair_index) costs at a level.
  __int128 gate(int pair, int level) const;
  /// The highest cost that was asked for, the budget included.
  std::optional<__int128> most_cost() const { return most_cost_; }

  /// Has Z3 refute that component i takes none of the options in a compartment with `mates`.
  /// False: not proven.
  bool prove_options(int i, const std::vector<int>& mates, const std::vector<bool>& wanted);

  /// Has Z3 refute that a component of one of the configurations could take a cheaper option
  /// beside those that it shares its compartment with. False: not proven.
  bool prove_cheapest(const std::vector<Configuration>& list);

  /// What implies, where it is assumed, that there are at most `count` compartments.
  Literal compartments_at_most(int count);

  /// Asserts that some coordinate is safer than in `c`: not (x <= c in the safety order).
  void require_not_below(const Configuration& c);

  /// The configuration of the last model; nullopt: the model breaks what Z3 was not told yet. It
  /// has been told now: ask again.
  std::optional<Configuration> read();

 private:
  using Units = __int128;
  using Conjunction = std::vector<Literal>;
  /// A weighted sum of literals that is at most `limit`.
  struct Sum {
    std::map<Literal, Units> terms;
    Units limit = 0;
    void add(Literal literal, Units weight) {
      if (literal.is_true()) limit -= weight;
      if (!literal.is_true() && !literal.is_false()) terms[literal] += weight;
    }
  };

  // encoding.cc: what is admissible
  int next_explored(int level) const;
  void follow_bounds();
  void at_least(int i, int j, int level);
  void at_most(int i, int j, int level);
  void triangle(int i, int j, int k, int level);
  void along(const std::vector<int>& path, int level);
  void options();
  void statements();
  void compatibility();
  void limits();
  void limit_memory(std::int64_t most);
  std::vector<Literal> joins_badly(int a, int b);
  Literal reads_any(int i, bool writes);
  Literal touches_shared(int i, bool writes);
  Literal calls_any(int i);
  Literal calls_function(int i, const FunctionRef& f);
  Literal opens(int i, int level);
  Literal implied_by(const std::vector<Conjunction>& any);
  bool contradicts(Literal claim);
  void forbid_between(const std::vector<Level>& low, const std::vector<Level>& high);
  void takes_none(Literal given, int i, const std::vector<bool>& options);
  bool add_broken_triangles(const std::vector<Level>& known, std::vector<Level>& levels);

  // encoding_cost.cc: what it costs
  void price();
  std::optional<Decimal> option_cost(int i, std::uint8_t variant, std::uint64_t hardening) const;
  std::optional<Units> cost(const Configuration& c) const;
  void cap(Units most);
  void forbid_dear(const Configuration& c, Units most);
  std::vector<Conjunction> patterns(int i, const std::vector<bool>& wanted) const;
  Literal takes_any(const WeightedCut& cut);
  Literal surplus(const WeightedCut& cut);
  void add_path(const WeightedCut& cut);
  void add_options(int i, const std::vector<Units>& paid, const std::vector<int>& group, Sum& sum);
  void require(Units most, const std::vector<WeightedCut>& cuts);
  void require_at_most(Sum sum);
  std::vector<bool> options_of(const WeightedCut& cut) const;
  Units least_gate(int i, int j, int from) const;

  const Spec& spec_;
  int n_;
  int top_;
  Clauses clauses_;
  std::vector<int> next_explored_;  ///< by level: the level itself or the next that is explored
  std::vector<Level> lower_;        ///< by pair: what the statements leave
  std::vector<Level> upper_;
  std::vector<Level> joined_;                ///< by pair: the highest level that Z3 will find
  std::vector<std::vector<Literal>> apart_;  ///< [pair][level]; empty: nothing is said about it
  std::set<std::array<int, 4>> triangles_;   ///< those that Z3 knows
  std::vector<std::vector<Literal>> has_;
  std::vector<std::vector<Literal>> is_;
  std::vector<std::vector<int>> free_;        ///< by component: hardenings open to choice
  std::vector<std::vector<Option>> options_;  ///< by component: what the statements leave
  std::map<std::array<int, 2>, Literal> opens_;
  std::map<std::array<int, 3>, Literal> behavior_;
  std::map<std::pair<int, FunctionRef>, Literal> calls_function_;
  std::map<std::pair<int, std::vector<bool>>, Literal> takes_;

  bool priced_ = false;                   ///< costs are known, and their sums fit
  int cost_scale_ = 0;                    ///< a unit is 10^-cost_scale_ cycles
  std::vector<std::vector<Units>> gate_;  ///< [pair][level]
  std::optional<Units> most_cost_;
};

}  // namespace flexos
