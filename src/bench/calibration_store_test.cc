#include "bench/calibration_store.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "bench/calibrate.h"

namespace flexos {
namespace {

namespace fs = std::filesystem;

class CalibrationStore : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("flexos-calibration-" + std::to_string(getpid()));
    fs::create_directories(folder_);
    file_ = folder_ / "sub/calibration.json";
  }
  void TearDown() override { fs::remove_all(folder_); }

  static Calibration one(const std::string& machine, const std::string& platform, double cost) {
    Calibration c{machine, "a machine", platform, "cycles", 3, {}};
    MechanismCosts m;
    m.mechanism = "mpk.light";
    m.gate = {cost - 1, {cost, cost - 0.5, cost + 2.25}};
    c.mechanisms.push_back(m);
    return c;
  }

  fs::path folder_;
  fs::path file_;
};

TEST_F(CalibrationStore, NothingThereIsNothingKnown) {
  const auto list = read_calibrations(file_);
  ASSERT_TRUE(list);
  EXPECT_TRUE(list->empty());
}

TEST_F(CalibrationStore, KeepsOneAMachineAndPlatform) {
  ASSERT_TRUE(keep_calibration(file_, one("aa", "linux/native/cycles", 60)));
  ASSERT_TRUE(keep_calibration(file_, one("bb", "linux/native/cycles", 70)));
  ASSERT_TRUE(keep_calibration(file_, one("aa", "qemu/kvm/cycles", 80)));
  ASSERT_TRUE(keep_calibration(file_, one("aa", "linux/native/cycles", 62.5)));
  const auto list = read_calibrations(file_);
  ASSERT_TRUE(list);
  ASSERT_EQ(list->size(), 3U);
  EXPECT_EQ((*list)[0].machine, "aa");
  EXPECT_DOUBLE_EQ((*list)[0].mechanisms[0].gate.interval.median, 62.5);
  EXPECT_DOUBLE_EQ((*list)[0].mechanisms[0].gate.minimum, 61.5);
  EXPECT_DOUBLE_EQ((*list)[0].mechanisms[0].gate.interval.high, 64.75);
  EXPECT_EQ((*list)[1].platform, "qemu/kvm/cycles");
}

TEST_F(CalibrationStore, WritersDoNotLoseEachOthers) {
  for (int child = 0; child < 8; ++child) {
    if (fork() == 0) {
      const auto kept = keep_calibration(file_, one(std::to_string(child), "p", 10 + child));
      _exit(kept ? 0 : 1);
    }
  }
  for (int child = 0; child < 8; ++child) {
    int status = 0;
    wait(&status);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(read_calibrations(file_)->size(), 8U);
}

TEST_F(CalibrationStore, BrokenFilesAreErrorsAndStay) {
  const char* const half =
      "{\"flexos\": 1, \"calibrations\": [{\"machine\": \"a\", \"description\": \"\", "
      "\"platform\": \"p\", \"clock\": \"cycles\", \"runs\": 1, \"mechanisms\": {\"m\": {}}}]}";
  for (const char* text :
       {"", "{", "[]", "{\"flexos\": 1}", "{\"flexos\": 2, \"calibrations\": []}",
        "{\"flexos\": 1, \"calibrations\": [{\"machine\": 5}]}", half}) {
    fs::create_directories(file_.parent_path());
    std::ofstream(file_) << text;
    const auto list = read_calibrations(file_);
    ASSERT_FALSE(list) << text;
    EXPECT_NE(list.error().message.find(file_.string()), std::string::npos);
    EXPECT_FALSE(keep_calibration(file_, one("a", "p", 1)));
    EXPECT_EQ(fs::file_size(file_), std::string_view(text).size());
  }
}

TEST(CalibrationFile, SaysWhere) {
  setenv("FLEXOS_CALIBRATION", "none", 1);
  EXPECT_FALSE(calibration_file());
  setenv("FLEXOS_CALIBRATION", "/there/file.json", 1);
  EXPECT_EQ(calibration_file(), fs::path("/there/file.json"));
  unsetenv("FLEXOS_CALIBRATION");
  setenv("XDG_DATA_HOME", "/data", 1);
  EXPECT_EQ(calibration_file(), fs::path("/data/flexos-explore/calibration.json"));
}

TEST(UseCalibration, LeavesWhatTheSpecSays) {
  const Loaded loaded = load_spec_text(
      "flexos: 1\ncomponents: [redis, lwip]\ngates: {mpk.full: 99}\nprofile: {base: 100}\n",
      "spec.yaml", {std::string(FLEXOS_SOURCE_DIR) + "/specs"});
  ASSERT_TRUE(loaded.spec);
  Spec spec = *loaded.spec;
  EXPECT_EQ(cost_platform(spec), "qemu/kvm/cycles");
  Calibration c;
  for (const char* name : {"mpk.light", "mpk.full", "nobody"}) {
    MechanismCosts m;
    m.mechanism = name;
    m.gate = {40, {41.5, 41, 42}};
    c.mechanisms.push_back(m);
  }
  EXPECT_EQ(use_calibration(spec, c), 1);
  for (const Mechanism& m : spec.mechanisms) {
    if (m.name == "mpk.light") {
      EXPECT_EQ(m.gate_copy.to_string(), "41.5");
      EXPECT_EQ(m.gate_source, GateSource::calibration);
    }
    if (m.name == "mpk.full") {
      EXPECT_EQ(m.gate_copy, Decimal(99));
      EXPECT_EQ(m.gate_source, GateSource::spec);
    }
  }
}

TEST(Micro, ReadsItsLines) {
  const std::string text =
      "micro inside              3 cycles a call  right\n"
      "micro nothing            62 cycles a call  right\n"
      "micro in 64             121 cycles a call  right\n"
      "micro in 4096           450 cycles a call  right\n"
      "micro out 64            130 cycles a call  right\n"
      "micro out 4096          470 cycles a call  right\n";
  const auto costs = parse_micro(text);
  ASSERT_TRUE(costs) << costs.error().message;
  EXPECT_DOUBLE_EQ(costs->at("nothing"), 62);
  EXPECT_DOUBLE_EQ(costs->at("in 4096"), 450);
  EXPECT_FALSE(parse_micro(text.substr(0, 100)));
  std::string wrong = text;
  wrong.replace(wrong.find("right", wrong.find("out 64")), 5, "WRONG");
  EXPECT_FALSE(parse_micro(wrong));
}

}  // namespace
}  // namespace flexos
