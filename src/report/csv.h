#pragma once

#include <string>

#include "report/json.h"

namespace flexos {

/// The report's data as rows for a spreadsheet and for `safest --measured`: `compartments`
/// (`a+b|c`), `hardening` (`a:cfi+asan;b:ubsan`), then one column a metric that every row has; a
/// row's id stands in a comment above it. Where anything was measured, rows are what was measured,
/// and the rest stands below in comments.
std::string report_csv(const Json& data);

}  // namespace flexos
