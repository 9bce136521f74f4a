#pragma once

#include <vector>

#include "bench/search_space.h"

namespace flexos {

/// `count` candidates whose measurements together say most about what the choices cost: greedily
/// those that increase most the determinant of the information matrix
///
///     det(I + ratio^2 X X^T),  X = the chosen candidates' features, with a constant.
///
/// `first` is among them where it is not negative. Ties go to the lower number, so the answer is
/// the same everywhere. `ratio`: how much more the costs of choices vary than measurements do.
std::vector<int> d_optimal(const SearchSpace& space, int count, int first = -1, double ratio = 20);

/// The logarithm of that determinant.
double log_information(const SearchSpace& space, const std::vector<int>& chosen, double ratio = 20);

}  // namespace flexos
