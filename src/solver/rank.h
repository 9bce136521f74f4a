#pragma once

#include "solver/answer.h"

namespace flexos {

struct RankRequest : Ask {
  int top = 10;
  bool distinct = false;  ///< one a layout, without those dominated in cost and safety
  Objective objective = Objective::fastest;
};

struct Ranking {
  std::optional<std::string> error;  ///< the spec cannot be searched (numbers too precise...)
  std::vector<Configuration> configurations;  ///< best first
  bool optimal = false;                       ///< proven to be the top N
  bool exhausted = false;                     ///< there are no other admissible configurations
  bool feasible = false;                      ///< false with `optimal`: proven infeasible
  Certificate certificate;
  SearchStats stats;
};

/// The top N in cost order (fastest) or safety-score order (safest; ties: cheaper first).
/// A spec without profile can only be ranked `safest`.
Ranking rank(const Spec& spec, const RankRequest& request);

}  // namespace flexos
