#include "report/json.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "spec/load.h"

namespace flexos {
namespace {

constexpr const char* kText = R"(flexos: 1
components:
  - component: zeta
    behavior: {reads: [own], writes: [own], calls: []}
    variants: {verified: {}}
  - component: alpha
    behavior: {reads: [own], writes: [own], calls: []}
    size: 10KiB
  - component: mid
    behavior: {reads: [own], writes: [own], calls: []}
security:
  - isolate: [zeta, mid]
    at_least: pt
define:
  mechanisms:
    none: {level: 0, gate: 0, backend: true}
    key:  {level: 10, strength: 60, gate: 62, memory: 1KiB, backend: true}
    pt:   {level: 40, strength: 85, gate: 600, memory: 4KiB, backend: true}
  hardening:
    asan: {strength: 30, slowdown: 2}
    cfi:  {strength: 20, slowdown: 1.05}
profile: {base: 1000, calls: {zeta: {mid: 0.25}}, work: {alpha: 100}}
)";

Spec spec_of(bool profile = true) {
  std::string text = kText;
  if (!profile) text.erase(text.find("profile:"));
  const Loaded loaded = load_spec_text(text, "t.yaml", Library{});
  EXPECT_TRUE(loaded.spec.has_value()) << render(loaded.diagnostics, false);
  return loaded.spec.value_or(Spec{});
}

/// zeta and alpha a key apart, mid behind page tables; alpha with both hardenings, zeta verified.
Configuration configuration() {
  Configuration c{.levels = {0, 0, 0}, .hardening = {0, 3, 0}, .variants = {1, 0, 0}};
  c.levels[static_cast<std::size_t>(pair_index(0, 1))] = 1;
  c.levels[static_cast<std::size_t>(pair_index(0, 2))] = 2;
  c.levels[static_cast<std::size_t>(pair_index(1, 2))] = 2;
  return c;
}

Judged judged(const Spec& spec, const Configuration& c) {
  JudgedList list = judge_all(spec, {c});
  EXPECT_EQ(list.error, "");
  return list.list.front();
}

std::vector<std::string> keys(const Json& json) {
  std::vector<std::string> result;
  for (const auto& item : json.items()) result.push_back(item.key());
  return result;
}

TEST(Json, AConfigurationHasItsKeysInOrder) {
  const Spec spec = spec_of();
  const Json json = to_json(spec, judged(spec, configuration()));
  EXPECT_EQ(keys(json),
            (std::vector<std::string>{"id", "levels", "compartments", "hardening", "variants",
                                      "sharing", "cost_cycles", "slowdown", "relative_performance",
                                      "safety_score", "residual_risk", "memory_bytes_estimate"}));
  EXPECT_EQ(json["id"], configuration_id(spec, configuration()));
}

TEST(Json, NamesAreSortedWhateverTheOrderOfTheSpec) {
  const Spec spec = spec_of();
  const Json json = to_json(spec, judged(spec, configuration()));
  EXPECT_EQ(json["levels"].dump(), R"({"alpha|mid":"pt","alpha|zeta":"key","mid|zeta":"pt"})");
  EXPECT_EQ(json["hardening"].dump(), R"({"alpha":["asan","cfi"],"mid":[],"zeta":[]})");
  EXPECT_EQ(json["variants"].dump(), R"({"alpha":"default","mid":"default","zeta":"verified"})");
}

TEST(Json, CompartmentsSayWithinWhat) {
  const Spec spec = spec_of();
  const Json json = to_json(spec, judged(spec, configuration()));
  EXPECT_EQ(json["compartments"].dump(), R"([{"components":["alpha"],"within":"pt:1/key:1"},)"
                                         R"({"components":["zeta"],"within":"pt:1/key:2"},)"
                                         R"({"components":["mid"],"within":"pt:2/key:1"}])");
}

TEST(Json, FiguresAreTheJudges) {
  const Spec spec = spec_of();
  const Json json = to_json(spec, judged(spec, configuration()));
  // 0.25 x 600 for the gate, 100 x (2 x 1.05 - 1) for the hardening
  EXPECT_DOUBLE_EQ(json["cost_cycles"].get<double>(), 260);
  EXPECT_DOUBLE_EQ(json["slowdown"].get<double>(), 1.26);
  EXPECT_DOUBLE_EQ(json["relative_performance"].get<double>(), 1 / 1.26);
  EXPECT_DOUBLE_EQ(json["safety_score"].get<double>() + json["residual_risk"].get<double>(), 1);
  EXPECT_EQ(json["memory_bytes_estimate"], 10 * 1024 + 1024 + 4096);
}

TEST(Json, WithoutProfileCostsAreNullAndSafetyIsNot) {
  const Spec spec = spec_of(false);
  const Json json = to_json(spec, judged(spec, configuration()));
  for (const char* key : {"cost_cycles", "slowdown", "relative_performance"}) {
    EXPECT_TRUE(json[key].is_null()) << key;
  }
  EXPECT_TRUE(json["safety_score"].is_number());
}

TEST(Json, WhatTheJudgeRejectsIsNotPrinted) {
  const Spec spec = spec_of();
  Configuration joined = configuration();
  joined.levels.assign(3, 0);  // zeta and mid must be apart
  const JudgedList list = judge_all(spec, {configuration(), joined, configuration()});
  EXPECT_NE(list.error.find(configuration_id(spec, joined)), std::string::npos) << list.error;
}

TEST(Json, ErrorsOnly) {
  Diagnostic error;
  error.file = "s.yaml";
  error.line = 3;
  error.column = 7;
  error.code = "unknown-component";
  error.message = "unknown component `x`";
  error.hint = "did you mean `y`?";
  Diagnostic warning = error;
  warning.severity = Severity::warning;
  Diagnostic note = error;
  note.severity = Severity::note;
  EXPECT_EQ(to_json({warning, error, note}).dump(),
            R"([{"file":"s.yaml","line":3,"column":7,"message":"unknown component `x`",)"
            R"("hint":"did you mean `y`?","code":"unknown-component"}])");
  EXPECT_EQ(to_json(std::vector<Diagnostic>{}).dump(), "[]");
}

TEST(Json, AStatementAndAViolationPointAtTheirLine) {
  const Spec spec = spec_of();
  ASSERT_EQ(spec.statements.size(), 1U);
  const Json statement = to_json(spec.statements[0]);
  EXPECT_EQ(statement.dump(),
            R"({"file":"t.yaml","line":12,"text":"isolate: [zeta, mid] at_least: pt"})");
  EXPECT_EQ(to_json(Violation{"m", spec.statements[0].origin})["line"], 12);
  EXPECT_EQ(to_json(Violation{"m", {}}).dump(), R"({"message":"m"})");  // written nowhere
}

TEST(Json, PosetSaysWhoIsNextSafer) {
  const Spec spec = spec_of();
  Configuration more = configuration();
  more.hardening[0] = 1;
  Configuration most = more;
  most.hardening[2] = 1;
  const std::vector<Judged> list{judged(spec, most), judged(spec, configuration()),
                                 judged(spec, more)};
  const Json poset = poset_json(spec, list);
  const auto id = [&](const Configuration& c) { return configuration_id(spec, c); };
  EXPECT_EQ(poset["covers"].size(), 2U);
  EXPECT_EQ(poset["covers"][0].dump(),
            R"({"safer":")" + id(more) + R"(","than":")" + id(configuration()) + R"("})");
  EXPECT_EQ(poset["covers"][1].dump(),
            R"({"safer":")" + id(most) + R"(","than":")" + id(more) + R"("})");
  EXPECT_EQ(poset["maximal"].dump(), R"([")" + id(most) + R"("])");
}

TEST(Dot, DrawsEveryConfigurationAndEveryCover) {
  const Spec spec = spec_of();
  Configuration more = configuration();
  more.hardening[0] = 1;
  const std::string dot = poset_dot(spec, {judged(spec, configuration()), judged(spec, more)});
  const std::string low = "\"" + configuration_id(spec, configuration()) + "\"";
  const std::string high = "\"" + configuration_id(spec, more) + "\"";
  EXPECT_NE(dot.find("  " + low + " -> " + high + ";\n"), std::string::npos) << dot;
  EXPECT_EQ(dot.find(high + " -> "), std::string::npos) << dot;
  EXPECT_NE(dot.find("{alpha} | {zeta} | {mid}"), std::string::npos) << dot;
  EXPECT_EQ(std::count(dot.begin(), dot.end(), '{'), std::count(dot.begin(), dot.end(), '}'));
}

TEST(Dot, EqualAnswersHaveEqualBytes) {
  const Spec spec = spec_of();
  EXPECT_EQ(to_json(spec, judged(spec, configuration())).dump(),
            to_json(spec_of(), judged(spec_of(), configuration())).dump());
}

TEST(Certificate, IsAddedBehindTheAnswer) {
  Json json{{"answer", 1}};
  add_certificate(json, {.proof = Proof::gap, .gap = 0.5, .note = ""});
  EXPECT_EQ(json.dump(), R"({"answer":1,"proof":"gap","gap":0.5})");
}

}  // namespace
}  // namespace flexos
