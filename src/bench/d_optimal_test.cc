#include "bench/d_optimal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "bench/test_dataset.h"

namespace flexos {
namespace {

/// Candidates that make the choices in the bits of their number.
SearchSpace cube(int bits) {
  SearchSpace space;
  space.size = 1 << bits;
  space.safer.assign(static_cast<std::size_t>(space.size),
                     std::vector<char>(static_cast<std::size_t>(space.size), 0));
  for (int c = 0; c < space.size; ++c) {
    std::vector<double> row;
    for (int k = 0; k < bits; ++k) row.push_back(c >> k & 1);
    space.features.push_back(row);
    for (int a = 0; a < space.size; ++a) {
      space.safer[static_cast<std::size_t>(c)][static_cast<std::size_t>(a)] =
          a != c && (a & c) == a ? 1 : 0;
    }
  }
  return space;
}

/// det(I + ratio^2 X X^T) by Gaussian elimination on the matrix itself.
double plain_information(const SearchSpace& space, const std::vector<int>& chosen, double ratio) {
  const std::size_t n = chosen.size();
  std::vector<std::vector<double>> m(n, std::vector<double>(n));
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      double sum = 1;
      for (std::size_t k = 0; k < space.features[0].size(); ++k) {
        sum += space.features[static_cast<std::size_t>(chosen[i])][k] *
               space.features[static_cast<std::size_t>(chosen[j])][k];
      }
      m[i][j] = ratio * ratio * sum + (i == j ? 1 : 0);
    }
  }
  double log = 0;
  for (std::size_t i = 0; i < n; ++i) {
    log += std::log(m[i][i]);
    for (std::size_t r = i + 1; r < n; ++r) {
      const double by = m[r][i] / m[i][i];
      for (std::size_t c = i; c < n; ++c) m[r][c] -= by * m[i][c];
    }
  }
  return log;
}

TEST(DOptimal, DeterminantIsThatOfTheMatrix) {
  const SearchSpace space = cube(4);
  for (const auto& chosen : std::vector<std::vector<int>>{{0}, {0, 15}, {1, 2, 4, 8}, {3, 3, 5}}) {
    EXPECT_NEAR(log_information(space, chosen, 3), plain_information(space, chosen, 3), 1e-9);
  }
}

TEST(DOptimal, EveryStepIsTheBestOne) {
  const SearchSpace space = cube(4);
  const std::vector<int> chosen = d_optimal(space, 7, 0);
  ASSERT_EQ(chosen.size(), 7U);
  for (std::size_t i = 1; i < chosen.size(); ++i) {
    std::vector<int> step(chosen.begin(), chosen.begin() + static_cast<std::ptrdiff_t>(i));
    step.push_back(chosen[i]);
    const double taken = plain_information(space, step, 20);
    for (int c = 0; c < space.size; ++c) {
      if (std::find(step.begin(), step.end() - 1, c) != step.end() - 1) continue;
      step.back() = c;
      EXPECT_LE(plain_information(space, step, 20), taken + 1e-6);
    }
  }
}

TEST(DOptimal, NearTheBestOfAllSetsOnASmallCase) {
  const SearchSpace space = cube(3);
  double best = 0;
  for (int set = 0; set < 1 << space.size; ++set) {
    std::vector<int> chosen;
    for (int c = 0; c < space.size; ++c) {
      if (set >> c & 1) chosen.push_back(c);
    }
    if (chosen.size() == 4) best = std::max(best, plain_information(space, chosen, 20));
  }
  const double greedy = plain_information(space, d_optimal(space, 4), 20);
  EXPECT_LE(greedy, best + 1e-9);
  EXPECT_GE(greedy, (1 - std::exp(-1.0)) * best);
}

TEST(DOptimal, NeverTwiceAndNoMoreThanThereAre) {
  const SearchSpace space = cube(2);
  std::vector<int> all = d_optimal(space, 100, 3);
  EXPECT_EQ(all.front(), 3);
  std::sort(all.begin(), all.end());
  EXPECT_EQ(all, (std::vector<int>{0, 1, 2, 3}));
}

}  // namespace
}  // namespace flexos
