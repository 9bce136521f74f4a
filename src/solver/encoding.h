#pragma once

#include <z3++.h>

#include <optional>
#include <vector>

#include "model/configuration.h"

/// The constraint encoding: what admissible means, for Z3.
///
/// Booleans only (integer encodings returned false optima with Z3 4.8.12):
///   apart[p][l]   level(p) >= l, monotone in l, triangles for every l: an ultrametric
///   option[i][o]  component i is built as option o (variant, hardening set), exactly one
///   has[i][h], is[i][v]   hardening h, variant v are in that option
/// Behaviour after hardening is a formula over has/is; what does not fit implies apart[p][1].
/// The encoding reads the statements themselves, not the search's tables: a slip in those is a
/// disagreement here.
namespace flexos {

class Encoding {
 public:
  /// `triangles`: assert them all; otherwise the caller adds what a model violates.
  Encoding(z3::context& context, const Spec& spec, bool triangles);

  z3::solver& solver() { return solver_; }

  /// Asserts that the cost is less than that of `c`, in exact terms where the sums fit Z3's
  /// pseudo-Boolean coefficients (int), else in terms rounded so that nothing cheaper is lost;
  /// false: rounded.
  bool require_cheaper_than(const Configuration& c);

  /// Asserts the slowdown budget of the spec, rounded as above.
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

  /// Has Z3 refute that any of the lemmas fails, adding the triangles that it takes. False: Z3
  /// does not prove them all.
  bool prove(const std::vector<WeightedCut>& cuts);

  /// Asserts what "cheaper than c" and the cuts imply by adding the cuts, weighted, to the cost:
  ///   sum of (cost - weights) * x  <=  cost(c) - 1 unit - sum of weights.
  /// Exact; where the bound is tight its right side is small, which is what makes Z3 quick.
  void require_weighted_cheaper(const Configuration& c, const std::vector<WeightedCut>& cuts,
                                int scale);

  void forbid(const Configuration& c);

  /// Asserts that the configuration has at most `count` compartments.
  void require_compartments_at_most(int count);

  /// Asserts that some coordinate is safer than in `c`: not (x <= c in the safety order).
  void require_not_below(const Configuration& c);

  Configuration read(const z3::model& model) const;

  /// Adds the triangles that `c` violates; 0 = it is an ultrametric.
  int add_violated_triangles(const Configuration& c);

  z3::expr apart(int i, int j, int level) const;

 private:
  struct Option {
    std::uint8_t variant;
    std::uint64_t hardening;
    Decimal cost;
  };
  using Term = std::pair<z3::expr, Decimal>;

  void levels();
  void triangle(int i, int j, int k, int level);
  void options();
  void statements();
  void compatibility();
  void limits();
  z3::expr joins_badly(int a, int b);
  z3::expr reads_any(int i, bool writes);
  z3::expr touches_shared(int i, bool writes);
  z3::expr calls_any(int i);
  z3::expr calls_function(int i, const FunctionRef& f);
  z3::expr opens(int i, int level);
  std::vector<Term> cost_terms() const;
  int option_index(int i, std::uint8_t variant, std::uint64_t hardening) const;
  bool require_sum_at_most(const std::vector<Term>& terms, const Decimal& bound, bool strict);
  bool require_units_at_most(const std::vector<std::pair<z3::expr, __int128>>& terms,
                             __int128 limit);
  void add_triangles_along(const WeightedCut& cut);
  /// A literal that holds where more than one way of the cut is paid for.
  z3::expr surplus(const WeightedCut& cut);
  z3::expr helper(const char* name);
  Decimal cost(const Configuration& c) const;

  z3::context& context_;
  const Spec& spec_;
  int n_;
  int top_;
  z3::solver solver_;
  std::vector<std::vector<z3::expr>> apart_;  ///< [pair][level - 1]
  std::vector<std::vector<Option>> options_;
  std::vector<std::vector<z3::expr>> option_;
  std::vector<std::vector<z3::expr>> has_;
  std::vector<std::vector<z3::expr>> is_;
  int helpers_ = 0;  ///< numbers their names
};

}  // namespace flexos
