#include "peer.h"

namespace flexos::bench {

Outcome solve_lazily(const Peer& peer, const Problem& problem, double time_limit) {
  bool keys = false;
  bool vms = false;
  double seconds = 0;
  long peak = 0;
  while (true) {
    const Problem relaxed = relax(problem, keys, vms);
    Outcome outcome = peer.solve(relaxed, time_limit - seconds);
    seconds += outcome.seconds;
    outcome.seconds = seconds;
    outcome.peak_kib = peak = std::max(peak, outcome.peak_kib);
    if (!outcome.found) return outcome;
    outcome.assignment = lift(problem, relaxed, outcome.assignment);
    const Check verdict = check(problem, outcome.assignment);
    if (!verdict.levels || verdict.cost != outcome.cost) {
      outcome.status = Outcome::Status::failed;
      outcome.note = verdict.levels ? "claims a cost of " + std::to_string(outcome.cost) +
                                          " for a point that costs " + std::to_string(verdict.cost)
                                    : "its point breaks a constraint";
      return outcome;
    }
    if (verdict.keys && verdict.vms) return outcome;
    if ((!verdict.keys && keys) || (!verdict.vms && vms)) {
      outcome.status = Outcome::Status::failed;
      outcome.note = "its point breaks a limit";
      return outcome;
    }
    if (outcome.status != Outcome::Status::optimal) {
      outcome.found = false;
      return outcome;
    }
    keys = keys || !verdict.keys;
    vms = vms || !verdict.vms;
  }
}

}  // namespace flexos::bench
