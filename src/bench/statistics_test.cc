#include "bench/statistics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numeric>

namespace flexos {
namespace {

/// Normal by the polar method, from our own generator: the same numbers everywhere.
class Noise {
 public:
  explicit Noise(std::uint64_t seed) : random_(seed) {}
  double uniform() { return (static_cast<double>(random_.next() >> 11U) + 0.5) * 0x1p-53; }
  double normal() {
    return std::sqrt(-2 * std::log(uniform())) * std::cos(2 * 3.14159265358979 * uniform());
  }
  /// Rare and large, like a machine's: mostly normal, now and then far above.
  double spiky() { return normal() + (uniform() < 0.1 ? 10 * uniform() : 0); }

 private:
  Random random_;
};

TEST(Statistics, MedianOfOddEvenAndNothing) {
  EXPECT_EQ(median({3, 1, 2}), 2);
  EXPECT_EQ(median({4, 1, 2, 3}), 2.5);
  EXPECT_EQ(median({7}), 7);
  EXPECT_EQ(median({}), 0);
}

TEST(Statistics, RandomNumbersAreTheSameEverywhere) {
  Random random(0);  // the reference values of splitmix64
  EXPECT_EQ(random.next(), 0xe220a8397b1dcdafU);
  EXPECT_EQ(random.next(), 0x6e789e6aa1b965f4U);
}

TEST(Statistics, ShuffleKeepsAllAndDependsOnTheSeedAlone) {
  std::vector<int> a(20);
  std::iota(a.begin(), a.end(), 0);
  std::vector<int> b = a;
  std::vector<int> c = a;
  Random one(1);
  Random same(1);
  Random other(2);
  shuffle(a, one);
  shuffle(b, same);
  shuffle(c, other);
  EXPECT_EQ(a, b);
  EXPECT_NE(a, c);
  std::sort(a.begin(), a.end());
  EXPECT_EQ(a.front(), 0);
  EXPECT_EQ(a.back(), 19);
  EXPECT_EQ(std::unique(a.begin(), a.end()), a.end());
}

TEST(Statistics, IntervalOfEqualValuesIsAPoint) {
  const Interval i = bootstrap_median({2, 2, 2, 2, 2}, 1);
  EXPECT_EQ(i.low, 2);
  EXPECT_EQ(i.high, 2);
  EXPECT_EQ(i.width(), 0);
}

TEST(Statistics, IntervalOfFiveReachesFromLeastToMost) {
  // The chance that three of five draws are the least is 5.8 %, which no tail is as large as.
  const Interval i = bootstrap_median({1, 2, 3, 4, 5}, 1);
  EXPECT_EQ(i.median, 3);
  EXPECT_EQ(i.low, 1);
  EXPECT_EQ(i.high, 5);
}

TEST(Statistics, IntervalIsTheSameForTheSameSeed) {
  Noise noise(3);
  std::vector<double> values;
  for (int i = 0; i < 15; ++i) values.push_back(noise.normal());
  EXPECT_EQ(bootstrap_median(values, 5).low, bootstrap_median(values, 5).low);
}

/// How often the interval holds the true median.
double coverage(std::size_t n, const std::function<double(Noise&)>& draw, double truth) {
  constexpr int kTrials = 1000;
  Noise noise(n);
  int held = 0;
  for (int t = 0; t < kTrials; ++t) {
    std::vector<double> values(n);
    for (double& v : values) v = draw(noise);
    const Interval i = bootstrap_median(values, static_cast<std::uint64_t>(t), 400);
    if (i.low <= truth && truth <= i.high) ++held;
  }
  return static_cast<double>(held) / kTrials;
}

TEST(Statistics, IntervalsHoldTheTruthAsOftenAsTheySay) {
  const auto normal = [](Noise& n) { return n.normal(); };
  const auto lognormal = [](Noise& n) { return std::exp(n.normal()); };
  for (const std::size_t n : {5U, 8U, 12U, 25U, 40U}) {
    // Five values: 1 - 2/32 at the very best. The bound below leaves three deviations of the
    // trials.
    const double of_normal = coverage(n, normal, 0);
    EXPECT_GT(of_normal, 0.92) << n;
    EXPECT_LT(of_normal, 0.995) << n;
    EXPECT_GT(coverage(n, lognormal, 1), 0.92) << n;
  }
}

TEST(Statistics, PairingTakesOutWhatBothSuffer) {
  // A host that is slow for a while: times vary by a third, their ratios by next to nothing.
  Noise noise(9);
  std::vector<double> times;
  std::vector<double> ratios;
  for (int i = 0; i < 10; ++i) {
    const double host = 1 + noise.uniform() / 3;
    const double base = 100 * host;
    const double other = 150 * host * (1 + 0.001 * noise.normal());
    times.push_back(other);
    ratios.push_back(base / other);
  }
  EXPECT_GT(bootstrap_median(times, 1).width(), 0.05);
  EXPECT_LT(bootstrap_median(ratios, 1).width(), 0.005);
}

TEST(Statistics, OutliersAreFarFromTheMedian) {
  const std::vector<bool> flags = outliers({10, 10.1, 9.9, 10.05, 9.95, 30});
  EXPECT_EQ(flags, (std::vector<bool>{false, false, false, false, false, true}));
  EXPECT_EQ(outliers({1, 2}), (std::vector<bool>{false, false}));
  EXPECT_EQ(outliers({5, 5, 5, 5}), (std::vector<bool>(4, false)));
}

TEST(Statistics, OutlierAmongEqualsIsFound) {
  // The median absolute deviation is 0 here and would flag anything, or nothing.
  const std::vector<bool> flags = outliers({5, 5, 5, 5, 5, 5, 5, 9});
  EXPECT_TRUE(flags.back());
  EXPECT_FALSE(flags.front());
}

TEST(Statistics, NormalNoiseHasFewOutliers) {
  Noise noise(4);
  std::vector<double> values;
  for (int i = 0; i < 1000; ++i) values.push_back(noise.normal());
  const std::vector<bool> flags = outliers(values);
  EXPECT_LT(std::count(flags.begin(), flags.end(), true), 10);
}

TEST(Statistics, DriftOfARisingSequenceHasAKnownChance) {
  // 2 of 7! orders are as telling as a sorted one.
  const Drift drift = find_drift({1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6});
  EXPECT_NEAR(drift.p, 2.0 / 5040, 1e-12);
  EXPECT_NEAR(drift.change, 0.6 / 1.3, 1e-9);
  EXPECT_TRUE(drift.found);
}

TEST(Statistics, DriftDownIsFoundToo) {
  const Drift drift = find_drift({2, 1.9, 1.85, 1.7, 1.6, 1.5, 1.45, 1.4});
  EXPECT_TRUE(drift.found);
  EXPECT_LT(drift.change, 0);
}

TEST(Statistics, ATinyDriftIsNobodysTrouble) {
  EXPECT_FALSE(find_drift({1, 1.0001, 1.0002, 1.0003, 1.0004, 1.0005, 1.0006, 1.0007}).found);
}

TEST(Statistics, FewOrEqualValuesShowNoDrift) {
  EXPECT_FALSE(find_drift({1, 2}).found);
  EXPECT_FALSE(find_drift({1, 1, 1, 1, 1, 1, 1, 1, 1}).found);
  EXPECT_FALSE(find_drift({}).found);
}

TEST(Statistics, NoiseAloneIsSeldomADrift) {
  Noise noise(11);
  int found = 0;
  for (int t = 0; t < 1000; ++t) {
    std::vector<double> values;
    for (int i = 0; i < 12; ++i) values.push_back(100 + noise.spiky());
    if (find_drift(values).p < 0.01) ++found;
  }
  EXPECT_LE(found, 25);  // 10 expected
}

TEST(Statistics, OneOutlierIsNoDrift) {
  EXPECT_FALSE(find_drift({1, 1.01, 1, 1.02, 1.01, 1, 1.01, 1, 1.02, 9}).found);
}

TEST(Statistics, SpearmanOfKnownRanks) {
  EXPECT_NEAR(spearman({1, 2, 3, 4, 5}, {10, 20, 30, 40, 50}), 1, 1e-12);
  EXPECT_NEAR(spearman({1, 2, 3, 4, 5}, {5, 4, 3, 2, 1}), -1, 1e-12);
  EXPECT_NEAR(spearman({1, 2, 3, 4, 5}, {2, 1, 4, 3, 5}), 0.8, 1e-12);
  EXPECT_NEAR(spearman({1, 2, 2, 4}, {1, 3, 3, 9}), 1, 1e-12);
  EXPECT_EQ(spearman({1}, {1}), 0);
}

}  // namespace
}  // namespace flexos
