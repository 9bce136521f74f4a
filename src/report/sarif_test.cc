#include "report/sarif.h"

#include <gtest/gtest.h>

namespace flexos {
namespace {

Diagnostic diagnostic(Severity severity, const std::string& code, int line, int column) {
  Diagnostic d;
  d.severity = severity;
  d.file = "specs/my app.yaml";
  d.line = line;
  d.column = column;
  d.length = 3;
  d.code = code;
  d.message = "it is wrong";
  d.excerpt = "  - nte";
  return d;
}

const Json& run_of(const Json& sarif) { return sarif.at("runs").at(0); }

TEST(Sarif, NothingFoundIsStillARun) {
  const Json sarif = to_sarif({}, "0.1.0");
  EXPECT_EQ(sarif.at("version"), "2.1.0");
  EXPECT_EQ(run_of(sarif).at("tool").at("driver").at("name"), "flexos-explore");
  EXPECT_TRUE(run_of(sarif).at("results").empty());
  EXPECT_TRUE(run_of(sarif).at("results").is_array());
  EXPECT_EQ(run_of(sarif).at("invocations").at(0).at("exitCode"), 0);
}

TEST(Sarif, AFindingHasItsRuleAndItsPlace) {
  Diagnostic d = diagnostic(Severity::error, "unknown-component", 16, 5);
  d.hint = "did you mean `net`?";
  const Json sarif = to_sarif({diagnostic(Severity::warning, "no-call-graph", 2, 1), d}, "0.1.0");
  const Json& rules = run_of(sarif).at("tool").at("driver").at("rules");
  ASSERT_EQ(rules.size(), 2U);
  const Json& result = run_of(sarif).at("results").at(1);
  EXPECT_EQ(result.at("ruleId"), "unknown-component");
  EXPECT_EQ(rules.at(result.at("ruleIndex").get<std::size_t>()).at("id"), "unknown-component");
  EXPECT_EQ(result.at("level"), "error");
  EXPECT_EQ(result.at("message").at("text"), "it is wrong\ndid you mean `net`?");
  const Json& place = result.at("locations").at(0).at("physicalLocation");
  EXPECT_EQ(place.at("artifactLocation").at("uri"), "specs/my%20app.yaml");
  EXPECT_EQ(place.at("region").at("startLine"), 16);
  EXPECT_EQ(place.at("region").at("startColumn"), 5);
  EXPECT_EQ(place.at("region").at("endColumn"), 8);
  EXPECT_EQ(run_of(sarif).at("results").at(0).at("level"), "warning");
  EXPECT_EQ(run_of(sarif).at("invocations").at(0).at("exitCode"), 1);
}

TEST(Sarif, ColumnsCountCharactersNotBytes) {
  Diagnostic d = diagnostic(Severity::error, "unknown-component", 1, 8);
  d.excerpt = "  # äö nte";  // byte 10 is its `n`
  d.column = 10;
  const Json sarif = to_sarif({d}, "0.1.0");
  EXPECT_EQ(run_of(sarif).at("columnKind"), "unicodeCodePoints");
  const Json& region =
      run_of(sarif).at("results").at(0).at("locations").at(0).at("physicalLocation").at("region");
  EXPECT_EQ(region.at("startColumn"), 8);
  EXPECT_EQ(region.at("endColumn"), 11);
}

TEST(Sarif, ANoteIsTheOtherPlaceOfItsFinding) {
  Diagnostic note = diagnostic(Severity::note, "", 3, 1);
  note.message = "first listed here";
  const Json sarif =
      to_sarif({diagnostic(Severity::error, "duplicate-component", 4, 1), note}, "1");
  ASSERT_EQ(run_of(sarif).at("results").size(), 1U);
  const Json& related = run_of(sarif).at("results").at(0).at("relatedLocations");
  ASSERT_EQ(related.size(), 1U);
  EXPECT_EQ(related.at(0).at("message").at("text"), "first listed here");
}

TEST(Sarif, AFileAsAWholeHasNoRegion) {
  Diagnostic d = diagnostic(Severity::error, "cannot-read", 0, 0);
  d.file = "/tmp/a.yaml";
  const Json place =
      run_of(to_sarif({d}, "1")).at("results").at(0).at("locations").at(0).at("physicalLocation");
  EXPECT_FALSE(place.contains("region"));
  EXPECT_EQ(place.at("artifactLocation").at("uri"), "file:///tmp/a.yaml");
}

}  // namespace
}  // namespace flexos
