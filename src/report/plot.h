#pragma once

#include <string>

#include "report/json.h"
#include "report/table.h"

namespace flexos {

/// The report's frontier for a terminal, measured beside predicted, the budget as a line; empty
/// where there are fewer than two points to draw.
std::string draw_frontier(const Json& data, const Style& style);

}  // namespace flexos
