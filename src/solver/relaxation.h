#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "solver/deadline.h"
#include "solver/domain.h"

/// Lower bounds on cost, from linear programming, made exact.
///
/// The problem. Split pair p's level into booleans x(p,l) = [level(p) >= l]; with monotone gate
/// costs the cost is a sum of increments. Where two components must be apart at rung l (an
/// isolation statement, incompatible behaviour, a decision of the search), every path of calls
/// between them must be cut at l somewhere:
///
///     sum of x(e,l) over the path's edges >= 1             (hard)
///     sum of x(e,1) + sum of y(u,c), c compatible >= 1      (or u is hardened: option class c)
///
/// That is a multicut over the sparse call graph instead of n^3 triangles over all pairs; the
/// paths are found when an LP solution violates them (shortest paths). Ignored: keys, VMs, memory.
///
/// Exactness. Clp works in floating point; what it says is used only as advice. Its dual
/// multipliers, rounded down to integers, weigh the rows, and
///
///     cost >= constant + sum pi*b + sum over columns of min(rc*x) + sum pi*surplus
///
/// holds for any pi >= 0 in exact integer arithmetic. A `DualBound` re-evaluates that for any
/// smaller domain in microseconds, which is what search does between two LPs.
namespace flexos {

/// Weights that certify a lower bound, in exact units.
class DualBound {
 public:
  struct Column {
    int i;
    int j;
    Rung rung;
    Units reduced;
  };
  struct Term {
    int i;  ///< component, or the component whose classes count
    int j;  ///< other component; -1: classes of i
    Rung rung;
    std::int8_t sign;
    ClassMask classes;
  };
  struct Row {
    Units weight;
    int at_least;
    std::vector<Term> terms;
  };

  /// A lower bound on the cost of everything in `domain`.
  Units bound(const Domain& domain) const;

  /// Removes from `domain` what would cost at least `cutoff`. False: nothing is left.
  bool filter(Domain& domain, Units cutoff) const;

  Units constant = 0;
  std::vector<Column> columns;
  std::vector<std::vector<Units>> option_cost;  ///< [component][class], reduced
  std::vector<Row> rows;
};

/// An LP solution as advice for branching and rounding.
struct LpPoint {
  struct Value {
    int i;
    int j;
    Rung rung;
    double x;
    double weight;  ///< cost increment
  };
  std::vector<Value> values;
};

class Relaxation {
 public:
  explicit Relaxation(const Instance& instance);
  ~Relaxation();
  Relaxation(const Relaxation&) = delete;
  Relaxation& operator=(const Relaxation&) = delete;

  struct Answer {
    bool infeasible = false;
    DualBound dual;
    LpPoint point;
  };
  /// Bounds the cost over `domain`. `rounds` limits the separation; `stop_at`: good enough
  /// (prunes).
  Answer solve(const Domain& domain, int rounds, std::optional<Units> stop_at,
               const Deadline& deadline);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace flexos
