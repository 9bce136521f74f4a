#pragma once

#include <cstdint>
#include <vector>

#include "bench/measure.h"

/// What a handful of noisy numbers says. All of it is deterministic: what is drawn, is drawn from a
/// seed.
namespace flexos {

/// A small generator whose numbers are the same everywhere (splitmix64).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  /// Evenly in [0, below).
  std::size_t below(std::size_t below);

 private:
  std::uint64_t state_;
};

/// The same order everywhere for the same seed.
template <typename T>
void shuffle(std::vector<T>& list, Random& random) {
  for (std::size_t i = list.size(); i > 1; --i) std::swap(list[i - 1], list[random.below(i)]);
}

/// Of an even number the mean of the two in the middle; 0 of none.
double median(std::vector<double> values);

/// The median with its 95 % bootstrap interval (expanded percentiles: as wide as few values need).
/// Of paired ratios it takes the ratios: what makes both of a pair slow does not move them.
Interval bootstrap_median(const std::vector<double>& values, std::uint64_t seed,
                          int resamples = 2000);

/// Which lie further than 3.5 scaled median absolute deviations from the median. Where most values
/// are equal, the mean absolute deviation takes its place.
std::vector<bool> outliers(const std::vector<double>& values);

/// Did the values go up or down with time? Kendall's rank test against their order, which neither
/// believes in a distribution nor is moved by an outlier; Theil and Sen's slope for how much.
struct Drift {
  double p = 1;        ///< chance of an order at least as telling without any drift
  double change = 0;   ///< from first to last, as a part of the median
  bool found = false;  ///< p < 0.01, and more than half a per cent
};
Drift find_drift(const std::vector<double>& values);

/// Spearman's rank correlation; ties share their mean rank. 0 of fewer than two.
double spearman(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace flexos
