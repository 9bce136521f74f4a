#pragma once

#include <vector>

namespace flexos {

/// A dense square matrix, row by row. Small ones: as many rows as there are measurements.
class SquareMatrix {
 public:
  explicit SquareMatrix(int n) : n_(n), cells_(static_cast<std::size_t>(n) * at(n)) {}
  int size() const { return n_; }
  double& operator()(int i, int j) { return cells_[at(i) * at(n_) + at(j)]; }
  double operator()(int i, int j) const { return cells_[at(i) * at(n_) + at(j)]; }

 private:
  static std::size_t at(int i) { return static_cast<std::size_t>(i); }
  int n_;
  std::vector<double> cells_;
};

/// A symmetric positive definite matrix A as L L^T, one row at a time: a measurement adds a row
/// and leaves what was factored before as it is.
class Cholesky {
 public:
  Cholesky() = default;
  explicit Cholesky(const SquareMatrix& a);

  /// One more row and column of A: `row` holds its entries up to and with the diagonal. False where
  /// A would not be positive definite; then nothing has changed.
  bool append(const std::vector<double>& row);

  int size() const { return static_cast<int>(rows_.size()); }
  double log_determinant() const;                                   ///< of A
  std::vector<double> forward(const std::vector<double>& b) const;  ///< L^-1 b
  std::vector<double> solve(const std::vector<double>& b) const;    ///< A^-1 b

 private:
  std::vector<std::vector<double>> rows_;  ///< of L, without the zeros
};

}  // namespace flexos
