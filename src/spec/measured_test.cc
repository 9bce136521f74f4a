#include "spec/measured.h"

#include <gtest/gtest.h>

#include "spec/load.h"

namespace flexos {
namespace {

Spec spec_of() {
  const Loaded loaded =
      load_spec_text("flexos: 1\ncomponents: [{component: a}, {component: b}, {component: c}]\n",
                     "t.yaml", Library{});
  EXPECT_TRUE(loaded.spec.has_value());
  return loaded.spec.value_or(Spec{});
}

Measured read(std::string_view text) { return read_measured(text, "m.csv", spec_of()); }

/// The one error of a file: `line:column code`.
std::string error_of(std::string_view text) {
  const Measured measured = read(text);
  if (measured.diagnostics.size() != 1) {
    return std::to_string(measured.diagnostics.size()) + " diagnostics";
  }
  const Diagnostic& d = measured.diagnostics.front();
  EXPECT_EQ(d.severity, Severity::error);
  EXPECT_EQ(d.file, "m.csv");
  return std::to_string(d.line) + ":" + std::to_string(d.column) + " " + d.code;
}

constexpr std::string_view kHeader = "compartments,hardening,rps\n";

std::string rows(std::string_view more) { return std::string(kHeader) + std::string(more); }

TEST(Measured, ReadsPartitionHardeningAndMetrics) {
  const Measured measured = read(
      "compartments,hardening,rps,latency\n"
      "a+b|c,a:cfi+asan;c:ubsan,1200.5,3e-2\n"
      "a|b|c,,800,0.05\n");
  ASSERT_TRUE(measured.diagnostics.empty());
  EXPECT_EQ(measured.metrics, (std::vector<std::string>{"rps", "latency"}));
  ASSERT_EQ(measured.rows.size(), 2U);
  const MeasuredRow& first = measured.rows[0];
  EXPECT_EQ(first.line, 2);
  EXPECT_EQ(first.compartment_of, (std::vector<int>{0, 0, 1}));
  EXPECT_EQ(first.hardening[0], (std::vector<std::string>{"asan", "cfi"}));  // sorted
  EXPECT_TRUE(first.hardening[1].empty());
  EXPECT_EQ(first.hardening[2], (std::vector<std::string>{"ubsan"}));
  EXPECT_EQ(first.metrics, (std::vector<double>{1200.5, 0.03}));
  EXPECT_EQ(first.compartments, "a+b|c");
}

TEST(Measured, IdsAreNoMetric) {
  const Measured measured = read(
      "compartments,hardening,id,rps\n"
      "a+b|c,,0815abcdef12,5\n");
  EXPECT_TRUE(measured.diagnostics.empty());
  EXPECT_EQ(measured.metrics, std::vector<std::string>{"rps"});
  ASSERT_EQ(measured.rows.size(), 1U);
  EXPECT_EQ(measured.rows[0].metrics, std::vector<double>{5});
  EXPECT_EQ(error_of("compartments,hardening,id,rps\na|b|c,,0815abcdef12\n"),
            "2:1 measured-columns");
}

TEST(Measured, ToleratesWhatSpreadsheetsWrite) {
  const Measured measured = read(
      "# measured on a Tuesday\r\n"
      "\"compartments\",\"hardening\",\"rps\"\r\n"
      "\r\n"
      "\"a + b | c\",\"a: cfi\" , 12\r\n"
      "a|b+c,\"\",13");
  ASSERT_TRUE(measured.diagnostics.empty()) << render(measured.diagnostics, false);
  ASSERT_EQ(measured.rows.size(), 2U);
  EXPECT_EQ(measured.rows[0].compartment_of, (std::vector<int>{0, 0, 1}));
  EXPECT_EQ(measured.rows[0].hardening[0], (std::vector<std::string>{"cfi"}));
  EXPECT_EQ(measured.rows[1].line, 5);
}

TEST(Measured, SaysWhereAFileIsWrong) {
  EXPECT_EQ(error_of(""), "0:1 empty-file");
  EXPECT_EQ(error_of("partition,hardening,rps\na+b+c,,1\n"), "1:1 measured-header");
  EXPECT_EQ(error_of("compartments,hardening\na+b+c,\n"), "1:1 measured-header");
  EXPECT_EQ(error_of(rows("a+b+c,,1,2\n")), "2:1 measured-columns");
  EXPECT_EQ(error_of(rows("a+b+d,,1\n")), "2:1 unknown-component");
  EXPECT_EQ(error_of(rows("a+b|a+c,,1\n")), "2:1 duplicate-component");
  EXPECT_EQ(error_of(rows("a+b+c,cfi,1\n")), "2:7 measured-hardening");
  EXPECT_EQ(error_of(rows("a+b+c,d:cfi,1\n")), "2:7 unknown-component");
  EXPECT_EQ(error_of(rows("a+b+c,,fast\n")), "2:8 not-a-number");
  EXPECT_EQ(error_of(rows("a+b+c,,nan\n")), "2:8 not-a-number");
  EXPECT_EQ(error_of(rows("a+b+c,,1.5x\n")), "2:8 not-a-number");
  EXPECT_EQ(error_of(rows("a+b+c,,1\na+b,,2\n")), "3:1 measured-components");
}

TEST(Measured, ReportsEveryBadRowAndKeepsTheGoodOnes) {
  const Measured measured = read(rows("a+b+c,,x\na+b+c,,1\na+x+c,,1\na|b+c,,2\n"));
  EXPECT_EQ(measured.diagnostics.size(), 2U);
  EXPECT_EQ(measured.rows.size(), 2U);
}

TEST(Measured, OrderIsRefinementAndInclusion) {
  const Measured measured =
      read(rows("a+b+c,,1\n"          // 0
                "a+b|c,,1\n"          // 1
                "a|b+c,,1\n"          // 2
                "a|b|c,,1\n"          // 3
                "a+b+c,a:cfi,1\n"     // 4
                "a+b+c,a:cfi+x,1\n"   // 5: anybody's hardening
                "c|b+a,,1\n"          // 6: as 1, in other words
                "a|b|c,b:cfi,1\n"));  // 7
  ASSERT_EQ(measured.rows.size(), 8U);
  const auto at_least = [&](std::size_t b, std::size_t a) {
    return measured_at_least(measured.rows[b], measured.rows[a]);
  };
  EXPECT_TRUE(at_least(1, 0) && at_least(3, 1) && at_least(3, 2));
  EXPECT_FALSE(at_least(0, 1));
  EXPECT_FALSE(at_least(1, 2) || at_least(2, 1));
  EXPECT_TRUE(at_least(4, 0) && at_least(5, 4));
  EXPECT_FALSE(at_least(4, 5));
  EXPECT_FALSE(at_least(3, 4));  // parted, but without a's cfi
  EXPECT_FALSE(at_least(7, 4));  // b's cfi is not a's
  EXPECT_TRUE(at_least(1, 6) && at_least(6, 1));
}

}  // namespace
}  // namespace flexos
