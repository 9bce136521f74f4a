#include "report/diff.h"

#include <gtest/gtest.h>

namespace flexos {
namespace {

/// Two components, apart by `level`; b hardened by `hardening`.
Json configuration(const std::string& id, const std::string& level,
                   const std::vector<std::string>& hardening) {
  Json c;
  c["id"] = id;
  c["levels"] = {{"a|b", level}};
  c["compartments"] = Json::array();
  if (level == "none") {
    c["compartments"].push_back({{"components", {"a", "b"}}});
  } else {
    c["compartments"].push_back({{"components", {"a"}}});
    c["compartments"].push_back({{"components", {"b"}}});
  }
  c["hardening"] = {{"a", Json::array()}, {"b", hardening}};
  c["variants"] = {{"a", "default"}, {"b", "default"}};
  c["sharing"] = "copy";
  c["layout"] = "{a} |" + level + "| {b}";
  c["measured"] = nullptr;
  c["failure"] = nullptr;
  c["scan"] = nullptr;
  c["attacks"] = nullptr;
  return c;
}

Json measured(Json c, double median, double low, double high) {
  c["measured"] = {{"relative", {{"median", median}, {"low", low}, {"high", high}}}};
  return c;
}

Json report(const std::vector<Json>& configurations) {
  Json json;
  json["flexos"] = 1;
  json["workload"] = "sqlite/insert";
  json["platform"] = {{"key", "linux/native/cycles"}, {"clock", "cycles"}, {"machine", "m"}};
  json["mechanisms"] = {"none", "mpk.light", "mpk.full"};
  json["configurations"] = configurations;
  return json;
}

ReportDiff diff(const Json& baseline, const Json& result, double tolerance = 0.02) {
  const auto found = diff_reports(baseline, result, tolerance);
  EXPECT_TRUE(found.ok());
  return found ? *found : ReportDiff{};
}

/// The kinds of all changes, in order.
std::string kinds(const ReportDiff& d) {
  std::string text;
  for (const Change& c : d.changes) text += (text.empty() ? "" : " ") + std::string(name(c.kind));
  return text;
}

const Json kLight = configuration("111111111111", "mpk.light", {});
const Json kFull = configuration("222222222222", "mpk.full", {});
const Json kHardened = configuration("333333333333", "mpk.light", {"cfi"});

TEST(Diff, TheSameIsTheSame) {
  const Json r = report({measured(kLight, 0.8, 0.79, 0.81)});
  const ReportDiff d = diff(r, r);
  EXPECT_EQ(kinds(d), "");
  EXPECT_FALSE(d.regression());
  EXPECT_EQ(d.compared, 1);
  EXPECT_EQ(d.measured, 1);
}

TEST(Diff, SlowerBeyondNoiseIsARegression) {
  const ReportDiff d = diff(report({measured(kLight, 0.8, 0.79, 0.81)}),
                            report({measured(kLight, 0.7, 0.69, 0.71)}));
  EXPECT_EQ(kinds(d), "slower");
  EXPECT_TRUE(d.regression());
  EXPECT_EQ(d.changes.front().id, "111111111111");
}

TEST(Diff, SlowerWithinNoiseIsNone) {
  const ReportDiff d =
      diff(report({measured(kLight, 0.8, 0.7, 0.9)}), report({measured(kLight, 0.7, 0.65, 0.75)}));
  EXPECT_EQ(kinds(d), "uncertain");
  EXPECT_FALSE(d.regression());
}

TEST(Diff, SlowerByLessThanTheToleranceIsNone) {
  const Json before = report({measured(kLight, 0.8, 0.8, 0.8)});
  const Json now = report({measured(kLight, 0.79, 0.79, 0.79)});
  EXPECT_FALSE(diff(before, now, 0.02).regression());
  EXPECT_TRUE(diff(before, now, 0.01).regression());
}

TEST(Diff, FasterIsSaid) {
  EXPECT_EQ(kinds(diff(report({measured(kLight, 0.7, 0.7, 0.7)}),
                       report({measured(kLight, 0.8, 0.8, 0.8)}))),
            "faster");
}

TEST(Diff, NumbersOfTwoPlatformsAreNotCompared) {
  const Json before = report({measured(kLight, 0.8, 0.8, 0.8)});
  Json now = report({measured(kLight, 0.1, 0.1, 0.1)});
  now["platform"]["key"] = "qemu/tcg/instructions";
  const ReportDiff d = diff(before, now);
  EXPECT_EQ(kinds(d), "");
  EXPECT_EQ(d.measured, 0);
  ASSERT_EQ(d.notes.size(), 1U);
  EXPECT_NE(d.notes.front().find("not compared"), std::string::npos);
}

TEST(Diff, AWeakerBoundaryIsLostIsolation) {
  const ReportDiff d = diff(report({kFull}), report({kLight}));
  EXPECT_EQ(kinds(d), "less-safe");
  EXPECT_NE(d.changes.front().text.find("a|b mpk.light, was mpk.full"), std::string::npos);
  EXPECT_EQ(kinds(diff(report({kLight}), report({kFull}))), "safer");
}

TEST(Diff, HardeningThatIsGoneIsLostIsolation) {
  const ReportDiff d = diff(report({kHardened}), report({kLight}));
  EXPECT_EQ(kinds(d), "less-safe");
  EXPECT_NE(d.changes.front().text.find("b without cfi"), std::string::npos);
}

TEST(Diff, TheBestMustNotBeLessSafeThoughAllAreThere) {
  // The compartments of the new best are others: no pair by id or partition.
  const Json merged = configuration("444444444444", "none", {});
  const ReportDiff d = diff(report({kLight}), report({merged, kLight}));
  EXPECT_EQ(kinds(d), "less-safe added");
  EXPECT_TRUE(d.regression());
  EXPECT_NE(d.changes.front().text.find("the best"), std::string::npos);
}

TEST(Diff, NewAndGoneAreNoRegression) {
  const Json merged = configuration("444444444444", "none", {"cfi"});
  const ReportDiff d = diff(report({kLight, merged}), report({kLight, kFull}));
  EXPECT_EQ(kinds(d), "added removed");
  EXPECT_FALSE(d.regression());
}

TEST(Diff, ASuccessorThatLostNothingIsPreferred) {
  // Both have the compartments of kFull; the second is it, hardened.
  const Json better = configuration("555555555555", "mpk.full", {"cfi"});
  const ReportDiff d = diff(report({kFull}), report({better, kLight}));
  EXPECT_EQ(kinds(d), "safer added");
}

Json attacked(Json c, const std::string& observed, bool agrees) {
  c["attacks"] = {{"matrix", Json::array({{{"attack", "read-data"},
                                           {"attacker", 1},
                                           {"victim", 2},
                                           {"observed", observed},
                                           {"agrees", agrees}}})}};
  return c;
}

TEST(Diff, AnAttackThatSucceedsNowIsLostIsolation) {
  const Json before = report({attacked(kLight, "pkey", true)});
  const Json now = report({attacked(kLight, "open", true)});
  EXPECT_EQ(kinds(diff(before, now)), "attack-open");
  EXPECT_EQ(kinds(diff(now, now)), "");
  EXPECT_EQ(kinds(diff(now, before)), "");
}

TEST(Diff, WhatRanAndFailsNowIsARegression) {
  Json failing = kLight;
  failing["failure"] = {{"cause", "hang"}, {"detail", "still running after 300 s"}};
  const ReportDiff d = diff(report({measured(kLight, 1, 1, 1)}), report({failing}));
  EXPECT_EQ(kinds(d), "failed");
  EXPECT_EQ(kinds(diff(report({kLight}), report({failing}))), "");  // nobody knows that it ran
}

TEST(Diff, AnImageThatIsNotCleanIsARegression) {
  Json dirty = kLight;
  dirty["scan"] = {{"clean", false}, {"fenced", 0}};
  EXPECT_EQ(kinds(diff(report({kLight}), report({dirty}))), "not-clean");
}

TEST(Diff, NothingLeftIsARegressionUnlessInterrupted) {
  Json empty = report({});
  EXPECT_TRUE(diff(report({kLight}), empty).regression());
  empty["interrupted"] = true;
  EXPECT_FALSE(diff(report({kLight}), empty).regression());
}

TEST(Diff, WhatIsNoReportIsRefused) {
  EXPECT_FALSE(diff_reports(Json::array(), report({}), 0).ok());
  EXPECT_FALSE(diff_reports(report({}), Json{{"flexos", 2}}, 0).ok());
  // Keys of other types are no reason to crash.
  const Json odd = {{"flexos", 1},
                    {"configurations", Json::array({1, nullptr, Json::array(), {{"levels", 3}}})}};
  EXPECT_TRUE(diff_reports(odd, odd, 0).ok());
}

}  // namespace
}  // namespace flexos
