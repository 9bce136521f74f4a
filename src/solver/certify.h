#pragma once

#include <memory>
#include <vector>

#include "solver/answer.h"
#include "solver/relaxation.h"

namespace flexos {

enum class Refutation {
  confirmed,  ///< Z3: there is nothing better that is not listed
  refuted,    ///< Z3 found something better: search and encoding disagree, a defect
  undecided,  ///< out of time or effort
};

struct RefutationResult {
  Refutation verdict = Refutation::undecided;
  Configuration counterexample;  ///< where refuted
};

/// Why the search thinks that nothing is cheaper. Only advice: Z3 proves what it uses of it.
struct Advice {
  const Instance& instance;
  const DualBound& dual;
};

/// Z3's second opinion on an answer. What does not depend on the answer (Z3's own start, the
/// encoding) is prepared on another thread from construction on, beside the search.
class Certifier {
 public:
  /// `spec` must outlive it.
  Certifier(const Spec& spec, const Deadline& deadline);
  ~Certifier();
  Certifier(const Certifier&) = delete;
  Certifier& operator=(const Certifier&) = delete;

  /// Asks Z3, once, for an admissible configuration that is not among `listed` and, unless
  /// `listed` is said to be everything (`all`), cheaper than the dearest of them.
  RefutationResult refute_cheaper(const std::vector<Configuration>& listed, bool all,
                                  const Advice* advice);

  /// Leaves what was built to the end of the process: to take it down costs as much as a small
  /// answer. Not to be asked again.
  void leave_standing();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Asks Z3 for any admissible configuration.
RefutationResult refute_admissible(const Spec& spec, const Deadline& deadline);

}  // namespace flexos
