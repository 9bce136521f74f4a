#pragma once

#include <string>
#include <vector>

#include "model/configuration.h"

namespace flexos {

/// A reason why a configuration is not admissible.
struct Violation {
  std::string message;
  Origin origin;  ///< the statement or requirement it violates; line 0 where there is none
};

/// What a configuration costs and how safe it is, as an exact evaluation sees it.
struct Evaluation {
  bool admissible = false;
  std::vector<Violation> violations;
  std::string cost_exact;           ///< cycles an operation, exact decimal; empty without profile
  double cost_cycles = 0;           ///< cycles an operation
  double slowdown = 0;              ///< (base + cost) / base
  double relative_performance = 0;  ///< base / (base + cost)
  double residual_risk = 0;         ///< 0..1
  double safety_score = 0;          ///< 1 - residual_risk
  std::int64_t memory = 0;          ///< bytes, an estimate
  int compartments = 0;             ///< classes of level none
};

}  // namespace flexos
