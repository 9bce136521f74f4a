#pragma once

#include <vector>

#include "solver/answer.h"

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

/// Asks Z3 for an admissible configuration that is not among `listed` and, unless `listed` is said
/// to be everything (`all`), cheaper than the dearest of them.
RefutationResult refute_cheaper(const Spec& spec, const std::vector<Configuration>& listed,
                                bool all, const Deadline& deadline);

/// Asks Z3 for any admissible configuration.
RefutationResult refute_admissible(const Spec& spec, const Deadline& deadline);

}  // namespace flexos
