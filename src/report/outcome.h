#pragma once

#include <string>

#include "report/data.h"
#include "report/table.h"

namespace flexos {

/// What an exploration found, for a person: predicted beside measured, a star at the safest that
/// one can afford.
std::string draw_outcome(const Exploration& exploration, const Style& style);

/// "1.5632x"; "-" where nobody knows.
std::string slowdown_text(double slowdown);
/// "1.6120x", with the interval where the clock has one; "hang" and the like for a failure; "-".
std::string measured_text(const Exploration& exploration, const Exploration::Entry& entry);

}  // namespace flexos
