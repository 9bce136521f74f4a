#pragma once

#include <vector>

#include "solver/weighted_bounds.h"

namespace flexos {

/// What the pairs of components that are not placed yet add at least, as they too must nest: by
/// number of those placed (the first of `order`) and weighting, above what they add each for
/// itself. Nothing is said where there are too many, or where they cannot nest.
///
/// Dynamic programming over subsets: a set nests within a rung if it falls into classes that nest
/// within the rung below, and are apart at this one.
std::vector<std::vector<Units>> nesting_surplus(const WeightedBounds& bounds,
                                                const std::vector<int>& order,
                                                const std::vector<Level>& levels,
                                                const Box& ranges);

}  // namespace flexos
