#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/configuration.h"

/// What every peer is given: the spec in numbers. Derived from src/model alone, sharing no code
/// with our solver, so that agreement between the two means something.
namespace flexos::bench {

/// One way to build a component that the statements allow.
struct Choice {
  int variant = 0;
  std::uint64_t hardening = 0;
  std::int64_t cost = 0;
  std::vector<bool> joins;  ///< by component j: j puts up with this one in its compartment
};

/// The problem: a rung (index into `levels`) for each pair, ultrametric, between `lower` and
/// `upper`; a choice for each component; rung 0 between i and j only if either joins the other.
/// Minimise sum of step costs and choice costs.
struct Problem {
  int n = 0;
  std::vector<Level> levels;  ///< rung -> Spec level, ascending; [0] is `none`
  std::vector<int> lower;     ///< by pair_index
  std::vector<int> upper;
  std::vector<std::vector<std::int64_t>> cost;  ///< [pair][rung]
  std::vector<std::vector<Choice>> choices;     ///< by component; none of them dominated
  int space_rungs = 0;                          ///< rungs below it lie within one address space
  int vm_rungs = 0;                             ///< rungs below it lie within one VM
  std::optional<int> keys;  ///< compartments in an address space, where enforced
  std::optional<int> vms;
  std::optional<std::int64_t> budget;  ///< largest cost that the slowdown budget admits
  double unit = 1;                     ///< cycles an operation that a cost of 1 stands for

  int rungs() const { return static_cast<int>(levels.size()); }
  int pairs() const { return pair_count(n); }
};

/// A point of the problem.
struct Assignment {
  std::vector<int> rungs;    ///< by pair_index
  std::vector<int> choices;  ///< by component
};

struct Built {
  std::optional<Problem> problem;
  std::string error;  ///< why the spec does not fit (a memory budget, numbers beyond 62 bits)
};

/// Reads the spec's statements. With `keep_dominated` choices that cost no less and join no more
/// than another stay: for questions beyond the optimum.
Built build_problem(const Spec& spec, bool keep_dominated);

/// The same problem with the limits of keys and VMs left out unless asked for, and without the
/// rungs that no optimum then needs. A relaxation with the same optimum if its optimum keeps the
/// limits.
///
/// Rung m is not needed where gates grow with the rungs and no statement asks for exactly m: taking
/// m-1 everywhere instead of m satisfies the same statements and costs no more. Only the lowest
/// rung that parts address spaces must stay while keys count.
Problem relax(const Problem& problem, bool with_keys, bool with_vms);

/// Maps a point of a relaxed problem back to `problem`, by spec level.
Assignment lift(const Problem& problem, const Problem& relaxed, const Assignment& assignment);

/// Everything a point breaks, and what it costs.
struct Check {
  bool levels = true;  ///< ultrametric, bounds, joins
  bool keys = true;
  bool vms = true;
  std::int64_t cost = 0;
};
Check check(const Problem& problem, const Assignment& assignment);

Configuration to_configuration(const Spec& spec, const Problem& problem,
                               const Assignment& assignment);

/// The problem with every cost divided, rounded down or up.
Problem coarsen(const Problem& problem, std::int64_t divisor, bool up);

/// The sum of the largest costs: no point costs more.
std::int64_t worst_cost(const Problem& problem);

/// True where rung m-1 never costs more than rung m.
bool gates_grow(const Problem& problem);

}  // namespace flexos::bench
