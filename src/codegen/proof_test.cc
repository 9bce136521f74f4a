#include "codegen/proof.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdlib>
#include <fstream>

#include "codegen/tool.h"

namespace flexos {
namespace {

namespace fs = std::filesystem;

TEST(Proof, ReadsWhatWhy3Prints) {
  const ProofLog log = read_proof_log(
      "File \"q.mlw\", line 3, characters 31-41:\n"
      "Sub-goal Postcondition of goal f'vc.\n"
      "Prover result is: Unknown (sat) (0.04s, 4643 steps).\n"
      "\n"
      "File \"q.mlw\", line 4, characters 31-41:\n"
      "Sub-goal Index in array bounds of goal g'vc.\n"
      "Prover result is: Valid (0.02s, 186 steps).\n"
      "\n"
      "File \"q.mlw\", line 9, characters 1-2:\n"
      "Sub-goal Loop variant decrease of goal h'vc.\n"
      "Prover result is: High failure (1.07s),\n"
      "  prover output:\n"
      "  timeout\n");
  EXPECT_EQ(log.goals, 3);
  EXPECT_EQ(log.open,
            (std::vector<std::string>{"line 3: Postcondition of goal f'vc: Unknown",
                                      "line 9: Loop variant decrease of goal h'vc: High failure"}));
}

TEST(Proof, NothingPrintedIsNothingProved) {
  EXPECT_EQ(read_proof_log("").goals, 0);
  EXPECT_EQ(read_proof_log("Prover result is: Validity unclear (0.1s)\n").open.size(), 1U);
}

/// With the machine's own why3.
class Proving : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!run_tool({"why3", "--version"}, "/").started ||
        !run_tool({"cvc4", "--version"}, "/").started) {
      GTEST_SKIP() << "no why3 or no cvc4";
    }
    std::string name = (fs::temp_directory_path() / "proof-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override {
    std::error_code ignored;
    if (!folder_.empty()) fs::remove_all(folder_, ignored);
  }

  Result<fs::path> code_of(const std::string& body) {
    const fs::path file = folder_ / "double.mlw";
    std::ofstream(file) << "module Double\n  use int.Int\n  use mach.int.Int32\n"
                        << body << "end\n";
    ObjectStore store(folder_ / "objects", folder_);
    return proved_code(file, store);
  }

  fs::path folder_;
};

TEST_F(Proving, WhatIsProvedBecomesC) {
  const auto folder = code_of(
      "  let double (x: int32) : int32\n"
      "    requires { 0 <= x < 100 } ensures { result = 2 * x }\n"
      "  = x + x\n");
  ASSERT_TRUE(folder) << folder.error().message;
  std::ifstream in(*folder / "double.c");
  const std::string text(std::istreambuf_iterator<char>(in), {});
  EXPECT_NE(text.find("return x + x;"), std::string::npos) << text;
}

TEST_F(Proving, WhatIsNotProvedDoesNot) {
  const auto folder = code_of(
      "  let double (x: int32) : int32\n"
      "    ensures { result = 2 * x }\n"
      "  = x + x\n");
  ASSERT_FALSE(folder);
  EXPECT_FALSE(folder.error().environment);
  EXPECT_NE(folder.error().message.find("goals of double.mlw are not proved"), std::string::npos)
      << folder.error().message;
  EXPECT_NE(folder.error().message.find("line 6: Integer overflow"), std::string::npos)
      << folder.error().message;
}

TEST_F(Proving, NeitherDoesWhatIsNoWhyMl) {
  const auto folder = code_of("  let double (x: int32 = x\n");
  ASSERT_FALSE(folder);
  EXPECT_NE(folder.error().message.find("cannot prove double.mlw"), std::string::npos)
      << folder.error().message;
}

TEST_F(Proving, AndWhatHasNoC) {
  const auto folder = code_of("  let id (x: int) : int ensures { result = x } = x\n");
  ASSERT_FALSE(folder);
  EXPECT_NE(folder.error().message.find("cannot make C of double.mlw"), std::string::npos)
      << folder.error().message;
}

TEST_F(Proving, ThePackageIsNamedWhereWhy3IsMissing) {
  const std::string path = std::getenv("PATH");
  setenv("PATH", "/nowhere", 1);
  const auto folder = code_of("  let one () : int32 = 1\n");
  setenv("PATH", path.c_str(), 1);
  ASSERT_FALSE(folder);
  EXPECT_TRUE(folder.error().environment);
  EXPECT_EQ(folder.error().hint, "apt-get install why3 cvc4");
}

}  // namespace
}  // namespace flexos
