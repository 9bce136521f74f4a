#include "codegen/attack_oracle.h"

#include <gtest/gtest.h>

#include <set>

#include "codegen/attack.h"
#include "spec/load.h"

namespace flexos {
namespace {

using Kind = AttackVerdict::Kind;

Spec spec(const std::string& sharing = "copy") {
  Loaded loaded = load_spec_text(
      "flexos: 1\napplication: a\ncomponents: [{component: a}, {component: b}, {component: c}]\n"
      "explore: {sharing: " +
          sharing + "}\n",
      "test.yaml", Library{FLEXOS_SOURCE_DIR "/specs"});
  for (const Diagnostic& d : loaded.diagnostics) {
    if (d.severity == Severity::error) ADD_FAILURE() << render(d, false);
  }
  return std::move(*loaded.spec);
}

Level level(const Spec& s, const std::string& name) {
  for (std::size_t l = 0; l < s.mechanisms.size(); ++l) {
    if (s.mechanisms[l].name == name) return static_cast<Level>(l);
  }
  ADD_FAILURE() << name;
  return 0;
}

/// a and b part by one mechanism, c from both by the other.
Configuration layout(const Spec& s, const std::string& ab, const std::string& c) {
  Configuration configuration;
  configuration.hardening.assign(3, 0);
  configuration.variants.assign(3, 0);
  configuration.levels.assign(3, level(s, c));
  configuration.levels[static_cast<std::size_t>(pair_index(0, 1))] = level(s, ab);
  return configuration;
}

std::string answer(const Spec& s, const Configuration& c, Attack attack, int attacker, int victim,
                   const std::string& platform = "qemu") {
  return text_of(promise(s, c, platform, attack, attacker, victim).verdict);
}

TEST(AttackOracle, NothingStandsBetweenComponentsOfOneCompartment) {
  const Spec s = spec();
  const Configuration c = layout(s, "none", "none");
  for (const Attack a :
       {Attack::read_data, Attack::write_data, Attack::read_heap, Attack::write_stack,
        Attack::call_private, Attack::registers_of_caller, Attack::stack_of_callee}) {
    EXPECT_EQ(answer(s, c, a, 1, 1), "open") << facts(a).name;
  }
  EXPECT_EQ(answer(s, c, Attack::return_half, 1, 1), "-");
}

TEST(AttackOracle, WhatHoldsWhateverTheConfigurationIs) {
  const Spec s = spec();
  for (const char* mechanism : {"none", "mpk.light", "mpk.full"}) {
    const Configuration c = layout(s, mechanism, mechanism);
    const int n = static_cast<int>(compartments_of(s, c).size());
    EXPECT_EQ(answer(s, c, Attack::write_text, 1, n), "page/w");
    EXPECT_EQ(answer(s, c, Attack::write_rodata, 1, n), "page/w");
    EXPECT_EQ(answer(s, c, Attack::execute_data, 1, n), "page/x");
    EXPECT_EQ(answer(s, c, Attack::execute_stack, 1, n), "page/x");
    EXPECT_EQ(answer(s, c, Attack::own_wrpkru, 1, 0), "page/x");
    EXPECT_EQ(answer(s, c, Attack::privileged_cr3, 1, 0), "gp");
    EXPECT_EQ(answer(s, c, Attack::direct_syscall, 1, 0), "syscall");
  }
}

TEST(AttackOracle, LightGatesShareStackAndRegistersAndNothingElse) {
  const Spec s = spec();
  const Configuration c = layout(s, "mpk.light", "mpk.light");
  EXPECT_EQ(answer(s, c, Attack::read_data, 1, 2), "pkey/r");
  EXPECT_EQ(answer(s, c, Attack::write_heap, 1, 2), "pkey/w");
  EXPECT_EQ(answer(s, c, Attack::read_stack, 1, 2), "open");
  EXPECT_EQ(answer(s, c, Attack::return_half, 1, 2), "open");
  EXPECT_EQ(answer(s, c, Attack::vectors_of_callee, 1, 2), "open");
  EXPECT_EQ(answer(s, c, Attack::past_check, 1, 2), "pkey");
}

TEST(AttackOracle, AMixIsJudgedPairByPair) {
  const Spec s = spec();
  const Configuration c = layout(s, "mpk.light", "mpk.full");
  EXPECT_EQ(answer(s, c, Attack::read_stack, 1, 2), "open");
  EXPECT_EQ(answer(s, c, Attack::read_stack, 1, 3), "pkey/r");
  EXPECT_EQ(answer(s, c, Attack::read_stack, 3, 2), "pkey/r");
  EXPECT_EQ(answer(s, c, Attack::registers_of_caller, 2, 1), "open");
  EXPECT_EQ(answer(s, c, Attack::registers_of_caller, 3, 1), "held");
  EXPECT_EQ(answer(s, c, Attack::return_half, 3, 1), "gate");
}

TEST(AttackOracle, AnsweringInPlaceTakesThreeAndAFullGateToTheOneInWhosePlace) {
  const Spec s = spec();
  const Configuration mixed = layout(s, "mpk.light", "mpk.full");
  EXPECT_EQ(answer(s, layout(s, "mpk.light", "mpk.light"), Attack::answer_in_place, 1, 2), "-");
  EXPECT_EQ(answer(s, layout(s, "mpk.full", "mpk.full"), Attack::answer_in_place, 1, 2), "open");
  EXPECT_EQ(third_between(s, mixed, 1, 2), 3);
  EXPECT_EQ(third_between(s, mixed, 3, 1), 0);  // 1 and 2 share a stack: return-half is about that
  EXPECT_EQ(third_between(s, mixed, 1, 1), 0);
}

TEST(AttackOracle, CallbacksAreStoppedByWhateverKindOfGate) {
  const Spec s = spec();
  for (const char* mechanism : {"mpk.light", "mpk.full"}) {
    const Configuration c = layout(s, mechanism, mechanism);
    EXPECT_EQ(answer(s, c, Attack::callback_late, 1, 2), "callback");
    EXPECT_EQ(answer(s, c, Attack::callback_foreign, 1, 2), "pkey");
    EXPECT_EQ(answer(s, c, Attack::callback_type, 1, 2), "cfi");
    EXPECT_EQ(answer(s, c, Attack::callback_raw, 1, 1), "-");
    EXPECT_EQ(answer(spec("dss"), c, Attack::callback_raw, 1, 2), "-");
    EXPECT_EQ(answer(spec("dss"), c, Attack::callback_code, 1, 2), "callback");
    EXPECT_EQ(answer(s, c, Attack::callback_third, 1, 2), "pkey");
  }
  const Configuration two = layout(s, "none", "mpk.full");
  EXPECT_EQ(answer(s, two, Attack::callback_third, 1, 2), "-");
}

TEST(AttackOracle, FullNeverAllowsWhatLightRefuses) {
  const Spec s = spec();
  const Configuration light = layout(s, "mpk.light", "mpk.light");
  const Configuration full = layout(s, "mpk.full", "mpk.full");
  for (int a = 0; a < kAttacks; ++a) {
    const auto attack = static_cast<Attack>(a);
    const int victim = is_on_platform(attack) ? 0 : 2;
    const std::string on_light = answer(s, light, attack, 1, victim);
    if (on_light != "open" && on_light != "-") {
      EXPECT_NE(answer(s, full, attack, 1, victim), "open") << facts(attack).name;
    }
  }
}

TEST(AttackOracle, WhatDependsOnThePlatformAndOnSharing) {
  const Spec s = spec();
  const Configuration none = layout(s, "none", "none");
  const Configuration full = layout(s, "mpk.full", "mpk.full");
  EXPECT_EQ(answer(s, none, Attack::platform_read, 1, 0, "qemu"), "page/r");
  EXPECT_EQ(answer(s, none, Attack::platform_read, 1, 0, "linux"), "open");
  EXPECT_EQ(answer(s, full, Attack::platform_read, 1, 0, "linux"), "pkey/r");
  EXPECT_EQ(answer(s, full, Attack::deputy, 1, 2), "pkey");
  EXPECT_EQ(answer(spec("dss"), full, Attack::deputy, 1, 2), "-");
}

TEST(AttackOracle, EveryAttackHasANameOfItsOwnAndEveryPromiseAReason) {
  const Spec s = spec();
  const Configuration c = layout(s, "mpk.light", "mpk.full");
  std::set<std::string_view> names;
  for (int a = 0; a < kAttacks; ++a) {
    const auto attack = static_cast<Attack>(a);
    EXPECT_TRUE(names.insert(facts(attack).name).second) << facts(attack).name;
    EXPECT_FALSE(facts(attack).what.empty());
    for (int victim = 1; victim <= 3; ++victim) {
      const Promise p = promise(s, c, "qemu", attack, 1, is_on_platform(attack) ? 0 : victim);
      EXPECT_FALSE(p.why.empty()) << facts(attack).name;
      EXPECT_EQ(p.verdict.kind == Kind::stopped, !p.verdict.faults.empty()) << facts(attack).name;
    }
  }
}

TEST(AttackCell, AgreesOnlyWhereTheEndIsThePromisedOne) {
  AttackCell cell;
  cell.arguments = "attack 1 1";
  cell.promise.verdict = {Kind::stopped, {"pkey", "gate"}};
  cell.observed = {Kind::stopped, {"pkey/w"}};
  EXPECT_TRUE(cell.agrees());  // a promise without the access is about any
  cell.promise.verdict.faults = {"pkey/r"};
  EXPECT_FALSE(cell.agrees());
  cell.observed = {Kind::open, {}};
  EXPECT_FALSE(cell.agrees());
  cell.observed = {};  // it never ran
  EXPECT_FALSE(cell.agrees());
  cell.arguments.reset();
  EXPECT_TRUE(cell.agrees());
}

}  // namespace
}  // namespace flexos
