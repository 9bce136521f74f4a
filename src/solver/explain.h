#pragma once

#include "solver/answer.h"

namespace flexos {

struct Explanation {
  std::optional<std::string> error;
  bool feasible = true;
  bool decided = true;        ///< false: the deadline passed first
  std::vector<int> conflict;  ///< indices into Spec::statements: a minimal contradicting set
  /// Minimal ways out: dropping all statements of one of them makes the spec feasible.
  std::vector<std::vector<int>> corrections;
  Certificate certificate;
};

/// Why a spec has no admissible configuration.
Explanation explain(const Spec& spec, const Ask& request);

/// `spec` as if the user had not written these statements.
Spec without_statements(const Spec& spec, const std::vector<int>& dropped);

}  // namespace flexos
