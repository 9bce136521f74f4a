#include "bench/summary.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>

namespace flexos {
namespace {

const BenchPlatform kCycles{"linux", "native", "cycles"};
const BenchPlatform kExact{"qemu", "tcg", "instructions"};

RunRecord run(const std::string& image, double units, const std::string& block,
              Failure failure = Failure::none) {
  RunRecord r;
  r.run = random_id();
  r.image = image;
  r.baseline = "ba5e";
  r.operations = 10;
  r.kind = "throughput";
  r.block = block;
  r.failure = failure;
  r.seconds = units / 1e9;
  r.units = units;
  return r;
}

TEST(Summary, RatiosPairRunsOfABlock) {
  const std::vector<RunRecord> own{run("a", 200, "1"), run("a", 300, "2"), run("a", 999, "3")};
  const std::vector<RunRecord> base{run("ba5e", 100, "2"), run("ba5e", 50, "1"),
                                    run("ba5e", 10, "4")};
  EXPECT_EQ(paired_ratios(kCycles, own, base), (std::vector<double>{50.0 / 200, 100.0 / 300}));
}

TEST(Summary, ExactClocksNeedNoPairs) {
  const std::vector<RunRecord> own{run("a", 200, "1"), run("a", 200, "1")};
  const std::vector<RunRecord> base{run("ba5e", 100, "7")};
  EXPECT_EQ(paired_ratios(kExact, own, base), (std::vector<double>{0.5, 0.5}));
}

TEST(Summary, WarmUpAndFailuresDoNotCount) {
  std::vector<RunRecord> own{run("a", 500, "1"), run("a", 200, "2"),
                             run("a", 0, "3", Failure::killed)};
  own[0].warmup = true;
  Measurement m;
  summarise(kCycles, own, {run("ba5e", 100, "1"), run("ba5e", 100, "2")}, 0.01, m);
  EXPECT_EQ(m.runs, 1);
  EXPECT_EQ(m.per_operation.median, 20);
  EXPECT_EQ(m.relative.median, 0.5);
}

TEST(Summary, ExactRunsThatDifferAreSaidToDiffer) {
  Measurement same;
  summarise(kExact, {run("a", 200, "1"), run("a", 200, "1")}, {run("ba5e", 100, "1")}, 0.01, same);
  EXPECT_TRUE(same.detail.empty());
  EXPECT_TRUE(same.tight);
  EXPECT_EQ(same.instructions, 20);
  Measurement other;
  summarise(kExact, {run("a", 200, "1"), run("a", 210, "1")}, {run("ba5e", 100, "1")}, 0.01, other);
  EXPECT_NE(other.detail.find("10 instructions"), std::string::npos) << other.detail;
  EXPECT_FALSE(other.tight);
}

TEST(Summary, OutliersAreCountedAndKept) {
  std::vector<RunRecord> own;
  std::vector<RunRecord> base;
  for (int i = 0; i < 9; ++i) {
    own.push_back(run("a", i == 4 ? 900 : 200 + i, std::to_string(i)));
    base.push_back(run("ba5e", 100, std::to_string(i)));
  }
  Measurement m;
  summarise(kCycles, own, base, 0.01, m);
  EXPECT_EQ(m.runs, 9);
  EXPECT_EQ(m.outliers, 1);
}

TEST(Summary, DriftOfTheUnprotectedImageIsSaid) {
  std::vector<RunRecord> own;
  std::vector<RunRecord> base;
  for (int i = 0; i < 9; ++i) {
    own.push_back(run("a", 2 * (100 + 3 * i), std::to_string(i)));
    base.push_back(run("ba5e", 100 + 3 * i, std::to_string(i)));
  }
  Measurement m;
  summarise(kCycles, own, base, 0.01, m);
  EXPECT_TRUE(m.drift);
  EXPECT_NE(m.detail.find("drifted by +"), std::string::npos) << m.detail;
  EXPECT_EQ(m.relative.median, 0.5);  // pairs do not feel it
  EXPECT_EQ(m.relative.width(), 0);
}

TEST(Summary, AFailureStandsUntilARunIsGood) {
  const RunRecord good = run("a", 1, "1");
  const RunRecord wrong = run("a", 0, "2", Failure::wrong_answer);
  const RunRecord killed = run("a", 0, "3", Failure::killed);
  EXPECT_EQ(standing_failure({good}, true), nullptr);
  EXPECT_EQ(standing_failure({wrong, good}, true), nullptr);
  const std::vector<RunRecord> list{good, wrong, killed};
  EXPECT_EQ(standing_failure(list, true)->failure, Failure::killed);
  EXPECT_EQ(standing_failure(list, false)->failure, Failure::wrong_answer);
  EXPECT_EQ(standing_failure({good, killed}, false), nullptr);
}

TEST(Summary, LatencyAndMemoryAreOfTheirOwnRuns) {
  RunRecord latency = run("a", 500, "1");
  latency.kind = "latency";
  latency.latency = {{"p50", 12}};
  RunRecord memory = run("a", 500, "1");
  memory.kind = "memory";
  memory.memory = 8192;
  RunRecord boot = run("a", 500, "1");
  boot.kind = "boot";
  boot.wall = 0.25;
  Measurement m;
  summarise(kExact, {run("a", 200, "1"), latency, memory, boot}, {run("ba5e", 100, "1")}, 0.01, m);
  EXPECT_EQ(m.per_operation.median, 20);
  EXPECT_EQ(m.latency.at("p50"), 12);
  EXPECT_EQ(m.memory_bytes, 8192);
  EXPECT_EQ(m.boot_seconds, 0.25);
}

TEST(FailureNames, GoBothWays) {
  for (int i = 0; i <= static_cast<int>(Failure::environment); ++i) {
    const auto failure = static_cast<Failure>(i);
    EXPECT_EQ(failure_from(name(failure)), failure);
  }
  EXPECT_EQ(name(Failure::wrong_answer), "wrong-answer");
  EXPECT_FALSE(failure_from("bad-luck"));
}

TEST(BenchPlatforms, AreKnownByTheirKeys) {
  const auto platform = parse_bench_platform("qemu/tcg/instructions");
  ASSERT_TRUE(platform);
  EXPECT_TRUE(platform->exact());
  EXPECT_EQ(platform->key(), "qemu/tcg/instructions");
  // An emulator's cycles are nobody's, but for a client outside of the image.
  const std::pair<Driver, std::set<std::string>> kUses[] = {
      {Driver::image, {"qemu/tcg/instructions"}},
      {Driver::asking_client, {"qemu/tcg/busy-instructions", "qemu/tcg/cycles"}},
      {Driver::timing_client, {"qemu/tcg/cycles"}}};
  for (const auto& [driver, keys] : kUses) {
    for (const char* key :
         {"qemu/tcg/instructions", "qemu/tcg/busy-instructions", "qemu/tcg/cycles"}) {
      EXPECT_EQ(static_cast<bool>(choose_platform(key, "qemu", false, driver)), keys.contains(key))
          << key;
    }
    EXPECT_TRUE(choose_platform("linux/native/cycles", "qemu", false, driver));
  }
  const auto busy = parse_bench_platform("qemu/tcg/busy-instructions");
  ASSERT_TRUE(busy);
  EXPECT_FALSE(busy->exact());
  EXPECT_TRUE(busy->counts_instructions());
  EXPECT_EQ(busy->key(), "qemu/tcg/busy-instructions");
  EXPECT_FALSE(parse_bench_platform("qemu/tcg/seconds"));
  EXPECT_FALSE(parse_bench_platform("qemu"));
  EXPECT_FALSE(choose_platform("bochs", "qemu", false));
}

TEST(Machines, AreTheSameWhateverTheyAreCalled) {
  const std::string one = "processor : 0\nmodel name : A Thing\nflags : fpu pku ospke hypervisor\n";
  const std::string two = one + "\nprocessor : 1\nmodel name : A Thing\nflags : fpu\n";
  EXPECT_EQ(machine_from(one).id, machine_from(one).id);
  EXPECT_NE(machine_from(one).id, machine_from(two).id);
  EXPECT_EQ(machine_from(one).id.size(), 12U);
  EXPECT_EQ(machine_from(one).description, "A Thing, 1 core");
}

}  // namespace
}  // namespace flexos
