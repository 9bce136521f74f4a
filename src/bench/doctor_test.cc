#include "bench/doctor.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace flexos {
namespace {

namespace fs = std::filesystem;

TEST(Doctor, ReadsAProcessorOnce) {
  const Processor p = parse_processor(
      "processor\t: 0\nmodel name\t: Some CPU @ 2.0GHz\n"
      "flags\t\t: fpu constant_tsc nonstop_tsc pku ospke\n\n"
      "processor\t: 1\nmodel name\t: Some CPU @ 2.0GHz\nflags\t\t: fpu hypervisor\n");
  EXPECT_EQ(p.model, "Some CPU @ 2.0GHz");
  EXPECT_EQ(p.cores, 2);
  EXPECT_TRUE(p.keys);
  EXPECT_TRUE(p.keys_on);
  EXPECT_TRUE(p.steady_tsc);
  EXPECT_FALSE(p.guest);
}

TEST(Doctor, AFlagIsAWholeWord) {
  const Processor p = parse_processor("processor : 0\nflags : ospkeless pkuish constant_tsc\n");
  EXPECT_FALSE(p.keys);
  EXPECT_FALSE(p.keys_on);
  EXPECT_FALSE(p.steady_tsc);
}

TEST(Doctor, NothingToReadIsNoProcessor) {
  for (const char* text : {"", "\n\n", "no colon\n", ":\n", "flags"}) {
    EXPECT_EQ(parse_processor(text).cores, 0) << text;
  }
}

/// A root with files of one line.
class Root : public testing::Test {
 protected:
  void SetUp() override {
    root_ =
        fs::temp_directory_path() / ("flexos-doctor-" + std::to_string(getpid()) + "-" +
                                     testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(root_);
  }
  void TearDown() override { fs::remove_all(root_); }
  void put(const std::string& file, const std::string& text) {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text << "\n";
  }
  fs::path root_;
};

TEST_F(Root, SaysNothingOfWhatTheKernelDoesNotTell) {
  const HostState s = read_host_state(root_);
  EXPECT_FALSE(s.governor || s.turbo || s.siblings || s.load || s.clock_source);
  EXPECT_EQ(s.memory, 0U);
}

TEST_F(Root, ReadsWhatIsThere) {
  put("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave");
  put("sys/devices/system/cpu/intel_pstate/no_turbo", "1");
  put("sys/devices/system/cpu/smt/active", "1");
  put("sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc");
  put("proc/loadavg", "1.25 0.5 0.1 1/200 4000");
  put("proc/meminfo", "MemTotal:       16384 kB\nMemFree:  5 kB");
  const HostState s = read_host_state(root_);
  EXPECT_EQ(s.governor, "powersave");
  EXPECT_EQ(s.turbo, false);
  EXPECT_EQ(s.siblings, true);
  EXPECT_EQ(s.clock_source, "tsc");
  EXPECT_DOUBLE_EQ(s.load.value_or(0), 1.25);
  EXPECT_EQ(s.memory, 16384U * 1024);
}

TEST_F(Root, TheOtherDriversSayBoost) {
  put("sys/devices/system/cpu/cpufreq/boost", "1");
  EXPECT_EQ(read_host_state(root_).turbo, true);
}

TEST(Doctor, KvmIsJudgedByItsProbe) {
  const ProbeResult tcg{.works = true, .keys = true, .seconds = 0.4};
  EXPECT_EQ(judge_kvm(0, tcg, {}), KvmState::absent);
  EXPECT_EQ(judge_kvm(1, tcg, {}), KvmState::denied);
  EXPECT_EQ(judge_kvm(2, tcg, {}), KvmState::broken);
  EXPECT_EQ(judge_kvm(2, tcg, {.works = true, .keys = false, .seconds = 0.9}), KvmState::emulated);
  EXPECT_EQ(judge_kvm(2, tcg, {.works = true, .keys = true, .seconds = 0.1}), KvmState::real);
}

TEST(Doctor, FindsTheVersionInWhatAProgramSays) {
  EXPECT_EQ(parse_version("QEMU emulator version 7.2.19 (Debian 1:7.2+dfsg-7)"), "7.2.19");
  EXPECT_EQ(parse_version("Debian clang version 19.1.7 (3+b1)\nTarget: x86_64-pc-linux-gnu"),
            "19.1.7");
  EXPECT_EQ(parse_version("v20.20.2\n"), "20.20.2");
  EXPECT_EQ(parse_version("GNU Make 4.3."), "4.3");
  EXPECT_EQ(parse_version("x86_64 tool 3"), "");
  EXPECT_EQ(parse_version(""), "");
}

std::vector<MechanismUse> mechanisms() {
  return {{"none", false, {"qemu", "linux"}, true},
          {"mpk.full", true, {"qemu", "linux"}, true},
          {"pt", true, {"qemu"}, false}};
}

Diagnosis machine() {
  Diagnosis d;
  d.processor.cores = 4;
  d.processor.steady_tsc = true;
  d.tsc_hz = 2e9;
  d.tools = {{"qemu-system-x86_64", "", "qemu-system-x86", true, "/usr/bin/qemu", "7.2"},
             {"clang-19", "", "clang-19", true, "/usr/bin/clang-19", "19.1"},
             {"ld.lld-19", "", "lld-19", true, "/usr/bin/ld.lld-19", "19.1"}};
  d.tcg_probe = {.works = true, .keys = true, .seconds = 0.4};
  return d;
}

/// The key of a mechanism on a platform; "-" where it cannot be used.
std::string use(const Diagnosis& d, const std::string& mechanism, const std::string& platform) {
  for (const Use& u : d.uses) {
    if (u.mechanism == mechanism && u.platform == platform) return u.possible ? u.key() : "-";
  }
  return "not listed";
}

TEST(Doctor, WithoutKeysAndKvmThereIsTcg) {
  Diagnosis d = machine();
  conclude(d, mechanisms());
  EXPECT_EQ(use(d, "none", "qemu"), "qemu/tcg/instructions");
  EXPECT_EQ(use(d, "mpk.full", "qemu"), "qemu/tcg/instructions");
  EXPECT_EQ(use(d, "none", "linux"), "linux/native/cycles");
  EXPECT_EQ(use(d, "mpk.full", "linux"), "-");
  EXPECT_EQ(use(d, "pt", "qemu"), "-");
  EXPECT_EQ(use(d, "pt", "linux"), "not listed");
  EXPECT_TRUE(d.runs());
  EXPECT_TRUE(d.builds());
  EXPECT_FALSE(d.hints.empty());
}

TEST(Doctor, AMachineThatHasAllUsesAll) {
  Diagnosis d = machine();
  d.keys = KeysTest::works;
  d.kvm = KvmState::real;
  d.kvm_probe = {.works = true, .keys = true, .seconds = 0.1};
  conclude(d, mechanisms());
  EXPECT_EQ(use(d, "mpk.full", "qemu"), "qemu/kvm/cycles");
  EXPECT_EQ(use(d, "mpk.full", "linux"), "linux/native/cycles");
  EXPECT_TRUE(d.hints.empty());
}

TEST(Doctor, GuestsWithoutKeysLeaveIsolationToTcg) {
  Diagnosis d = machine();
  d.kvm = KvmState::real;
  d.kvm_probe = {.works = true, .keys = false, .seconds = 0.1};
  conclude(d, mechanisms());
  EXPECT_EQ(use(d, "none", "qemu"), "qemu/kvm/cycles");
  EXPECT_EQ(use(d, "mpk.full", "qemu"), "qemu/tcg/instructions");
}

TEST(Doctor, KeysThatLeakAreNotUsed) {
  Diagnosis d = machine();
  d.keys = KeysTest::leaky;
  conclude(d, mechanisms());
  EXPECT_EQ(use(d, "mpk.full", "linux"), "-");
}

TEST(Doctor, WithoutQemuAndClockNothingRuns) {
  Diagnosis d = machine();
  d.tools[0].path.clear();
  d.tsc_hz = 0;
  conclude(d, mechanisms());
  EXPECT_FALSE(d.runs());
  ASSERT_FALSE(d.hints.empty());
  EXPECT_NE(d.hints.front().find("apt-get install qemu-system-x86"), std::string::npos);
}

TEST(Doctor, TheTestOfKeysAgreesWithTheFlags) {
  EXPECT_EQ(try_protection_keys({}), KeysTest::absent);
}

}  // namespace
}  // namespace flexos
