#include "spec/spec_reader.h"

#include <gtest/gtest.h>

#include "spec/load.h"

namespace flexos {
namespace {

const Library kLibrary{std::filesystem::path(FLEXOS_SOURCE_DIR) / "tests/diagnostics/library"};
constexpr const char* kHead = "flexos: 1\ncomponents: [redis, lwip, vfs, ramfs, sched]\n";

Loaded load(const std::string& rest) { return load_spec_text(kHead + rest, "t.yaml", kLibrary); }

Spec good(const std::string& rest) {
  Loaded loaded = load(rest);
  EXPECT_TRUE(loaded.spec) << render(loaded.diagnostics, false);
  return loaded.spec.value_or(Spec());
}

TEST(Profile, CountsCyclesUnlessItSaysOtherwise) {
  const Spec spec = good("profile: {base: 100}\n");
  EXPECT_EQ(spec.profile->clock, CostClock::cycles);
  EXPECT_EQ(spec.profile->platform, "");
  EXPECT_EQ(spec.mechanisms[1].gate_copy, Decimal(62));
  EXPECT_EQ(spec.mechanisms[1].gate_source, GateSource::specs);
}

TEST(Profile, ItsPlatformSaysTheClock) {
  const std::string gates = "gates: {mpk.light: 22, mpk.full: 101, pt: 1, vm: 1}\n";
  EXPECT_EQ(good(gates + "profile: {base: 1, platform: qemu/tcg/instructions}\n").profile->clock,
            CostClock::instructions);
  EXPECT_EQ(good("profile: {base: 1, platform: linux/native/cycles}\n").profile->clock,
            CostClock::cycles);
}

TEST(Profile, InInstructionsGatesCostInstructions) {
  const Spec spec = good(
      "define: {mechanisms: {mpk.light: {instructions: {copy: 22, dss: 20}}, mpk.full: "
      "{instructions: 101}}}\n"
      "explore: {mechanisms: [none, mpk.light, mpk.full]}\n"
      "profile: {base: 100, clock: instructions}\n");
  EXPECT_EQ(spec.mechanisms[0].gate_copy, Decimal(0));
  EXPECT_EQ(spec.mechanisms[1].gate_copy, Decimal(22));
  EXPECT_EQ(spec.mechanisms[1].gate_dss, Decimal(20));
  EXPECT_EQ(spec.mechanisms[2].gate_copy, Decimal(101));
  EXPECT_EQ(spec.mechanisms[2].gate_source, GateSource::spec);
}

TEST(Profile, GatesOfTheSpecAreInItsClock) {
  const Spec spec = good(
      "gates: {mpk.light: 30}\nexplore: {mechanisms: [none, mpk.light]}\n"
      "profile: {base: 100, clock: instructions}\n");
  EXPECT_EQ(spec.mechanisms[1].gate_copy, Decimal(30));
  EXPECT_EQ(spec.mechanisms[1].gate_source, GateSource::spec);
}

TEST(Profile, WhatHasNoCostInInstructionsIsLeftOut) {
  const Loaded loaded =
      load("gates: {mpk.light: 22, mpk.full: 101}\nprofile: {base: 100, clock: instructions}\n");
  ASSERT_TRUE(loaded.spec);
  EXPECT_EQ(loaded.spec->explored_mechanisms,
            (std::vector<bool>{true, true, true, false, false, false}));
  ASSERT_EQ(loaded.diagnostics.size(), 1U);
  EXPECT_EQ(loaded.diagnostics[0].code, "no-gate-cost");
  EXPECT_NE(loaded.diagnostics[0].message.find("`pt`, `vm`"), std::string::npos);
}

TEST(Profile, CopyingIsPaidWhereSharingIsByCopy) {
  const std::string profile = "profile: {base: 100, copy: {redis: {lwip: 350.5}}}\n";
  const Spec copies = good(profile);
  EXPECT_EQ(copy_cost(copies, 0, 1).to_string(), "350.5");
  EXPECT_EQ(copy_cost(copies, 1, 0), Decimal(0));
  EXPECT_EQ(copy_cost(good("explore: {sharing: dss}\n" + profile), 0, 1), Decimal(0));
}

TEST(Profile, MeasuredFactorsGoBeforeDefaultsAndBehindTheSpec) {
  const Loaded loaded = load_spec_text(
      "flexos: 1\ncomponents:\n  - redis: {hardening: {slowdown: {asan: 3}}}\n  - lwip\n"
      "profile: {base: 100, hardening: {redis: {asan: 2.5, cfi: 1.25}, lwip: {asan: 1.75}}}\n",
      "t.yaml", kLibrary);
  ASSERT_TRUE(loaded.spec) << render(loaded.diagnostics, false);
  const auto& components = loaded.spec->components;
  EXPECT_EQ(components[0].slowdown.at("asan"), Decimal(3));
  EXPECT_EQ(components[0].slowdown.at("cfi").to_string(), "1.25");
  EXPECT_EQ(components[1].slowdown.at("asan").to_string(), "1.75");
}

}  // namespace
}  // namespace flexos
