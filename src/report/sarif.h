#pragma once

#include <string>
#include <vector>

#include "report/json.h"
#include "spec/diagnostic.h"

namespace flexos {

/// Findings about specs as SARIF 2.1.0, which code-review tools show beside the lines they are
/// about. Notes become related locations of the finding that they follow.
Json to_sarif(const std::vector<Diagnostic>& diagnostics, const std::string& version);

}  // namespace flexos
