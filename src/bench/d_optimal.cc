#include "bench/d_optimal.h"

#include <algorithm>

#include "bench/cholesky.h"

// Why the determinant: the volume of the ellipsoid in which the costs of choices still can lie is
// inverse to its root. Greedy is within a factor of 1 - 1/e of the best logarithm (it is monotone
// and submodular), and the gain of one more candidate is its own row of the Cholesky factor: no
// determinant is ever computed.

namespace flexos {

namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

double product(const SearchSpace& space, int a, int b, double ratio) {
  double sum = 1;  // the constant: the time of what makes no choice
  for (std::size_t k = 0; k < space.features[at(a)].size(); ++k) {
    sum += space.features[at(a)][k] * space.features[at(b)][k];
  }
  return ratio * ratio * sum;
}

std::vector<double> row_of(const SearchSpace& space, const std::vector<int>& chosen, int next,
                           double ratio) {
  std::vector<double> row;
  for (const int c : chosen) row.push_back(product(space, next, c, ratio));
  return row;
}

}  // namespace

std::vector<int> d_optimal(const SearchSpace& space, int count, int first, double ratio) {
  std::vector<int> chosen;
  Cholesky information;
  const auto take = [&](int c) {
    std::vector<double> row = row_of(space, chosen, c, ratio);
    row.push_back(1 + product(space, c, c, ratio));
    information.append(row);
    chosen.push_back(c);
  };
  if (first >= 0 && first < space.size) take(first);
  while (static_cast<int>(chosen.size()) < std::min(count, space.size)) {
    int best = -1;
    double most = 0;
    for (int c = 0; c < space.size; ++c) {
      if (std::find(chosen.begin(), chosen.end(), c) != chosen.end()) continue;
      double gain = 1 + product(space, c, c, ratio);
      for (const double x : information.forward(row_of(space, chosen, c, ratio))) gain -= x * x;
      // Two candidates that are alike up to rounding are alike.
      if (best < 0 || gain > most * (1 + 1e-9)) {
        best = c;
        most = gain;
      }
    }
    take(best);
  }
  return chosen;
}

double log_information(const SearchSpace& space, const std::vector<int>& chosen, double ratio) {
  Cholesky information;
  std::vector<int> before;
  for (const int c : chosen) {
    std::vector<double> row = row_of(space, before, c, ratio);
    row.push_back(1 + product(space, c, c, ratio));
    information.append(row);
    before.push_back(c);
  }
  return information.log_determinant();
}

}  // namespace flexos
