#include "bench/statistics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace flexos {

namespace {

/// The median of a list that may be reordered.
double median_of(std::vector<double>& values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

/// Kendall's S: pairs in rising order less pairs in falling order.
double kendall_s(const std::vector<double>& values) {
  double s = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (std::size_t j = i + 1; j < values.size(); ++j) {
      s += values[j] > values[i] ? 1 : values[j] < values[i] ? -1 : 0;
    }
  }
  return s;
}

/// Two-sided chance of |S| >= s among all orders of n different values: permutations by their
/// number of inversions, counted exactly.
double exact_p(std::size_t n, double s) {
  std::vector<double> chance{1.0};  // of k inversions
  for (std::size_t m = 2; m <= n; ++m) {
    std::vector<double> next(chance.size() + m - 1, 0.0);
    for (std::size_t k = 0; k < chance.size(); ++k) {
      for (std::size_t add = 0; add < m; ++add) {
        next[k + add] += chance[k] / static_cast<double>(m);
      }
    }
    chance = std::move(next);
  }
  const double pairs = static_cast<double>(n * (n - 1)) / 2;
  double p = 0;
  for (std::size_t k = 0; k < chance.size(); ++k) {
    if (std::abs(pairs - 2 * static_cast<double>(k)) >= s - 0.5) p += chance[k];
  }
  return std::min(p, 1.0);
}

/// The same by the normal approximation, which can do ties.
double normal_p(const std::vector<double>& values, double s) {
  const auto n = static_cast<double>(values.size());
  double variance = n * (n - 1) * (2 * n + 5);
  std::vector<double> sorted = values;
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t i = 0; i < sorted.size();) {
    std::size_t j = i;
    while (j < sorted.size() && sorted[j] == sorted[i]) ++j;
    const auto t = static_cast<double>(j - i);
    variance -= t * (t - 1) * (2 * t + 5);
    i = j;
  }
  variance /= 18;
  if (variance <= 0 || s < 1) return 1;
  return std::erfc((s - 1) / std::sqrt(2 * variance));
}

std::vector<double> ranks(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> result(values.size());
  for (std::size_t i = 0; i < order.size();) {
    std::size_t j = i;
    while (j < order.size() && values[order[j]] == values[order[i]]) ++j;
    for (std::size_t k = i; k < j; ++k) {
      result[order[k]] = static_cast<double>(i + j - 1) / 2;
    }
    i = j;
  }
  return result;
}

/// The part below the lower end of a 95 % interval of n values. Percentiles of a bootstrap are too
/// narrow for few values; Hesterberg's expanded percentiles make up for it as Student's t does for
/// the normal: t by its series in 1/df (Abramowitz and Stegun 26.7.5).
double tail_of(std::size_t n) {
  constexpr double z = 1.959963984540054;
  const double df = static_cast<double>(n - 1);
  const double z3 = z * z * z;
  const double z5 = z3 * z * z;
  const double t = z + (z3 + z) / (4 * df) + (5 * z5 + 16 * z3 + 3 * z) / (96 * df * df) +
                   (3 * z5 * z * z + 19 * z5 + 17 * z3 - 15 * z) / (384 * df * df * df);
  const double wide = t * std::sqrt(static_cast<double>(n) / df);
  return 0.5 * std::erfc(wide / std::sqrt(2.0));
}

}  // namespace

std::uint64_t Random::next() {
  state_ += 0x9e3779b97f4a7c15U;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}

std::size_t Random::below(std::size_t below) {
  // Multiplying a 64-bit number keeps the bias below 2^-32 for any list that we shuffle.
  return static_cast<std::size_t>(
      (static_cast<unsigned __int128>(next()) * static_cast<unsigned __int128>(below)) >> 64U);
}

double median(std::vector<double> values) { return median_of(values); }

Interval bootstrap_median(const std::vector<double>& values, std::uint64_t seed, int resamples) {
  Interval interval;
  interval.median = interval.low = interval.high = median(values);
  if (values.size() < 2) return interval;
  Random random(seed);
  std::vector<double> medians;
  std::vector<double> sample(values.size());
  for (int r = 0; r < resamples; ++r) {
    for (double& v : sample) v = values[random.below(values.size())];
    medians.push_back(median_of(sample));
  }
  std::sort(medians.begin(), medians.end());
  const auto at = [&](double part) {
    const double place = part * static_cast<double>(medians.size() - 1);
    return medians[static_cast<std::size_t>(std::lround(place))];
  };
  const double tail = tail_of(values.size());
  interval.low = at(tail);
  interval.high = at(1 - tail);
  return interval;
}

std::vector<bool> outliers(const std::vector<double>& values) {
  constexpr double kFar = 3.5;
  constexpr double kMad = 1.4826;   // makes it a standard deviation where values are normal
  constexpr double kMean = 1.2533;  // the same for the mean absolute deviation
  std::vector<bool> flags(values.size(), false);
  if (values.size() < 3) return flags;
  const double middle = median(values);
  std::vector<double> distances;
  double sum = 0;
  for (const double v : values) {
    distances.push_back(std::abs(v - middle));
    sum += distances.back();
  }
  double spread = kMad * median(distances);
  if (spread <= 0) spread = kMean * sum / static_cast<double>(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    flags[i] = spread > 0 && distances[i] > kFar * spread;
  }
  return flags;
}

Drift find_drift(const std::vector<double>& values) {
  constexpr double kChance = 0.01;
  constexpr double kLeast = 0.005;  // less is nobody's trouble, however sure
  constexpr std::size_t kMostExact = 40;
  Drift drift;
  const std::size_t n = values.size();
  if (n < 3) return drift;
  const double s = std::abs(kendall_s(values));
  std::vector<double> sorted = values;
  std::sort(sorted.begin(), sorted.end());
  const bool ties = std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end();
  drift.p = ties || n > kMostExact ? normal_p(values, s) : exact_p(n, s);
  std::vector<double> slopes;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) {
      slopes.push_back((values[j] - values[i]) / static_cast<double>(j - i));
    }
  }
  const double middle = median(values);
  if (middle > 0) drift.change = median_of(slopes) * static_cast<double>(n - 1) / middle;
  drift.found = drift.p < kChance && std::abs(drift.change) > kLeast;
  return drift;
}

double spearman(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size() || a.size() < 2) return 0;
  const std::vector<double> x = ranks(a);
  const std::vector<double> y = ranks(b);
  const double mean = static_cast<double>(a.size() - 1) / 2;
  double xy = 0;
  double xx = 0;
  double yy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - mean) * (y[i] - mean);
    xx += (x[i] - mean) * (x[i] - mean);
    yy += (y[i] - mean) * (y[i] - mean);
  }
  return xx > 0 && yy > 0 ? xy / std::sqrt(xx * yy) : 0;
}

}  // namespace flexos
