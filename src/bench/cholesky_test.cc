#include "bench/cholesky.h"

#include <gtest/gtest.h>

#include <cmath>

namespace flexos {
namespace {

TEST(Cholesky, SolvesAndKnowsTheDeterminant) {
  SquareMatrix a(3);
  const double cells[3][3] = {{4, 2, 1}, {2, 5, 3}, {1, 3, 6}};
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) a(i, j) = cells[i][j];
  }
  const Cholesky chol(a);
  EXPECT_NEAR(std::exp(chol.log_determinant()), 67, 1e-9);
  const std::vector<double> x = chol.solve({1, 2, 3});
  for (int i = 0; i < 3; ++i) {
    double sum = 0;
    for (int j = 0; j < 3; ++j) sum += a(i, j) * x[static_cast<std::size_t>(j)];
    EXPECT_NEAR(sum, i + 1, 1e-12);
  }
}

TEST(Cholesky, RefusesWhatIsNotPositiveDefinite) {
  Cholesky chol;
  EXPECT_TRUE(chol.append({1}));
  EXPECT_FALSE(chol.append({1, 1}));
  EXPECT_EQ(chol.size(), 1);
  EXPECT_TRUE(chol.append({1, 1.5}));
  EXPECT_EQ(chol.size(), 2);
}

}  // namespace
}  // namespace flexos
