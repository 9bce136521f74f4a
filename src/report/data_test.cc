#include "report/data.h"

#include <gtest/gtest.h>

#include "report/outcome.h"
#include "spec/load.h"

namespace flexos {
namespace {

constexpr const char* kText = R"(flexos: 1
name: t
components:
  - component: app
    description: the one that matters
    behavior: {reads: [own], writes: [own], calls: []}
  - component: net
    untrusted: true
    behavior: {reads: [own], writes: [own], calls: []}
budget: {slowdown: 1.5, keys: 4}
define:
  mechanisms:
    none: {level: 0, gate: 0, backend: true}
    key:  {level: 10, strength: 60, gate: 60, backend: true}
  hardening:
    cfi: {strength: 20, slowdown: 1.1}
profile: {base: 1000, calls: {app: {net: 2}, net: {app: 1}}, work: {net: 100}}
)";

Spec spec() {
  const Loaded loaded = load_spec_text(kText, "t.yaml", Library{});
  EXPECT_TRUE(loaded.spec.has_value()) << render(loaded.diagnostics, false);
  return loaded.spec.value_or(Spec{});
}

Measurement measured(double median, double low, double high) {
  Measurement m;
  m.relative = {median, low, high};
  m.per_operation = {1000 / median, 1000 / high, 1000 / low};
  m.runs = 5;
  return m;
}

/// Together; a key apart; a key apart and net hardened.
Exploration exploration() {
  Exploration x(spec());
  x.platform = BenchPlatform{"linux", "native", "cycles"};
  for (const auto& [level, hardening] :
       std::vector<std::pair<Level, std::uint64_t>>{{0, 0}, {1, 0}, {1, 1}}) {
    const Configuration c{.levels = {level}, .hardening = {0, hardening}, .variants = {0, 0}};
    const JudgedList judged = judge_all(x.spec, {c});
    EXPECT_EQ(judged.error, "");
    x.entries.push_back({judged.list.front(), {}, {}, {}});
    x.frontier.push_back(judged.list.front());
  }
  return x;
}

std::string id(const Exploration& x, std::size_t i) {
  return configuration_id(x.spec, x.entries[i].judged.configuration);
}

TEST(ReportData, PredictionsAlone) {
  const Exploration x = exploration();
  const Json json = report_json(x);
  EXPECT_EQ(json.at("flexos"), 1);
  EXPECT_EQ(json.at("spec"), "t");
  EXPECT_EQ(json.at("budget").at("slowdown"), 1.5);
  EXPECT_EQ(json.at("budget").at("keys"), 4);
  EXPECT_TRUE(json.at("budget").at("memory").is_null());
  EXPECT_EQ(json.at("components").at(1),
            (Json{{"name", "net"}, {"description", ""}, {"untrusted", true}}));
  EXPECT_EQ(json.at("mechanisms"), (Json{"none", "key"}));
  EXPECT_EQ(json.at("hardenings"), Json::array({"cfi"}));
  ASSERT_EQ(json.at("configurations").size(), 3U);
  const Json& c = json.at("configurations").at(1);
  EXPECT_EQ(c.at("layout"), "{app} |key| {net}");
  for (const char* key : {"measured", "failure", "image", "scan", "attacks"}) {
    EXPECT_TRUE(c.at(key).is_null()) << key;
  }
  EXPECT_EQ(c.at("within_budget"), true);
  EXPECT_TRUE(json.at("baseline").is_null());
  EXPECT_TRUE(json.at("measured_frontier").empty());
}

TEST(ReportData, CostsAddUpToTheWhole) {
  const Exploration x = exploration();
  const Json json = report_json(x);
  for (const Json& c : json.at("configurations")) {
    double sum = 0;
    for (const char* part : {"gates", "hardening"}) {
      for (const Json& item : c.at("costs").at(part)) sum += item.at("cost").get<double>();
    }
    EXPECT_NEAR(sum, c.at("cost_cycles").get<double>(), 1e-6);
  }
  const Json& gates = json.at("configurations").at(2).at("costs").at("gates");
  ASSERT_EQ(gates.size(), 2U);  // each direction by itself, the dearest first
  EXPECT_EQ(gates.at(0).at("from"), "app");
  EXPECT_EQ(gates.at(0).at("cost"), 120.0);
  EXPECT_EQ(gates.at(1).at("from"), "net");
}

TEST(ReportData, TheOrderHasItsCoversAndStars) {
  const Exploration x = exploration();
  const Json json = report_json(x);
  EXPECT_EQ(json.at("poset").at("nodes").size(), 3U);
  EXPECT_EQ(json.at("poset").at("covers"),
            (Json::array({Json::array({id(x, 0), id(x, 1)}), Json::array({id(x, 1), id(x, 2)})})));
  EXPECT_EQ(json.at("stars"), Json::array({id(x, 2)}));
}

TEST(ReportData, MeasuredNumbersDecideWhatIsAffordable) {
  Exploration x = exploration();
  x.entries[0].measurement = measured(1, 0.99, 1.01);
  x.entries[1].measurement = measured(0.8, 0.79, 0.81);
  x.entries[2].measurement = measured(0.5, 0.49, 0.51);  // twice as slow: over the budget
  x.baseline = measured(1, 1, 1);
  const Json json = report_json(x);
  EXPECT_EQ(json.at("configurations").at(2).at("within_budget"), false);
  EXPECT_EQ(json.at("stars"), Json::array({id(x, 1)}));
  EXPECT_EQ(json.at("measured_frontier"), (Json::array({id(x, 0), id(x, 1), id(x, 2)})));
  EXPECT_EQ(json.at("configurations").at(1).at("measured").at("relative"),
            (Json{{"median", 0.8}, {"low", 0.79}, {"high", 0.81}}));
  EXPECT_FALSE(json.at("baseline").contains("relative"));
  EXPECT_TRUE(json.at("baseline").at("boot_seconds").is_null());  // nobody looked
  const std::string text = draw_outcome(x, {});
  EXPECT_NE(text.find("1.2500x [1.235, 1.266]"), std::string::npos) << text;
  EXPECT_NE(text.find("★   2"), std::string::npos) << text;
}

TEST(ReportData, ABudgetThatIsAskedForStandsInForTheSpecs) {
  Exploration x = exploration();
  x.entries[1].measurement = measured(0.8, 0.79, 0.81);
  x.entries[2].measurement = measured(0.5, 0.49, 0.51);
  x.slowdown = 3;
  EXPECT_EQ(report_json(x).at("budget").at("slowdown"), 3);
  EXPECT_EQ(report_json(x).at("budget").at("keys"), 4);
  EXPECT_EQ(report_json(x).at("stars"), Json::array({id(x, 2)}));
  x.slowdown = 1.1;
  EXPECT_EQ(report_json(x).at("stars"), Json::array({id(x, 0)}));
}

TEST(ReportData, AFailureIsNoNumber) {
  Exploration x = exploration();
  x.entries[1].measurement = Measurement{};
  x.entries[1].measurement->failure = Failure::wrong_answer;
  x.entries[1].measurement->detail = "checksum 7, others say 8";
  const Json json = report_json(x);
  const Json& c = json.at("configurations").at(1);
  EXPECT_EQ(c.at("failure"),
            (Json{{"cause", "wrong-answer"}, {"detail", "checksum 7, others say 8"}}));
  EXPECT_TRUE(c.at("measured").is_null());
  EXPECT_EQ(c.at("within_budget"), false);
  EXPECT_NE(draw_outcome(x, {}).find("failed: checksum 7"), std::string::npos);
}

TEST(ReportData, AttacksAreCounted) {
  Exploration x = exploration();
  x.entries[1].attacks = {{1, 2, "read-data", "pkey/r", "pkey/r", true},
                          {1, 0, "own-wrpkru", "absent", "open", false}};
  const Json json = report_json(x);
  const Json& attacks = json.at("configurations").at(1).at("attacks");
  EXPECT_EQ(attacks.at("cells"), 2);
  EXPECT_EQ(attacks.at("as_promised"), 1);
  EXPECT_EQ(attacks.at("matrix").at(1).at("victim"), "platform");
}

TEST(ReportData, OfALongFrontierTheWholeCurveIsKept) {
  Exploration x = exploration();
  const Judged one = x.frontier.front();
  x.frontier.assign(1000, one);
  const Json json = report_json(x);
  const Json& points = json.at("frontier").at("points");
  ASSERT_EQ(points.size(), 1000U);
  std::size_t whole = 0;
  for (const Json& p : points) {
    EXPECT_TRUE(p.contains("slowdown") && p.contains("safety_score") && p.contains("id"));
    whole += p.contains("levels") ? 1 : 0;
  }
  EXPECT_GE(whole, 200U);
  EXPECT_LE(whole, 202U);
}

}  // namespace
}  // namespace flexos
