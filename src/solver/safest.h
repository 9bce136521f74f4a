#pragma once

#include "solver/answer.h"

namespace flexos {

struct SafestRequest : Ask {
  std::optional<Decimal> slowdown;  ///< replaces the spec's budget
  int limit = 100;                  ///< most elements to report; fewer known = complete
};

struct Safest {
  std::optional<std::string> error;
  std::vector<Configuration> maximal;  ///< by falling score
  bool complete = false;               ///< there are no other maximal elements
  bool exact = false;                  ///< those there may be have no better scores
  bool unfinished = false;  ///< time ended the climb to the only one: it may not be maximal
  Certificate certificate;
};

/// The maximal elements of the safety order among the admissible configurations.
Safest safest(const Spec& spec, const SafestRequest& request);

}  // namespace flexos
