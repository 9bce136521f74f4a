#pragma once

#include <optional>

#include "solver/instance.h"
#include "solver/search.h"

namespace flexos {

/// Local search from an admissible solution: moves classes of components to other places of the
/// nesting while that is cheaper. Deterministic. The result is admissible.
Solution improve(const Instance& instance, const Solution& start, const Deadline& deadline);

/// `improve`, then up to `kicks` rounds of seeded disturbance and improvement, until `target`.
Solution improve_repeatedly(const Instance& instance, const Solution& start, int kicks,
                            Units target, const Deadline& deadline);

}  // namespace flexos
