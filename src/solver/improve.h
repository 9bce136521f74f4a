#pragma once

#include <optional>

#include "solver/instance.h"
#include "solver/search.h"

namespace flexos {

/// Local search from an admissible solution: moves classes of components to other places of the
/// nesting while that is cheaper. Deterministic. The result is admissible.
Solution improve(const Instance& instance, const Solution& start, const Deadline& deadline);

/// `improve`, then `kicks` rounds of seeded disturbance and improvement.
Solution improve_repeatedly(const Instance& instance, const Solution& start, int kicks,
                            const Deadline& deadline);

}  // namespace flexos
