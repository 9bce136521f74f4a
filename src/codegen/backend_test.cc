#include "codegen/backend.h"

#include <gtest/gtest.h>

#include "codegen/plan.h"
#include "spec/load.h"

namespace flexos {
namespace {

constexpr const char* kText = R"(flexos: 1
name: t
application: app
components:
  - component: app
    behavior: {reads: [own], writes: [own], calls: []}
    api: [app_main]
    build: {sources: [src/kernel/a.cc], main: app_main}
  - component: lib
    behavior: {reads: [own], writes: [own], calls: []}
    api: [f]
    variants:
      fast: {build: {sources: [src/kernel/d.cc]}, safer_than: [verified]}
      verified: {}
      exact: {safer_than: [verified], build: {sources: [src/kernel/c.cc]}}
    build: {sources: [src/kernel/b.cc], leaf: [f]}
)";

Spec spec_of(const std::string& more = "") {
  const Loaded loaded =
      load_spec_text(kText + more, "t.yaml", Library{std::string(FLEXOS_SOURCE_DIR) + "/specs"});
  EXPECT_TRUE(loaded.spec.has_value()) << render(loaded.diagnostics, false);
  return loaded.spec.value_or(Spec{});
}

std::vector<std::string> explored(const Spec& spec) {
  std::vector<std::string> names;
  for (std::size_t l = 0; l < spec.mechanisms.size(); ++l) {
    if (spec.explored_mechanisms[l]) names.push_back(spec.mechanisms[l].name);
  }
  return names;
}

TEST(Buildable, LeavesOutWhatNoImageCanHold) {
  const Buildable b = buildable(spec_of(), "qemu");
  EXPECT_TRUE(b.missing.empty());
  EXPECT_EQ(explored(b.spec), (std::vector<std::string>{"none", "mpk.light", "mpk.full"}));
  EXPECT_EQ(b.left_out, (std::vector<std::string>{"mechanism `pt`", "mechanism `vm`",
                                                  "variant `verified` of `lib`"}));
  const std::vector<Variant>& variants = b.spec.components[1].variants;
  ASSERT_EQ(variants.size(), 3U);
  EXPECT_EQ(variants[1].name, "fast");
  EXPECT_EQ(variants[2].name, "exact");
  // What was safer than the one that went is safer than what that one was safer than.
  EXPECT_EQ(variants[2].safer_than, (std::vector<std::string>{"default"}));
  // Another implementation has the component's interface.
  EXPECT_EQ(variants[2].build->leaf, (std::vector<std::string>{"f"}));
}

TEST(Buildable, WhatTheSpecPinsStays) {
  const Buildable b = buildable(spec_of("explore: {fix: {variants: {lib: verified}}}\n"), "qemu");
  EXPECT_EQ(b.spec.components[1].variants.size(), 4U);
}

TEST(Buildable, SaysWhatIsMissing) {
  Spec spec = spec_of();
  spec.components[1].build.reset();
  const Buildable b = buildable(spec, "qemu");
  ASSERT_EQ(b.missing.size(), 1U);
  EXPECT_NE(b.missing.front().message.find("`lib`"), std::string::npos);
  spec = spec_of();
  spec.application = "lib";
  EXPECT_EQ(buildable(spec, "qemu").missing.size(), 1U);
  spec.application.clear();
  EXPECT_EQ(buildable(spec, "qemu").missing.size(), 1U);
}

/// The list of this file is the weaver's: it refuses exactly the others.
TEST(Buildable, AgreesWithTheWeaver) {
  const Spec spec = spec_of("explore: {mechanisms: [none, mpk.light, mpk.full, pt, vm, cheri]}\n");
  std::vector<Part> parts(2);
  parts[0].name = "app";
  parts[0].exports = {"app_main"};
  parts[0].main = "app_main";
  parts[1].name = "lib";
  for (std::size_t l = 0; l < spec.mechanisms.size(); ++l) {
    Configuration c{.levels = {static_cast<Level>(l)}, .hardening = {0, 0}, .variants = {0, 0}};
    const PlanResult plan = make_plan(spec, c, parts, {}, {}, {});
    bool refused = false;
    for (const PlanError& e : plan.errors) {
      refused |= e.message.find("no backend") != std::string::npos;
    }
    EXPECT_NE(weaves(spec.mechanisms[l]), refused) << spec.mechanisms[l].name;
  }
}

}  // namespace
}  // namespace flexos
