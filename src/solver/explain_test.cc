#include "solver/explain.h"

#include <algorithm>

#include "solver/test_specs.h"

namespace flexos {
namespace {

Ask without_z3() {
  Ask ask;
  ask.certify = Certify::never;
  return ask;
}

bool feasible(const Spec& spec) {
  const auto all = test::all_configurations(spec);
  return std::any_of(all.begin(), all.end(),
                     [&](const Configuration& c) { return judge(spec, c).admissible; });
}

Spec only(const Spec& spec, const std::vector<int>& kept) {
  std::vector<int> dropped;
  for (int s = 0; s < static_cast<int>(spec.statements.size()); ++s) {
    if (std::find(kept.begin(), kept.end(), s) == kept.end()) dropped.push_back(s);
  }
  return without_statements(spec, dropped);
}

std::vector<int> without(std::vector<int> list, int element) {
  std::erase(list, element);
  return list;
}

std::vector<int> lines(const Spec& spec, const std::vector<int>& statements) {
  std::vector<int> result;
  for (const int s : statements) result.push_back(spec.statements[test::at(s)].origin.line);
  return result;
}

/// What an explanation must be, whatever the spec.
void expect_sound(const Spec& spec, const Explanation& found, const std::string& what) {
  ASSERT_FALSE(found.error.has_value()) << what << *found.error;
  ASSERT_TRUE(found.decided) << what;
  ASSERT_EQ(found.feasible, feasible(spec)) << what;
  if (found.feasible) {
    EXPECT_TRUE(found.conflict.empty() && found.corrections.empty()) << what;
    return;
  }
  EXPECT_FALSE(feasible(only(spec, found.conflict))) << what << "the conflict is none";
  for (const int s : found.conflict) {
    EXPECT_TRUE(feasible(only(spec, without(found.conflict, s)))) << what << "not minimal: " << s;
  }
  EXPECT_EQ(found.conflict.empty(), !feasible(only(spec, {}))) << what;
  EXPECT_EQ(found.corrections.empty(), found.conflict.empty()) << what;
  for (const auto& correction : found.corrections) {
    EXPECT_TRUE(feasible(without_statements(spec, correction))) << what << "no way out";
    for (const int s : correction) {
      EXPECT_FALSE(feasible(without_statements(spec, without(correction, s))))
          << what << "gives up more than needed";
    }
    // Every way out breaks the contradiction shown.
    EXPECT_TRUE(std::any_of(correction.begin(), correction.end(), [&](int s) {
      return std::count(found.conflict.begin(), found.conflict.end(), s) > 0;
    })) << what;
  }
  EXPECT_TRUE(
      std::set<std::vector<int>>(found.corrections.begin(), found.corrections.end()).size() ==
      found.corrections.size())
      << what << "repeated way out";
}

TEST(Explain, AConflictThatNamesNoComponentIsOneOfThemAll) {
  // What the components' own files require is no statement: what is explored contradicts it.
  Loaded loaded = load_spec_text(
      "flexos: 1\ncomponents: [libc, vfs, time]\nexplore: {mechanisms: [none], hardening: []}\n",
      "none.yaml", Library{FLEXOS_SOURCE_DIR "/specs"});
  ASSERT_TRUE(loaded.spec);
  Ask ask;
  ask.certify = Certify::always;
  const Explanation found = explain(*loaded.spec, ask);
  ASSERT_FALSE(found.error) << *found.error;
  EXPECT_FALSE(found.feasible);
  EXPECT_FALSE(found.conflict.empty());
}

TEST(Explain, ConflictsAreMinimalAndCorrectionsRestore) {
  int infeasible = 0;
  const auto name = [](int i) { return std::string(1, static_cast<char>('a' + i)); };
  for (std::uint64_t seed = 0; seed < 24; ++seed) {
    // Many statements over three components: most of these contradict themselves somewhere.
    test::Draw draw(seed);
    std::string text = "flexos: 1\ncomponents:\n";
    for (int i = 0; i < 3; ++i) {
      text += "  - component: " + name(i) + "\n    behavior: {reads: [own], calls: []}\n";
      if (draw.chance(40)) text += "    requires: {writes: [shared]}\n";
    }
    text += "security:\n";
    for (int k = 0; k < 4; ++k) {
      const int a = draw.below(3);
      const int b = (a + 1 + draw.below(2)) % 3;
      switch (draw.below(4)) {
        case 0:
          text += "  - isolate: [" + name(a) + ", " + name(b) + "]\n    at_least: pt\n";
          break;
        case 1:
          text += "  - isolate: [" + name(a) + ", " + name(b) + "]\n";
          break;
        case 2:
          text += "  - harden: " + name(a) + "\n    with: [asan]\n";
          break;
        default:
          text += "  - protect: " + name(a) + "\n    from: " + name(b) + "\n    against: [write]\n";
      }
    }
    const int first = draw.below(3);
    text += "  - together: [" + name(first) + ", " + name((first + 1) % 3) + "]\n";
    text += "explore:\n  mechanisms: [none, light" + std::string(draw.chance(50) ? "" : ", pt") +
            "]\n  hardening: [" + (draw.chance(50) ? "cfi" : "asan, cfi") + "]\n";
    if (draw.chance(50)) {
      text += "  fix: {harden: {" + name(draw.below(3)) + ": []}}\n";
    }
    text += "budget: {keys: " + std::to_string(1 + draw.below(3)) + ", slowdown: 1.2}\n";
    text += "profile: {base: 1000, calls: {a: {b: 2, c: 1}, b: {c: 1}}, work: {a: 300, b: 100}}\n";
    const Spec spec = test::parse(text + test::kDefinitions);
    const Explanation found = explain(spec, without_z3());
    expect_sound(spec, found, "seed " + std::to_string(seed) + "\n" + text);
    infeasible += found.feasible ? 0 : 1;
  }
  EXPECT_GT(infeasible, 8);
}

TEST(Explain, PointsAtTheLinesThatContradict) {
  const Spec spec = test::parse(test::harmless({"a", "b", "c", "d"}) +
                                "security:\n"                       // 15
                                "  - together: [a, b]\n"            // 16
                                "  - isolate: [a, d]\n"             // 17
                                "  - together: [b, c]\n"            // 18
                                "  - harden: d\n    with: [cfi]\n"  // 19
                                "  - isolate: [c, a]\n" +           // 21
                                test::kDefinitions);
  const Explanation found = explain(spec, {});
  EXPECT_EQ(lines(spec, found.conflict), (std::vector<int>{16, 18, 21}));
  EXPECT_EQ(found.certificate.proof, Proof::z3);
  std::vector<std::vector<int>> ways;
  for (const auto& correction : found.corrections) ways.push_back(lines(spec, correction));
  EXPECT_EQ(ways, (std::vector<std::vector<int>>{{16}, {18}, {21}}));
}

TEST(Explain, TwoContradictionsNeedTwoConcessions) {
  const Spec spec = test::parse(test::harmless({"a", "b", "c", "d"}) +
                                "security:\n"
                                "  - together: [a, b]\n"   // 16
                                "  - isolate: [a, b]\n"    // 17
                                "  - together: [c, d]\n"   // 18
                                "  - isolate: [c, d]\n" +  // 19
                                test::kDefinitions);
  const Explanation found = explain(spec, without_z3());
  ASSERT_FALSE(found.feasible);
  EXPECT_EQ(found.conflict.size(), 2U);
  ASSERT_FALSE(found.corrections.empty());
  for (const auto& correction : found.corrections) {
    EXPECT_EQ(correction.size(), 2U);
    EXPECT_TRUE(feasible(without_statements(spec, correction)));
  }
}

TEST(Explain, ARequirementWrittenInTheSpecIsAStatement) {
  const Spec spec = test::parse(R"(flexos: 1
components:
  - component: a
  - component: b
    behavior: {reads: [own], writes: [own], calls: []}
    requires:
      writes: [shared]
security:
  - together: [a, b]
explore: {hardening: [cfi]}
)" + std::string(test::kDefinitions));
  const Explanation found = explain(spec, without_z3());
  ASSERT_FALSE(found.feasible);
  // Without asan `a` writes anything; b's requirement, the statement, and the choice of hardening.
  EXPECT_EQ(lines(spec, found.conflict), (std::vector<int>{7, 9, 10}));
  EXPECT_EQ(found.corrections.size(), 3U);
}

TEST(Explain, ABudgetCanBePartOfIt) {
  const Spec spec = test::parse(test::harmless({"a", "b"}) +
                                "security:\n  - isolate: [a, b]\n"  // 9, 10
                                "budget: {slowdown: 1.05, memory: 1GiB}\n"
                                "profile: {base: 1000, calls: {a: {b: 1}}, work: {}}\n" +
                                test::kDefinitions);
  const Explanation found = explain(spec, {});
  ASSERT_FALSE(found.feasible);
  ASSERT_EQ(found.conflict.size(), 2U);
  EXPECT_EQ(spec.statements[test::at(found.conflict[1])].kind, StatementKind::budget_slowdown);
}

TEST(Explain, WithoutAProfileTheSlowdownBudgetIsNoReason) {
  const Spec spec =
      test::parse(test::harmless({"a", "b"}) +
                  "security:\n  - isolate: [a, b]\nbudget: {slowdown: 1}\n" + test::kDefinitions);
  EXPECT_TRUE(explain(spec, without_z3()).feasible);
}

TEST(WithoutStatements, UndoesWhatAStatementDid) {
  const Spec spec = test::parse(R"(flexos: 1
components:
  - component: a
    requires: {reads: [own], writes: [], calls: [f]}
    api: [f]
explore: {mechanisms: [none, vm], hardening: [cfi]}
)" + std::string(test::kDefinitions));
  std::vector<int> all;
  for (int s = 0; s < static_cast<int>(spec.statements.size()); ++s) all.push_back(s);
  ASSERT_EQ(all.size(), 5U);
  const Spec bare = without_statements(spec, all);
  EXPECT_TRUE(bare.statements.empty());
  EXPECT_FALSE(bare.components[0].grants.reads || bare.components[0].grants.writes ||
               bare.components[0].grants.calls);
  EXPECT_EQ(bare.explored_mechanisms, std::vector<bool>(4, true));
  EXPECT_EQ(bare.explored_hardening, std::vector<bool>(2, true));
  // And nothing where nothing is dropped.
  const Spec same = without_statements(spec, {});
  EXPECT_EQ(same.statements.size(), 5U);
  EXPECT_EQ(same.explored_mechanisms, spec.explored_mechanisms);
  EXPECT_TRUE(same.components[0].grants.reads.has_value());
}

}  // namespace
}  // namespace flexos
