#include "bench/cholesky.h"

#include <cmath>

namespace flexos {

Cholesky::Cholesky(const SquareMatrix& a) {
  for (int i = 0; i < a.size(); ++i) {
    std::vector<double> row;
    for (int j = 0; j <= i; ++j) row.push_back(a(i, j));
    if (!append(row)) return;
  }
}

bool Cholesky::append(const std::vector<double>& row) {
  const std::size_t n = rows_.size();
  std::vector<double> next(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(n));
  double rest = row[n];
  for (std::size_t j = 0; j < n; ++j) {
    for (std::size_t k = 0; k < j; ++k) next[j] -= next[k] * rows_[j][k];
    next[j] /= rows_[j][j];
    rest -= next[j] * next[j];
  }
  if (!(rest > 0)) return false;
  next.push_back(std::sqrt(rest));
  rows_.push_back(std::move(next));
  return true;
}

double Cholesky::log_determinant() const {
  double sum = 0;
  for (const auto& row : rows_) sum += std::log(row.back());
  return 2 * sum;
}

std::vector<double> Cholesky::forward(const std::vector<double>& b) const {
  std::vector<double> x(b);
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) x[i] -= rows_[i][k] * x[k];
    x[i] /= rows_[i][i];
  }
  return x;
}

std::vector<double> Cholesky::solve(const std::vector<double>& b) const {
  std::vector<double> x = forward(b);
  for (std::size_t i = rows_.size(); i-- > 0;) {
    for (std::size_t k = i + 1; k < rows_.size(); ++k) x[i] -= rows_[k][i] * x[k];
    x[i] /= rows_[i][i];
  }
  return x;
}

}  // namespace flexos
