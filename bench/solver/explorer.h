#pragma once

#include <optional>
#include <string>
#include <vector>

#include "problem.h"

/// Our own tool, run as a user runs it: as a process, its JSON read back.
namespace flexos::bench {

struct ExplorerRun {
  bool answered = false;  ///< exit code and JSON as the question wants them
  bool timed_out = false;
  double seconds = 0;  ///< the whole process, start-up and reading included
  long peak_kib = 0;
  std::vector<std::optional<Assignment>> points;  ///< in the tool's order; nullopt: unreadable
  std::vector<double> costs;                      ///< cost_cycles of each
  std::string proof;                              ///< z3, bound or gap
  double gap = 0;                                 ///< of the time per operation
  bool complete = false;                          ///< "optimal" or "complete"
  int statements = 0;                             ///< of a contradiction
  std::string note;
};

/// Runs `tool` with `arguments` and --format json. `problem` (all choices kept) is what points are
/// read into; may be null.
ExplorerRun run_explorer(const std::string& tool, const std::vector<std::string>& arguments,
                         const Spec& spec, const Problem* problem, double time_limit);

}  // namespace flexos::bench
