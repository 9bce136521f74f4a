#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "problem.h"

namespace flexos::bench {

struct Outcome {
  enum class Status {
    optimal,     ///< an optimum, proved
    infeasible,  ///< proved that there is none
    timeout,     ///< no proof in time
    unsuitable,  ///< the peer cannot express this instance (numbers too large)
    failed,      ///< it crashed, or its answer broke the problem: a bug in the peer or in its model
  };
  Status status = Status::failed;
  std::int64_t cost = 0;  ///< of the optimum, or of the best found before the time limit
  bool found = false;     ///< `cost` and `assignment` hold
  Assignment assignment;
  double seconds = 0;  ///< wall clock of the peer's own programs
  long peak_kib = 0;
  std::string note;
};

/// A solver from Debian with a model of our problem written for it.
class Peer {
 public:
  virtual ~Peer() = default;
  virtual std::string name() const = 0;
  /// The Debian packages it stands on: their versions go into the report.
  virtual std::vector<std::string> packages() const = 0;
  /// Solves exactly what `problem` says, limits included.
  virtual Outcome solve(const Problem& problem, double time_limit) const = 0;
};

std::unique_ptr<Peer> make_toulbar2();
std::unique_ptr<Peer> make_asp();
std::unique_ptr<Peer> make_mip();
std::unique_ptr<Peer> make_minizinc();
/// `self`: this program, which is started again as a worker so that the limit can kill it.
std::unique_ptr<Peer> make_z3(std::string self, std::string spec_file);

/// Z3's half that runs in the worker; prints cost, rungs and choices. Returns the exit code.
int run_z3_worker(const Problem& problem);

/// How many points cost at most `bound` (counting stops at `most`), by enumeration with clasp: the
/// only peer that has the question of the N cheapest in any form, and it must be given the bound.
struct Count {
  int models = -1;
  bool complete = false;
  double seconds = 0;
};
Count count_within(const Problem& problem, std::int64_t bound, int most, double time_limit);

/// As an expert would run any of them: first without the limits that seldom bind (keys, VMs) and
/// the rungs that nobody asks for, and only where the optimum breaks a limit once more with it. The
/// optimum found is checked against `problem`; time is summed.
Outcome solve_lazily(const Peer& peer, const Problem& problem, double time_limit);

}  // namespace flexos::bench
