#include "solver/judge.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace flexos {
namespace {

Decimal dec(const char* text) { return *Decimal::parse(text); }

Mechanism mechanism(const char* name, int level, int strength, int gate, std::int64_t memory) {
  Mechanism m;
  m.name = name;
  m.level = level;
  m.strength = strength;
  m.gate_copy = gate;
  m.gate_dss = gate / 2;
  m.memory = memory;
  m.backend = true;
  return m;
}

/// none, key, space, machine: the second needs keys, the third begins an address space, the fourth
/// a VM. Components are called a, b, c, ... and are harmless to each other.
Spec small(int n) {
  Spec spec;
  spec.mechanisms = {mechanism("none", 0, 0, 0, 0), mechanism("key", 10, 60, 10, 100),
                     mechanism("space", 20, 80, 100, 1000),
                     mechanism("machine", 30, 90, 1000, 10000)};
  spec.pt = 2;
  spec.vm = 3;
  spec.explored_mechanisms.assign(4, true);
  for (const char* name : {"asan", "cfi"}) {
    Hardening h;
    h.name = name;
    h.strength = 50;
    h.slowdown = dec("1.5");
    spec.hardening.push_back(h);
  }
  const Regions both{.any = false, .own = true, .shared = true};
  spec.hardening[0].reads = both;
  spec.hardening[0].writes = both;
  spec.hardening[1].calls_graph = true;
  spec.explored_hardening.assign(2, true);
  for (int i = 0; i < n; ++i) {
    Component c;
    c.name = n <= 26 ? std::string(1, static_cast<char>('a' + i)) : "c" + std::to_string(i);
    c.api.push_back({.name = "f", .signature = "", .parameters = {}, .result = ""});
    c.api.push_back({.name = "g", .signature = "", .parameters = {}, .result = ""});
    Variant v;
    v.name = "default";
    c.variants.push_back(v);
    c.allowed_hardening = {"asan", "cfi"};
    c.origin = {.file = "s.yaml", .line = 10 + i, .column = 3, .text = c.name};
    spec.components.push_back(c);
  }
  spec.risk.assign(static_cast<std::size_t>(n), 1);
  spec.asset.assign(static_cast<std::size_t>(n), 1);
  return spec;
}

Configuration together(int n) {
  return {.levels = std::vector<Level>(static_cast<std::size_t>(pair_count(n)), 0),
          .hardening = std::vector<std::uint64_t>(static_cast<std::size_t>(n), 0),
          .variants = std::vector<std::uint8_t>(static_cast<std::size_t>(n), 0)};
}

void add_proved(Spec& spec, std::size_t component) {
  Variant v;
  v.name = "proved";
  v.evidence = "why3";
  v.verified = true;
  spec.components[component].variants.push_back(v);
}

Statement statement(StatementKind kind, std::vector<std::array<int, 2>> pairs) {
  Statement s;
  s.kind = kind;
  s.pairs = std::move(pairs);
  s.origin = {.file = "s.yaml", .line = 42, .column = 5, .text = "the statement"};
  return s;
}

void set(Configuration& c, int i, int j, Level level) {
  c.levels[static_cast<std::size_t>(pair_index(i, j))] = level;
}

std::vector<std::string> messages(const Spec& spec, const Configuration& c) {
  std::vector<std::string> result;
  for (const Violation& v : judge(spec, c).violations) result.push_back(v.message);
  return result;
}

using Messages = std::vector<std::string>;

TEST(Judge, AcceptsWhatNothingForbids) {
  const Spec spec = small(3);
  const Evaluation e = judge(spec, together(3));
  EXPECT_TRUE(e.admissible);
  EXPECT_EQ(e.compartments, 1);
  EXPECT_EQ(e.cost_exact, "");
  EXPECT_DOUBLE_EQ(e.residual_risk, 1.0);
}

TEST(Judge, RefusesAShapeThatDoesNotFitTheSpec) {
  const Spec spec = small(3);
  Configuration c = together(2);
  EXPECT_FALSE(judge(spec, c).admissible);
  c = together(3);
  c.levels[0] = 4;
  EXPECT_EQ(messages(spec, c), Messages{"the level between `a` and `b` is not defined"});
  c = together(3);
  c.variants[1] = 1;
  EXPECT_EQ(messages(spec, c), Messages{"`b` has no variant number 1"});
  c = together(3);
  c.hardening[2] = 4;
  EXPECT_EQ(messages(spec, c), Messages{"`c` has a hardening that is not defined"});
}

TEST(Judge, RefusesLevelsThatDoNotNest) {
  const Spec spec = small(3);
  Configuration c = together(3);
  set(c, 0, 1, 2);
  EXPECT_EQ(messages(spec, c),
            Messages{"the levels do not nest: `space` parts `a` and `b`, but `c` is only `none` "
                     "from the one and `none` from the other"});
  set(c, 1, 2, 2);
  EXPECT_TRUE(judge(spec, c).admissible);
}

TEST(Judge, RefusesWhatIsNotExplored) {
  Spec spec = small(2);
  spec.explored_mechanisms[0] = false;
  spec.explored_hardening[0] = false;
  spec.statements.push_back(statement(StatementKind::explore_mechanisms, {}));
  Configuration c = together(2);
  c.hardening[0] = 1;
  const Evaluation e = judge(spec, c);
  ASSERT_EQ(e.violations.size(), 2U);
  EXPECT_EQ(e.violations[0].message,
            "`none` parts `a` and `b`, but is not among the explored mechanisms");
  EXPECT_EQ(e.violations[0].origin.line, 42);
  EXPECT_EQ(e.violations[1].message, "`a` has `asan`, which is not among the explored hardenings");
  EXPECT_EQ(e.violations[1].origin.line, 0);
}

TEST(Judge, RefusesHardeningThatIsNotAllowedOrExcluded) {
  Spec spec = small(2);
  spec.components[0].allowed_hardening = {"cfi"};
  spec.hardening[1].excludes = {"asan"};
  Configuration c = together(2);
  c.hardening = {1, 3};
  EXPECT_EQ(messages(spec, c),
            (Messages{"`a` has `asan`, which it cannot be built with",
                      "`b` has both `cfi` and `asan`, which exclude each other"}));
}

TEST(Judge, RequirementsBindInsideACompartmentOnly) {
  Spec spec = small(2);
  spec.components[1].grants.reads = Regions{.any = false, .own = false, .shared = true};
  spec.components[1].grants.reads_origin.line = 7;
  Configuration c = together(2);
  const Evaluation e = judge(spec, c);
  ASSERT_EQ(e.violations.size(), 1U);
  EXPECT_EQ(e.violations[0].message,
            "`a` and `b` share a compartment, but `a` may read \"*\" and `b` lets others read "
            "[shared] only");
  EXPECT_EQ(e.violations[0].origin.line, 7);
  c.hardening[0] = 1;  // asan: [own, shared]
  EXPECT_TRUE(judge(spec, c).admissible);
  c.hardening[0] = 0;
  set(c, 0, 1, 1);
  EXPECT_TRUE(judge(spec, c).admissible);
}

TEST(Judge, SharedAccessNeedsTheSharedGrant) {
  Spec spec = small(2);
  const Regions own{.any = false, .own = true, .shared = false};
  const Regions shared{.any = false, .own = false, .shared = true};
  spec.components[1].grants.writes = own;
  spec.components[0].variants[0].behavior.writes = shared;
  EXPECT_FALSE(judge(spec, together(2)).admissible);
  spec.components[0].variants[0].behavior.writes = own;  // its own alone constrains nothing
  EXPECT_TRUE(judge(spec, together(2)).admissible);
}

TEST(Judge, CallsMustBeGrantedOneByOne) {
  Spec spec = small(2);
  spec.components[1].grants.calls = std::vector<std::string>{"f"};
  EXPECT_EQ(messages(spec, together(2)),
            Messages{"`a` and `b` share a compartment, but `a` may call anything and `b` lets "
                     "others call [f] only"});
  Configuration c = together(2);
  c.hardening[0] = 2;  // cfi: the component's own call graph
  EXPECT_TRUE(judge(spec, c).admissible);
  spec.components[0].call_graph = {{"b", "f"}};
  EXPECT_TRUE(judge(spec, c).admissible);
  spec.components[0].call_graph = {{"b", "*"}, {"elsewhere", "h"}};
  EXPECT_EQ(messages(spec, c), Messages{"`a` and `b` share a compartment, but `a` may call `b.g` "
                                        "and `b` lets others call [f] only"});
}

TEST(Judge, SeveralTransformsOfOneKeyIntersect) {
  Spec spec = small(2);
  spec.hardening[0].calls = Calls{.any = false, .functions = {{"b", "g"}}};
  spec.components[0].call_graph = {{"b", "f"}};
  spec.components[1].grants.calls = std::vector<std::string>{};
  Configuration c = together(2);
  c.hardening[0] = 1;
  EXPECT_FALSE(judge(spec, c).admissible);
  c.hardening[0] = 2;
  EXPECT_FALSE(judge(spec, c).admissible);
  c.hardening[0] = 3;  // {b.g} and {b.f} have nothing in common
  EXPECT_TRUE(judge(spec, c).admissible);
  spec.components[0].variants[0].behavior.calls = {.any = false, .functions = {{"b", "f"}}};
  EXPECT_FALSE(judge(spec, c).admissible);  // transforms apply to "*" only
}

TEST(Judge, Isolate) {
  Spec spec = small(2);
  spec.statements.push_back(statement(StatementKind::isolate, {{0, 1}}));
  Configuration c = together(2);
  EXPECT_EQ(messages(spec, c), Messages{"`a` and `b` share a compartment, but must be isolated by "
                                        "at least `key`"});
  EXPECT_EQ(judge(spec, c).violations[0].origin.line, 42);
  set(c, 0, 1, 1);
  EXPECT_TRUE(judge(spec, c).admissible);
  spec.statements[0].level = Level{2};
  EXPECT_EQ(messages(spec, c), Messages{"`a` and `b` are parted by `key` only, but must be "
                                        "isolated by at least `space`"});
}

TEST(Judge, ProtectByIsolationOrByBehaviour) {
  Spec spec = small(2);
  Statement s = statement(StatementKind::protect, {{0, 1}});
  s.operations = {Operation::write, Operation::call};
  spec.statements.push_back(s);
  Configuration c = together(2);
  EXPECT_EQ(messages(spec, c),
            (Messages{"`a` and `b` share a compartment, and nothing keeps `a` from writing `b`",
                      "`a` and `b` share a compartment, and nothing keeps `a` from calling `b`"}));
  c.hardening[0] = 3;
  EXPECT_TRUE(judge(spec, c).admissible);
  spec.components[0].call_graph = {{"b", "f"}};
  EXPECT_EQ(messages(spec, c).size(), 1U);
  set(c, 0, 1, 1);
  EXPECT_TRUE(judge(spec, c).admissible);
  c = together(2);
  c.hardening[0] = 3;
  spec.components[0].call_graph.clear();
  spec.statements[0].level = Level{1};  // at_least: behaviour does not count
  EXPECT_EQ(messages(spec, c).size(), 2U);
  set(c, 0, 1, 1);
  EXPECT_TRUE(judge(spec, c).admissible);
}

TEST(Judge, TogetherHardenAndFix) {
  Spec spec = small(3);
  add_proved(spec, 2);
  Statement harden = statement(StatementKind::harden, {});
  harden.components = {0};
  harden.names = {"cfi"};
  Statement exact = harden;
  exact.kind = StatementKind::fix_harden;
  exact.components = {1};
  exact.names = {};
  Statement variant = exact;
  variant.kind = StatementKind::fix_variant;
  variant.components = {2};
  variant.names = {"proved"};
  Statement level = statement(StatementKind::fix_level, {{1, 2}});
  level.level = Level{3};
  spec.statements = {statement(StatementKind::together, {{0, 1}}), harden, exact, variant, level};
  Configuration good = together(3);
  good.hardening[0] = 3;
  good.variants[2] = 1;
  set(good, 0, 2, 3);
  set(good, 1, 2, 3);
  EXPECT_TRUE(judge(spec, good).admissible);
  Configuration bad = together(3);
  bad.hardening[1] = 1;
  set(bad, 0, 1, 1);
  set(bad, 0, 2, 1);
  EXPECT_EQ(messages(spec, bad),
            (Messages{"`a` and `b` are parted by `key`, but must share a compartment",
                      "`a` is not hardened with `cfi`",
                      "the hardening of `b` is [asan], but is fixed to []",
                      "`c` is the variant `default`, but is fixed to `proved`",
                      "the level between `b` and `c` is `none`, but is fixed to `machine`"}));
}

TEST(Judge, LimitsAndBudgets) {
  Spec spec = small(4);
  spec.components[0].size = 7;
  Configuration c = together(4);  // a|b by key, {a b}|c by space, {a b c}|d by machine
  set(c, 0, 1, 1);
  set(c, 0, 2, 2);
  set(c, 1, 2, 2);
  for (int i = 0; i < 3; ++i) set(c, i, 3, 3);
  Evaluation e = judge(spec, c);
  EXPECT_TRUE(e.admissible);
  EXPECT_EQ(e.compartments, 4);
  EXPECT_EQ(e.memory, 7 + 100 + 1000 + 10000);

  for (const auto& [kind, limit] : {std::pair{StatementKind::budget_keys, 1},
                                    {StatementKind::budget_vms, 1},
                                    {StatementKind::budget_memory, 11106}}) {
    Statement s = statement(kind, {});
    s.integer = limit;
    spec.statements = {s};
    EXPECT_EQ(messages(spec, c).size(), 1U);
    ++spec.statements[0].integer;
    EXPECT_TRUE(judge(spec, c).admissible);
  }
  spec.statements.clear();
  spec.hardware_keys = 1;
  EXPECT_EQ(messages(spec, c),
            Messages{"one address space holds 2 compartments (those of `a`, `b`), but the hardware "
                     "has keys for 1"});
  spec.hardware_keys = 15;
  spec.hardware_vms = 1;
  EXPECT_EQ(messages(spec, c).size(), 1U);
}

TEST(Judge, CostIsExact) {
  Spec spec = small(2);
  Profile p;
  p.base = 1000;
  p.calls[{0, 1}] = dec("12.5");
  p.calls[{1, 0}] = dec("0.000000001");
  p.work = {200, dec("0.3")};
  spec.profile = p;
  spec.components[0].slowdown["cfi"] = dec("1.1");
  Configuration c = together(2);
  set(c, 0, 1, 1);
  c.hardening = {3, 1};
  // 12.500000001 * 10 + 200 * (1.5 * 1.1 - 1) + 0.3 * 0.5
  Evaluation e = judge(spec, c);
  EXPECT_EQ(e.cost_exact, "255.15000001");
  EXPECT_DOUBLE_EQ(e.cost_cycles, 255.15000001);
  EXPECT_DOUBLE_EQ(e.slowdown, 1.25515000001);
  EXPECT_DOUBLE_EQ(e.relative_performance, 1000 / 1255.15000001);

  Statement budget = statement(StatementKind::budget_slowdown, {});
  budget.decimal = dec("1.25515000001");
  spec.statements = {budget};
  EXPECT_TRUE(judge(spec, c).admissible);
  spec.statements[0].decimal = dec("1.25515");
  EXPECT_EQ(messages(spec, c), Messages{"the slowdown is 1.255, above the budget of 1.25515"});
  spec.statements.clear();
  spec.sharing = Sharing::dss;
  EXPECT_EQ(judge(spec, c).cost_exact, "192.650000005");
}

TEST(Judge, ResidualRisk) {
  Spec spec = small(2);
  spec.risk = {5, 1};
  spec.asset = {1, dec("0.5")};
  add_proved(spec, 1);
  Configuration c = together(2);
  set(c, 0, 1, 1);
  c.hardening = {3, 1};
  c.variants[1] = 1;
  // (5 * 0.5 * 0.4 * 0.25 + 1 * 1 * 0.4 * 0.5 * 0.1) / (2.5 + 1)
  const Evaluation e = judge(spec, c);
  EXPECT_DOUBLE_EQ(e.residual_risk, 0.27 / 3.5);
  EXPECT_DOUBLE_EQ(e.safety_score, 3.23 / 3.5);
  spec.asset = {0, 0};
  EXPECT_DOUBLE_EQ(judge(spec, c).residual_risk, 0);
}

TEST(Judge, AHundredComponents) {
  Spec spec = small(100);
  Profile p;
  p.base = 100000;
  p.work.assign(100, dec("12.345678901"));
  for (int i = 0; i < 100; ++i) {
    for (int j = 0; j < 100; ++j) {
      if (i != j) p.calls[{i, j}] = dec("999999999999.123456789");
    }
  }
  spec.profile = p;
  Configuration c = together(100);
  for (int i = 0; i < 100; ++i) {
    c.hardening[static_cast<std::size_t>(i)] = static_cast<std::uint64_t>(i % 4);
    for (int j = 0; j < i; ++j) set(c, i, j, i / 10 == j / 10 ? 0 : 2);
  }
  const Evaluation e = judge(spec, c);
  EXPECT_TRUE(e.admissible);
  EXPECT_EQ(e.compartments, 10);
  // 9000 edges at 100 cycles a crossing, and 25 * 12.345678901 * (0.5 + 0.5 + 1.25)
  EXPECT_EQ(e.cost_exact, "899999999999211805.55453818125");
}

}  // namespace
}  // namespace flexos
