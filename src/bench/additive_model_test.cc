#include "bench/additive_model.h"

#include <gtest/gtest.h>

#include <cmath>

#include "bench/replay.h"
#include "bench/test_dataset.h"

namespace flexos {
namespace {

Replay recording(unsigned seed, const DatasetShape& shape) {
  const Spec spec = dataset_spec();
  return *replay_of(spec, read_measured(dataset_csv(seed, shape), "made.csv", spec), "throughput",
                    0.01);
}

std::vector<Timing> timings(const Replay& replay, int every, double error) {
  std::vector<Timing> seen;
  for (int c = 0; c < replay.space.size; c += every) {
    const double time = 1 / replay.observations[static_cast<std::size_t>(c)].value;
    seen.push_back({c, time, error * time});
  }
  return seen;
}

// A truly additive world, exactly measured, is known after as many measurements as it has numbers.
TEST(AdditiveModel, FindsASumThatIsOne) {
  const Replay replay = recording(1, {0, 0});
  AdditiveModel model(replay.space);
  model.fit(timings(replay, 5, 0));
  const std::vector<Forecast> forecast = model.forecast(1);
  for (int c = 0; c < replay.space.size; ++c) {
    const double time = 1 / replay.observations[static_cast<std::size_t>(c)].value;
    EXPECT_NEAR(forecast[static_cast<std::size_t>(c)].mean, time, 0.003 * time) << c;
  }
}

// With one measurement of one candidate the posterior has a closed form. Two candidates, one
// choice: the covariance of the second with the first is only the constant's.
TEST(AdditiveModel, OneMeasurementMovesEverythingByTheConstant) {
  SearchSpace space;
  space.size = 2;
  space.safer = {{0, 0}, {1, 0}};
  space.features = {{0}, {1}};
  space.predicted = {1, 2};
  AdditiveModel model(space);
  model.fit({{0, 3, 0}});  // the unit becomes 3, so that the prediction is right
  const std::vector<Forecast> forecast = model.forecast(6);
  EXPECT_NEAR(forecast[0].mean, 3, 1e-9);
  EXPECT_NEAR(forecast[1].mean, 6, 1e-9);
  EXPECT_NEAR(forecast[1].feasible, 0.5, 1e-9);
  EXPECT_GT(forecast[1].deviation, forecast[0].deviation);
}

// Where the forecast says 95 %, 95 % it is: neither bragging nor hiding.
TEST(AdditiveModel, IntervalsHoldWhatTheyPromise) {
  int inside = 0;
  int all = 0;
  for (unsigned seed = 0; seed < 12; ++seed) {
    const Replay replay = recording(seed, {});
    AdditiveModel model(replay.space);
    model.fit(timings(replay, 5, 0.005));  // 5 and 16: all choices are in it
    const std::vector<Forecast> forecast = model.forecast(1);
    for (int c = 0; c < replay.space.size; ++c) {
      if (c % 5 == 0) continue;
      const auto& f = forecast[static_cast<std::size_t>(c)];
      const double time = 1 / replay.observations[static_cast<std::size_t>(c)].value;
      inside += std::abs(f.mean - time) < 1.96 * f.deviation ? 1 : 0;
      ++all;
    }
  }
  EXPECT_GT(inside, all * 90 / 100);
  EXPECT_LT(inside, all * 99 / 100);
}

TEST(AdditiveModel, ProbabilityFallsWithTheLimit) {
  const Replay replay = recording(3, {});
  AdditiveModel model(replay.space);
  model.fit(timings(replay, 10, 0.005));
  const auto strict = model.forecast(1e-6);
  const auto loose = model.forecast(3e-6);
  for (std::size_t c = 0; c < strict.size(); ++c) {
    EXPECT_LE(strict[c].feasible, loose[c].feasible);
    EXPECT_GE(strict[c].feasible, 0);
    EXPECT_LE(loose[c].feasible, 1 + 1e-12);
  }
}

}  // namespace
}  // namespace flexos
