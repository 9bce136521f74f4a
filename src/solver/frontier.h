#pragma once

#include "solver/answer.h"

namespace flexos {

struct Frontier {
  std::optional<std::string> error;
  std::vector<Configuration> points;  ///< by rising cost (and rising score), one a (cost, score)
  bool complete = false;
  Certificate certificate;
};

/// Every non-dominated (cost, safety score) of the admissible configurations.
Frontier frontier(const Spec& spec, const Ask& request);

}  // namespace flexos
