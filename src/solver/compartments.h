#pragma once

#include "solver/answer.h"

namespace flexos {

struct Compartments {
  std::optional<std::string> error;
  bool feasible = false;
  bool optimal = false;
  int minimum = 0;
  std::vector<int> clique;  ///< components of which no two can share a compartment; a proof where
                            ///< it has `minimum` members
  Configuration witness;    ///< an admissible configuration with `minimum` compartments
  Certificate certificate;
};

/// The fewest compartments (classes of level none) of any admissible configuration.
Compartments fewest_compartments(const Spec& spec, const Ask& request);

}  // namespace flexos
