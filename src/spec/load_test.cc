#include "spec/load.h"

#include <gtest/gtest.h>

namespace flexos {
namespace {

const Library kLibrary{std::filesystem::path(FLEXOS_SOURCE_DIR) / "tests/diagnostics/library"};

/// The spec, or a failed test that shows why there is none.
Spec load(std::string_view text, const Library& library = kLibrary) {
  Loaded loaded = load_spec_text(text, "t.yaml", library);
  EXPECT_TRUE(loaded.spec.has_value()) << render(loaded.diagnostics, false);
  return loaded.spec.value_or(Spec());
}

const Statement& only(const Spec& spec) {
  EXPECT_EQ(spec.statements.size(), 1U);
  static const Statement kNone;
  return spec.statements.empty() ? kNone : spec.statements[0];
}

using Pairs = std::vector<std::array<int, 2>>;
using Names = std::vector<std::string>;

constexpr std::string_view kFive = "flexos: 1\ncomponents: [redis, lwip, vfs, ramfs, sched]\n";

std::string five(std::string_view rest) { return std::string(kFive) + std::string(rest); }

TEST(Load, Defaults) {
  const Spec spec = load("flexos: 1\ncomponents:\n  - component: a\n");
  EXPECT_EQ(spec.name, "t");
  EXPECT_EQ(spec.platform, "qemu");
  EXPECT_EQ(spec.objective, Objective::fastest);
  EXPECT_EQ(spec.sharing, Sharing::copy);
  EXPECT_EQ(spec.top, 10);
  EXPECT_FALSE(spec.profile.has_value());
  ASSERT_EQ(spec.size(), 1);
  const Component& a = spec.components[0];
  EXPECT_TRUE(a.from_spec);
  EXPECT_FALSE(a.untrusted);
  ASSERT_EQ(a.variants.size(), 1U);
  EXPECT_EQ(a.variants[0].name, "default");
  EXPECT_EQ(a.variants[0].behavior, Behavior());  // the unsafe C default
  EXPECT_TRUE(a.variants[0].behavior.reads.any && a.variants[0].behavior.calls.any);
  EXPECT_FALSE(a.grants.reads || a.grants.writes || a.grants.calls);
  EXPECT_EQ(a.allowed_hardening, (Names{"asan", "cfi", "safestack", "stack-protector"}));
  EXPECT_EQ(spec.risk[0], Decimal(1));
  EXPECT_EQ(spec.asset[0], Decimal(1));
  EXPECT_EQ(a.origin.line, 3);
  EXPECT_EQ(a.origin.column, 16);
}

TEST(Load, MechanismsAreSortedByLevel) {
  const Spec spec = load(kFive);
  Names names;
  for (const Mechanism& m : spec.mechanisms) names.push_back(m.name);
  EXPECT_EQ(names, (Names{"none", "mpk.light", "mpk.full", "cheri", "pt", "vm"}));
  EXPECT_EQ(spec.pt, 4);
  EXPECT_EQ(spec.vm, 5);
  EXPECT_EQ(spec.hardware_keys, 15);
  EXPECT_EQ(spec.hardware_vms, 8);
  // All with a backend on the platform: not cheri.
  EXPECT_EQ(spec.explored_mechanisms, (std::vector<bool>{true, true, true, false, true, true}));
  EXPECT_EQ(spec.mechanisms[1].gate_copy.to_string(), "62");
  EXPECT_EQ(spec.mechanisms[1].gate_dss.to_string(), "50");
  EXPECT_EQ(spec.mechanisms[1].keys, 15);
  EXPECT_EQ(spec.mechanisms[5].memory, 16 << 20);
  EXPECT_EQ(spec.mechanisms[2].strength.to_string(), "70");
}

TEST(Load, PlatformLimitsTheMechanisms) {
  const Spec spec = load(five("explore: {platform: linux}\n"));
  EXPECT_EQ(spec.explored_mechanisms, (std::vector<bool>{true, true, true, false, true, false}));
  EXPECT_FALSE(spec.hardware_vms.has_value());
}

TEST(Load, WithoutAnyLibrary) {
  const Spec spec = load("flexos: 1\ncomponents: [{component: a}, {component: b}]\n", {});
  ASSERT_EQ(spec.mechanisms.size(), 1U);
  EXPECT_EQ(spec.mechanisms[0].name, "none");
  EXPECT_TRUE(spec.hardening.empty());
  EXPECT_EQ(spec.pt, 1);
  EXPECT_EQ(spec.vm, 1);
  const Loaded missing = load_spec_text("flexos: 1\ncomponents: [a]\n", "t", {"/no/such/folder"});
  EXPECT_TRUE(has_errors(missing.diagnostics));
}

TEST(Load, HardeningTransformsAndMutualExclusion) {
  const Spec spec =
      load(five("define: {hardening: {confine: {transforms: {writes: [own], calls: "
                "[vfs.open]}, strength: 12.5, excludes: [cfi]}}}\n"));
  ASSERT_EQ(spec.hardening.size(), 5U);
  const Hardening& asan = spec.hardening[0];
  EXPECT_EQ(asan.name, "asan");
  EXPECT_EQ(asan.reads, (Regions{.any = false, .own = true, .shared = true}));
  EXPECT_EQ(asan.slowdown, Decimal(2));
  EXPECT_EQ(asan.excludes, Names{"safestack"});
  EXPECT_EQ(asan.compiler, Names{"-fsanitize=address"});
  EXPECT_TRUE(spec.hardening[1].calls_graph);
  EXPECT_EQ(spec.hardening[1].excludes, Names{"confine"});
  const Hardening& confine = spec.hardening[2];
  EXPECT_FALSE(confine.reads.has_value());
  EXPECT_EQ(confine.writes, (Regions{.any = false, .own = true, .shared = false}));
  ASSERT_TRUE(confine.calls.has_value());
  EXPECT_EQ(confine.calls->functions, (std::vector<FunctionRef>{{"vfs", "open"}}));
  EXPECT_EQ(confine.strength.to_string(), "12.5");
  EXPECT_EQ(spec.hardening[3].excludes, Names{"asan"});  // safestack does not say so itself
}

TEST(Load, DefineOverridesKeyByKey) {
  const Spec spec =
      load(five("define:\n  hardening: {asan: {slowdown: 1.8}}\n"
                "  mechanisms: {mpk.light: {gate: 40}}\n"));
  EXPECT_EQ(spec.hardening[0].slowdown.to_string(), "1.8");
  EXPECT_EQ(spec.hardening[0].strength, Decimal(30));
  EXPECT_EQ(spec.mechanisms[1].gate_dss, Decimal(40));
  EXPECT_EQ(spec.mechanisms[1].strength, Decimal(60));
  EXPECT_TRUE(spec.mechanisms[1].backend);
}

TEST(Load, GatesOverrideCalibration) {
  const Spec spec = load(five("gates: {mpk.light: 61.5, pt: {dss: 700}}\n"));
  EXPECT_EQ(spec.mechanisms[1].gate_copy.to_string(), "61.5");
  EXPECT_EQ(spec.mechanisms[1].gate_dss.to_string(), "61.5");
  EXPECT_EQ(spec.mechanisms[4].gate_copy, Decimal(720));
  EXPECT_EQ(spec.mechanisms[4].gate_dss, Decimal(700));
}

TEST(Load, ComponentFromItsFile) {
  const Spec spec = load(kFive);
  const Component& lwip = spec.components[1];
  EXPECT_FALSE(lwip.from_spec);
  EXPECT_EQ(lwip.description, "TCP/IP stack");
  EXPECT_EQ(lwip.grants.reads, (Regions{.any = false, .own = false, .shared = true}));
  EXPECT_EQ(lwip.grants.calls, (Names{"send", "recv", "socket"}));
  EXPECT_EQ(lwip.call_graph, (std::vector<FunctionRef>{{"sched", "yield"}, {"sched", "wake"}}));
  ASSERT_EQ(lwip.api.size(), 3U);
  EXPECT_EQ(lwip.api[1].parameters[1].direction, Parameter::Direction::out);
  EXPECT_TRUE(spec.statements.empty());  // the library's requirements are not the user's words
  const Component& sched = spec.components[4];
  EXPECT_EQ(sched.allowed_hardening, (Names{"cfi", "stack-protector"}));
  EXPECT_EQ(spec.components[2].size, 96 * 1024);
  EXPECT_EQ(spec.components[3].slowdown.at("asan").to_string(), "2.1");
}

TEST(Load, CallsToComponentsLeftOutAreDropped) {
  const Spec spec = load("flexos: 1\ncomponents: [redis, lwip]\n");
  EXPECT_EQ(spec.components[0].variants[0].behavior.calls.functions,
            (std::vector<FunctionRef>{{"lwip", "send"}, {"lwip", "recv"}}));
  EXPECT_TRUE(spec.components[1].call_graph.empty());
}

TEST(Load, OverridesAreMergedDeeply) {
  const Spec spec = load(
      "flexos: 1\ncomponents:\n"
      "  - lwip: {untrusted: true, requires: {reads: [own]}, hardening: {slowdown: {asan: 3}}}\n");
  const Component& lwip = spec.components[0];
  EXPECT_TRUE(lwip.untrusted && lwip.from_spec);
  EXPECT_EQ(lwip.grants.reads, (Regions{.any = false, .own = true, .shared = false}));
  EXPECT_EQ(lwip.grants.writes, (Regions{.any = false, .own = false, .shared = true}));
  EXPECT_EQ(lwip.slowdown.at("asan"), Decimal(3));
  // What the spec itself requires is a statement, what the file requires is not.
  const Statement& s = only(spec);
  EXPECT_EQ(s.kind, StatementKind::require_reads);
  EXPECT_EQ(s.components, std::vector<int>{0});
  EXPECT_EQ(s.origin.line, 3);
  EXPECT_EQ(s.origin.text, "reads: [own]");
  EXPECT_EQ(lwip.grants.reads_origin.file, "t.yaml");
  EXPECT_TRUE(lwip.grants.writes_origin.file.ends_with("components/lwip.yaml"));
}

TEST(Load, VariantsInheritBehavior) {
  const Spec spec = load(
      "flexos: 1\ncomponents:\n  - component: q\n    behavior: {reads: [own], calls: []}\n"
      "    variants:\n      verified: {behavior: {writes: [own]}, slowdown: 1.10}\n"
      "      proved: {evidence: why3, safer_than: [verified]}\n      fast: {slowdown: 0.9}\n");
  const auto& v = spec.components[0].variants;
  ASSERT_EQ(v.size(), 4U);
  EXPECT_EQ(v[1].behavior.reads, (Regions{.any = false, .own = true, .shared = false}));
  EXPECT_EQ(v[1].behavior.writes, (Regions{.any = false, .own = true, .shared = false}));
  EXPECT_FALSE(v[1].behavior.calls.any);
  EXPECT_EQ(v[1].slowdown.to_string(), "1.1");
  EXPECT_TRUE(v[1].verified);
  EXPECT_EQ(v[1].safer_than, Names{"default"});
  EXPECT_TRUE(v[2].verified);
  EXPECT_EQ(v[2].safer_than, Names{"verified"});
  EXPECT_TRUE(v[2].behavior.writes.any);
  EXPECT_FALSE(v[3].verified);
  EXPECT_TRUE(v[3].safer_than.empty());
}

TEST(Load, IsolateGroups) {
  const Spec spec = load(five("security:\n  - isolate: [[redis, lwip], vfs]\n    at_least: pt\n"));
  const Statement& s = only(spec);
  EXPECT_EQ(s.kind, StatementKind::isolate);
  EXPECT_EQ(s.pairs, (Pairs{{0, 2}, {1, 2}}));
  EXPECT_EQ(s.level, Level{4});
  EXPECT_EQ(s.origin.line, 4);
  EXPECT_EQ(s.origin.column, 5);
  EXPECT_EQ(s.origin.text, "isolate: [[redis, lwip], vfs] at_least: pt");
}

TEST(Load, IsolateEverybody) {
  const Spec spec = load(
      "flexos: 1\ncomponents: [redis, lwip, vfs]\n"
      "security: [{isolate: [\"*\"]}]\n");
  EXPECT_EQ(only(spec).pairs, (Pairs{{0, 1}, {0, 2}, {1, 2}}));
  EXPECT_EQ(only(spec).level, Level{1});
}

TEST(Load, UntrustedIsOneGroupAndOverlapIsSkipped) {
  const Spec spec =
      load(five("security:\n  - isolate: [untrusted, vfs, redis]\n"
                "  - untrusted: [redis, lwip]\n"));
  EXPECT_TRUE(spec.components[0].untrusted && spec.components[1].untrusted);
  // redis is in both groups; redis and lwip, both untrusted, part because redis is named, too.
  EXPECT_EQ(only(spec).pairs, (Pairs{{0, 1}, {0, 2}, {1, 2}}));
}

TEST(Load, Protect) {
  const Spec spec =
      load(five("security:\n  - protect: [redis, vfs]\n    from: \"*\"\n"
                "    against: [call, read]\n"
                "  - protect: sched\n    from: lwip\n    at_least: mpk.full\n"));
  ASSERT_EQ(spec.statements.size(), 2U);
  const Statement& s = spec.statements[0];
  EXPECT_EQ(s.kind, StatementKind::protect);
  EXPECT_EQ(s.pairs, (Pairs{{0, 2}, {1, 0}, {1, 2}, {2, 0}, {3, 0}, {3, 2}, {4, 0}, {4, 2}}));
  EXPECT_EQ(s.operations, (std::vector<Operation>{Operation::read, Operation::call}));
  EXPECT_FALSE(s.level.has_value());
  EXPECT_EQ(spec.statements[1].pairs, (Pairs{{1, 4}}));
  EXPECT_EQ(spec.statements[1].level, Level{2});
  EXPECT_EQ(spec.statements[1].operations.size(), 3U);
}

TEST(Load, TogetherAndHarden) {
  const Spec spec =
      load(five("security:\n  - together: [vfs, ramfs, sched]\n"
                "  - harden: [sched, redis]\n    with: [stack-protector, cfi]\n"));
  ASSERT_EQ(spec.statements.size(), 2U);
  EXPECT_EQ(spec.statements[0].pairs, (Pairs{{2, 3}, {2, 4}, {3, 4}}));
  EXPECT_EQ(spec.statements[1].components, (std::vector<int>{0, 4}));
  EXPECT_EQ(spec.statements[1].names, (Names{"cfi", "stack-protector"}));
}

TEST(Load, BudgetExploreAndFixAreStatements) {
  const Spec spec = load(
      five("budget: {slowdown: 1.50, memory: 64MiB, vms: 2, keys: 3}\n"
           "explore:\n  top: 7\n  objective: safest\n  mechanisms: [vm, none]\n  hardening: [cfi]\n"
           "  fix:\n    harden: {lwip: [cfi, asan]}\n    variants: {sched: verified}\n"
           "    levels: {\"lwip|redis\": vm}\n"));
  const auto& s = spec.statements;
  ASSERT_EQ(s.size(), 9U);
  EXPECT_EQ(s[0].kind, StatementKind::budget_slowdown);
  EXPECT_EQ(s[0].decimal.to_string(), "1.5");
  EXPECT_EQ(s[0].origin.text, "slowdown: 1.50");
  EXPECT_EQ(s[0].origin.column, 10);
  EXPECT_EQ(s[1].integer, 64 << 20);
  EXPECT_EQ(s[2].integer, 2);
  EXPECT_EQ(s[3].integer, 3);
  EXPECT_EQ(s[4].kind, StatementKind::explore_mechanisms);
  EXPECT_EQ(s[5].kind, StatementKind::explore_hardening);
  EXPECT_EQ(s[6].kind, StatementKind::fix_harden);
  EXPECT_EQ(s[6].components, std::vector<int>{1});
  EXPECT_EQ(s[6].names, (Names{"asan", "cfi"}));
  EXPECT_EQ(s[6].origin.text, "lwip: [cfi, asan]");
  EXPECT_EQ(s[7].names, Names{"verified"});
  EXPECT_EQ(s[8].pairs, (Pairs{{0, 1}}));
  EXPECT_EQ(s[8].level, Level{5});
  EXPECT_EQ(spec.explored_mechanisms, (std::vector<bool>{true, false, false, false, false, true}));
  EXPECT_EQ(spec.explored_hardening, (std::vector<bool>{false, true, false, false}));
  EXPECT_EQ(spec.top, 7);
  EXPECT_EQ(spec.objective, Objective::safest);
}

TEST(Load, Profile) {
  const Spec spec =
      load(five("profile:\n  base: 41250.5\n  calls: {redis: {lwip: 12.5, redis: "
                "4}, lwip: {redis: 0.25}}\n  work: {lwip: 9000}\n"));
  ASSERT_TRUE(spec.profile.has_value());
  EXPECT_EQ(spec.profile->base.to_string(), "41250.5");
  ASSERT_EQ(spec.profile->calls.size(), 2U);  // not those of a component to itself
  EXPECT_EQ(spec.profile->calls.at({0, 1}).to_string(), "12.5");
  EXPECT_EQ(spec.profile->calls.at({1, 0}).to_string(), "0.25");
  EXPECT_EQ(spec.profile->work.size(), 5U);
  EXPECT_EQ(spec.profile->work[1], Decimal(9000));
  EXPECT_EQ(spec.profile->work[0], Decimal(0));
}

TEST(Load, Weights) {
  const Spec spec = load(five("weights: {risk: {lwip: 2.5}, asset: {redis: 0}}\n"));
  EXPECT_EQ(spec.risk[1].to_string(), "2.5");
  EXPECT_EQ(spec.asset[0], Decimal(0));
  EXPECT_EQ(spec.asset[1], Decimal(1));
}

TEST(Load, PresetAddsStatementsAndYieldsToTheSpec) {
  const Spec spec = load(
      "flexos: 1\npreset: microkernel\ncomponents: [redis, lwip]\n"
      "explore: {mechanisms: [none, pt, vm]}\n"
      "security: [{isolate: [redis, lwip], at_least: vm}]\n");
  ASSERT_EQ(spec.statements.size(), 3U);
  EXPECT_EQ(spec.statements[0].names, (Names{"none", "pt", "vm"}));
  EXPECT_EQ(spec.statements[1].level, Level{5});
  EXPECT_EQ(spec.statements[2].level, Level{4});
  EXPECT_TRUE(spec.statements[2].origin.file.ends_with("presets/microkernel.yaml"));
  EXPECT_EQ(spec.statements[2].origin.text, "isolate: [\"*\"] at_least: pt");
}

TEST(Load, UnquotedSignatureWithDirections) {
  const Spec spec = load(
      "flexos: 1\ncomponents:\n  - component: a\n    behavior: {calls: []}\n    api:\n"
      "      - send(int s, const void* buf [in: len], void* back [out: len], size_t len) -> int\n"
      "      - recv(void* buf [inout: 16])\n");
  const auto& api = spec.components[0].api;
  ASSERT_EQ(api.size(), 2U);
  EXPECT_EQ(api[0].parameters[2].length, "len");
  EXPECT_NE(api[0].signature.find("[in: len]"), std::string::npos);
  EXPECT_EQ(api[1].parameters[0].direction, Parameter::Direction::inout);
}

TEST(Load, JsonWithTabs) {
  const Spec spec = load(
      "{\n\t\"flexos\":1,\n\t\"components\": [\n\t\t\"redis\",\n\t\t{\"lwip\": "
      "{\"untrusted\":true}}\n\t],\"name\":\"a\\u00e4\\/b\"\n}\n");
  EXPECT_EQ(spec.name, "a\xc3\xa4/b");
  EXPECT_TRUE(spec.components[1].untrusted);
}

TEST(Load, StatementTextOfManyLines) {
  const Spec spec =
      load(five("security:\n  - protect: redis   # the store\n"
                "    # kept from the network\n    from:\n      - lwip\n"
                "      - vfs # and files\n\n  - together: [vfs, ramfs]\n"));
  ASSERT_EQ(spec.statements.size(), 2U);
  EXPECT_EQ(spec.statements[0].origin.text, "protect: redis from: - lwip - vfs");
  EXPECT_EQ(spec.statements[1].origin.text, "together: [vfs, ramfs]");
}

TEST(Load, AllErrorsInOneRunInOrder) {
  const Loaded loaded = load_spec_text(
      five("secrity: []\nbudget: {vms: 0}\nexplore: {top: x}\nsecurity:\n"
           "  - isolate: [lwip, rdeis]\n  - isolate: [vfs, rdeis]\n  - harden: lwip\n"),
      "t.yaml", kLibrary);
  EXPECT_FALSE(loaded.spec.has_value());
  std::vector<std::string> codes;
  int line = 0;
  for (const Diagnostic& d : loaded.diagnostics) {
    codes.push_back(d.code);
    EXPECT_GE(d.line, line);
    line = d.line;
  }
  // The second use of the unknown name is not said again.
  EXPECT_EQ(codes, (Names{"unknown-key", "out-of-range", "wrong-type", "unknown-component",
                          "missing-key"}));
}

TEST(Load, BrokenComponentIsNotReportedAgainWhereItIsUsed) {
  const Loaded loaded = load_spec_text(
      "flexos: 1\ncomponents: [redis, zlib]\nsecurity:\n  - isolate: [redis, zlib]\n"
      "weights: {risk: {zlib: 2}}\n",
      "t.yaml", kLibrary);
  EXPECT_EQ(loaded.diagnostics.size(), 1U);
}

TEST(Load, IsDeterministic) {
  const std::string text = five("security:\n  - isolate: [a, b]\nbudget: {x: 1, y: 2}\n");
  const std::string once = render(load_spec_text(text, "t", kLibrary).diagnostics, false);
  EXPECT_EQ(once, render(load_spec_text(text, "t", kLibrary).diagnostics, false));
}

TEST(Load, FilesThatCannotBeRead) {
  const auto code = [](const std::filesystem::path& file) {
    const Loaded loaded = load_spec(file, kLibrary);
    EXPECT_EQ(loaded.diagnostics.size(), 1U);
    return loaded.diagnostics.empty() ? "" : loaded.diagnostics[0].code;
  };
  EXPECT_EQ(code("/no/such/spec.yaml"), "missing-file");
  EXPECT_EQ(code("/"), "cannot-read");
  EXPECT_EQ(code("/dev/null"), "empty-file");
  EXPECT_EQ(code("/dev/zero"), "too-large");
}

TEST(Load, ShippedFilesSayNothing) {
  const std::filesystem::path root = FLEXOS_SOURCE_DIR;
  if (!std::filesystem::exists(root / "examples")) GTEST_SKIP();
  for (const auto& entry : std::filesystem::directory_iterator(root / "examples")) {
    if (entry.path().extension() != ".yaml") continue;
    const Loaded loaded = load_spec(entry.path(), {root / "specs"});
    EXPECT_EQ(render(loaded.diagnostics, false), "");
    EXPECT_TRUE(loaded.spec.has_value());
  }
}

}  // namespace
}  // namespace flexos
