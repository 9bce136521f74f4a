#include "bench/replay.h"

#include <gtest/gtest.h>

#include "bench/test_dataset.h"

namespace flexos {
namespace {

Result<Replay> read(const std::string& text, const std::string& metric, double noise = 0.01) {
  const Spec spec = dataset_spec();
  return replay_of(spec, read_measured(text, "made.csv", spec), metric, noise);
}

TEST(Replay, IntervalsOfTheFileOrOfTheNoise) {
  const std::string head = "compartments,hardening,speed,speed_low,speed_high\n";
  const auto with = read(head + "app+libc+lwip+sched,,100,90,120\n", "speed");
  ASSERT_TRUE(with.ok());
  EXPECT_EQ(with->observations[0].low, 90);
  EXPECT_EQ(with->observations[0].high, 120);
  const auto without =
      read("compartments,hardening,speed\napp+libc+lwip+sched,,100\n", "speed", 0.1);
  ASSERT_TRUE(without.ok());
  EXPECT_NEAR(without->observations[0].low, 80.4, 1e-9);
  EXPECT_NEAR(without->observations[0].high, 119.6, 1e-9);
}

TEST(Replay, WhatIsNotAPerformanceIsRefused) {
  const std::string head = "compartments,hardening,speed,speed_low,speed_high\n";
  EXPECT_FALSE(read(head + "app+libc+lwip+sched,,100,101,120\n", "speed").ok());
  EXPECT_FALSE(read(head + "app+libc+lwip+sched,,-1,-1,120\n", "speed").ok());
  EXPECT_FALSE(read(head + "app+libc+lwip+sched,,100,90,120\n", "weight").ok());
}

TEST(Replay, ChoicesAreFound) {
  const Spec spec = dataset_spec();
  const auto replay = read(dataset_csv(0), "throughput");
  ASSERT_TRUE(replay.ok());
  EXPECT_EQ(replay->space.size, 80);
  // Three pairs part in different ways (app and libc never do), there are two compartments or three
  // at least, four components are hardened; the third compartment is there where all pairs part.
  EXPECT_EQ(replay->space.features[0].size(), 9U);
  EXPECT_EQ(replay->space.least(), 0);
  int above = 0;
  for (int b = 0; b < 80; ++b) above += replay->space.safer[static_cast<std::size_t>(b)][0];
  EXPECT_EQ(above, 79);
}

TEST(Replay, AProfileSaysWhatChoicesCost) {
  Spec spec = dataset_spec();
  spec.mechanisms[1].gate_copy = Decimal(50);
  spec.hardening.push_back({});
  spec.hardening[0].name = "sfi";
  spec.hardening[0].slowdown = Decimal(2);
  spec.profile.emplace();
  spec.profile->base = Decimal(1000);
  spec.profile->work = {Decimal(400), Decimal(300), Decimal(200), Decimal(100)};
  spec.profile->calls[{0, 2}] = Decimal(4);
  const std::string text =
      "compartments,hardening,speed\napp+libc+lwip+sched,,100\n"
      "app+libc+sched|lwip,lwip:sfi,50\n";
  const auto replay = replay_of(spec, read_measured(text, "made.csv", spec), "speed", 0.01);
  ASSERT_TRUE(replay.ok());
  EXPECT_DOUBLE_EQ(replay->space.predicted[0], 1);
  EXPECT_DOUBLE_EQ(replay->space.predicted[1], 1 + 4 * 50 / 1000.0 + 0.2);
}

TEST(Replay, WithoutALeastThereIsNone) {
  const auto replay = read(
      "compartments,hardening,speed\napp+libc|lwip+sched,,100\napp+libc+lwip|sched,,90\n", "speed");
  ASSERT_TRUE(replay.ok());
  EXPECT_EQ(replay->space.least(), -1);
}

}  // namespace
}  // namespace flexos
