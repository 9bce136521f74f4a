#include "codegen/plan.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "codegen/gates.h"
#include "codegen/marshal.h"
#include "codegen/script.h"
#include "spec/load.h"

namespace flexos {
namespace {

constexpr const char* kSpec = R"spec(
flexos: 1
application: app
components:
  - component: app
  - component: lib
    api: ["lib_put(const void* buf [in: n], int n) -> int", "lib_add(int a, int b) -> int", lib_bare,
          "lib_get(void* buf [out: n], size_t n) -> ssize_t",
          "lib_walk(int (*visit)(const void* item [in: n], int n), void (*done)(int code) [lifetime: once], int n)",
          "lib_many(int a, int b, int c, int d, int e, int f, int g, int h) -> int", "lib_pure(int a) -> int"]
  - component: heap
    api: ["heap_get(size_t n) -> void*"]
)spec";

Spec spec() {
  Loaded loaded = load_spec_text(kSpec, "test.yaml", Library{FLEXOS_SOURCE_DIR "/specs"});
  for (const Diagnostic& d : loaded.diagnostics) {
    if (d.severity == Severity::error) ADD_FAILURE() << render(d, false);
  }
  return std::move(*loaded.spec);
}

int level_of(const Spec& s, const std::string& name) {
  for (std::size_t l = 0; l < s.mechanisms.size(); ++l) {
    if (s.mechanisms[l].name == name) return static_cast<int>(l);
  }
  ADD_FAILURE() << name;
  return 0;
}

std::vector<Part> parts() {
  std::vector<Part> list(3);
  list[0] = {.name = "app",
             .exports = {"app_main"},
             .imports = {"lib_put", "lib_add", "heap_get"},
             .type_ids = {},
             .leaf = {},
             .replicate = false,
             .sets_errno = false,
             .checks_types = false,
             .main = "app_main"};
  list[1] = {
      .name = "lib",
      .exports = {"lib_put", "lib_add", "lib_bare", "lib_get", "lib_many", "lib_pure", "lib_walk"},
      .imports = {"heap_get", "platform_clock"},
      .type_ids = {},
      .leaf = {"lib_pure"},
      .replicate = false,
      .sets_errno = true,
      .checks_types = false,
      .main = ""};
  list[2] = {.name = "heap",
             .exports = {"heap_get"},
             .imports = {"heap_start"},
             .type_ids = {},
             .leaf = {},
             .replicate = true,
             .sets_errno = false,
             .checks_types = false,
             .main = ""};
  return list;
}

const Part kRuntime{.name = "rt",
                    .exports = {"rt_init", "__errno_location"},
                    .imports = {},
                    .type_ids = {},
                    .leaf = {},
                    .replicate = true,
                    .sets_errno = false,
                    .checks_types = false,
                    .main = ""};
const Part kShadowHeap = [] {
  Part part;
  part.name = "asan_heap";
  return part;
}();
const std::vector<std::string> kPlatform = {"platform_clock", "platform_fault", "platform_exit"};

/// app | lib by `mechanism`; heap with app.
Configuration layout(const Spec& s, const std::string& mechanism) {
  Configuration c;
  c.hardening.assign(3, 0);
  c.variants.assign(3, 0);
  c.levels.assign(3, 0);
  const auto level = static_cast<Level>(level_of(s, mechanism));
  c.levels[static_cast<std::size_t>(pair_index(0, 1))] = level;
  c.levels[static_cast<std::size_t>(pair_index(2, 1))] = level;
  return c;
}

Plan plan(const std::string& mechanism, const std::vector<Part>& list = parts()) {
  const Spec s = spec();
  PlanResult result = make_plan(s, layout(s, mechanism), list, kRuntime, kShadowHeap, kPlatform);
  for (const PlanError& e : result.errors) ADD_FAILURE() << e.message;
  return result.plan;
}

std::string error(const std::string& mechanism, const std::vector<Part>& list) {
  const Spec s = spec();
  const PlanResult result =
      make_plan(s, layout(s, mechanism), list, kRuntime, kShadowHeap, kPlatform);
  return result.errors.empty() ? "" : result.errors.front().message;
}

const Binding& binding(const Plan& p, const std::string& object, const std::string& symbol) {
  const auto found = std::find_if(p.bindings.begin(), p.bindings.end(), [&](const Binding& b) {
    return b.object == object && b.symbol == symbol;
  });
  if (found == p.bindings.end()) {
    ADD_FAILURE() << object << "." << symbol;
    return p.bindings.front();
  }
  return *found;
}

TEST(Plan, OneCompartmentHasPlainCallsAndNoKeys) {
  const Plan p = plan("none");
  EXPECT_FALSE(p.keys);
  EXPECT_TRUE(p.gates.empty());
  EXPECT_EQ(p.compartments.size(), 1U);
  EXPECT_EQ(p.compartments[0].pkru, 0U);
  EXPECT_EQ(binding(p, "app", "lib_put").target, "def.lib.lib_put");
}

TEST(Plan, AFullBoundaryHasAGateAndItsOwnStack) {
  const Plan p = plan("mpk.full");
  ASSERT_EQ(p.compartments.size(), 2U);
  EXPECT_EQ(p.domains.size(), 2U);
  // Key 0 is everybody's; each may use its own besides.
  EXPECT_EQ(p.compartments[0].pkru, 0xfffffff0U);
  EXPECT_EQ(p.compartments[1].pkru, 0xffffffccU);
  ASSERT_EQ(p.gates.size(), 2U);
  EXPECT_TRUE(p.gates[0].full);
  EXPECT_TRUE(p.gates[0].carries_errno);
  EXPECT_EQ(binding(p, "app", "lib_add").target, "gate.1.2.lib.lib_add");
  // Buffers go through the caller's marshaller.
  EXPECT_EQ(binding(p, "app", "lib_put").target, "def.lib_marshal.1.lib_put");
  EXPECT_TRUE(std::any_of(p.instances.begin(), p.instances.end(), [](const Replica& i) {
    return i.object == "lib_marshal" && i.compartment == 1;
  }));
}

TEST(Plan, ALightBoundarySharesAStackUnderAKeyOfItsOwn) {
  const Plan p = plan("mpk.light");
  ASSERT_EQ(p.domains.size(), 1U);
  EXPECT_EQ(p.domains[0].key, 3);
  EXPECT_EQ(p.compartments[0].pkru, 0xffffff30U);  // keys 0, 1 and 3
  EXPECT_FALSE(p.gates[0].full);
}

TEST(Plan, AReplicatedComponentHasAnInstanceWhereItIsCalled) {
  const Plan p = plan("mpk.full");
  EXPECT_EQ(binding(p, "app", "heap_get").target, "def.heap.1.heap_get");
  EXPECT_EQ(binding(p, "lib", "heap_get").target, "def.heap.2.heap_get");
  EXPECT_EQ(binding(p, "heap.2", "heap_start").target, "heap_start.2");
}

TEST(Plan, ALeafFunctionRunsInItsCallersDomain) {
  auto list = parts();
  list[0].imports = {"lib_pure"};
  list[1].reach["lib_pure"] = {};
  const Plan p = plan("mpk.full", list);
  // An instance of `lib` in the caller's compartment, of which only this function is needed.
  EXPECT_EQ(binding(p, "app", "lib_pure").target, "def.lib.1.lib_pure");
  EXPECT_EQ(binding(p, "lib.1", "platform_clock").how, How::absent);
  EXPECT_EQ(p.compartments[0].services, 0U);
  EXPECT_TRUE(p.gates.empty());
}

TEST(Plan, ServicesFollowWhatTheCompartmentsComponentsImport) {
  const Plan p = plan("mpk.full");
  EXPECT_EQ(p.compartments[0].services, 0U);
  EXPECT_EQ(p.compartments[1].services, 2U);  // the clock
}

TEST(Plan, WhatNobodyDeclaredIsAnErrorThatNamesAll) {
  auto list = parts();
  list[0].imports = {"lib_secret"};
  EXPECT_EQ(error("mpk.full", list),
            "`app` refers to `lib_secret`, which no component of the spec exports");
  list[1].exports.push_back("lib_secret");
  EXPECT_EQ(error("mpk.full", list),
            "`app` calls `lib_secret` of `lib` across a compartment boundary, which is not in the "
            "`api` of lib");
  list[0].imports = {"lib_bare"};
  EXPECT_EQ(error("mpk.full", list),
            "`app` calls `lib_bare` of `lib` across a compartment boundary, but its api gives no "
            "signature, so no gate can carry it");
  EXPECT_EQ(error("none", list), "");
}

TEST(Plan, OnLinuxAKeyIsThePlatformsOwn) {
  Plan p;
  for (int k = 1; k <= 14; ++k) {
    Compartment c;
    c.number = k;
    c.key = k;
    p.compartments.push_back(c);
  }
  EXPECT_FALSE(check_keys(p, "linux"));
  p.domains.push_back({.number = 1, .compartments = {1, 2}, .key = 15});  // a shared stack
  EXPECT_FALSE(check_keys(p, "qemu"));
  const auto error = check_keys(p, "linux");
  ASSERT_TRUE(error);
  EXPECT_NE(error->message.find("14 compartments and their shared stacks need 15"),
            std::string::npos);
  EXPECT_NE(error->hint.find("keys: 14"), std::string::npos);
}

TEST(Plan, OtherMechanismsAreRefusedByName) {
  EXPECT_EQ(error("pt", parts()),
            "mechanism `pt` has no backend in this version: no image can be built");
  EXPECT_EQ(error("vm", parts()),
            "mechanism `vm` has no backend in this version: no image can be built");
}

TEST(Plan, AnAddressTakenUnderKcfiCarriesTheCallersTypeHash) {
  auto list = parts();
  list[0].type_ids = {{"lib_add", 0x12345678}};
  const Plan p = plan("mpk.full", list);
  ASSERT_EQ(p.typed.size(), 1U);
  EXPECT_EQ(p.typed[0].target, "gate.1.2.lib.lib_add");
  EXPECT_EQ(binding(p, "app", "lib_add").target, "typed.app.lib_add");
}

TEST(Plan, ACallbackIsAGateInTheOtherDirection) {
  auto list = parts();
  list[0].imports = {"lib_walk"};
  EXPECT_TRUE(plan("none", list).callbacks.empty());
  for (const char* mechanism : {"mpk.light", "mpk.full"}) {
    const Plan p = plan(mechanism, list);
    ASSERT_EQ(p.callbacks.size(), 2U);
    const Callback& visit = p.callbacks[0];
    EXPECT_EQ(visit.symbol, "callback.2.1.lib.lib_walk.visit");
    EXPECT_TRUE(visit.copies);
    EXPECT_FALSE(p.callbacks[1].copies);
    const auto gate = std::find_if(p.gates.begin(), p.gates.end(),
                                   [&](const Gate& g) { return g.symbol == visit.gate; });
    ASSERT_NE(gate, p.gates.end());
    EXPECT_EQ(gate->from, 2);
    EXPECT_EQ(gate->to, 1);
    EXPECT_EQ(gate->full, std::string(mechanism) == "mpk.full");
    EXPECT_EQ(gate->arguments, 3);  // and which binding
    EXPECT_EQ(gate->target, "def.lib_marshal.1.land_lib_walk__visit");
    // One instance to hand over and to land in, one to carry the buffers back.
    EXPECT_EQ(std::count_if(p.instances.begin(), p.instances.end(),
                            [](const Replica& i) { return i.object == "lib_marshal"; }),
              2);
  }
}

std::size_t count(const std::string& text, const std::string& piece) {
  std::size_t n = 0;
  for (std::size_t i = text.find(piece); i != std::string::npos; i = text.find(piece, i + 1)) ++n;
  return n;
}

TEST(Gates, EveryRightThatIsSetIsCheckedAndNoneImagesSetNone) {
  const Spec s = spec();
  for (const char* mechanism : {"none", "mpk.light", "mpk.full"}) {
    const std::string text = gates_source(s, plan(mechanism), kRuntime, parts(), {}, {}, Sizes{});
    EXPECT_EQ(count(text, "    wrpkru\n    cmpl $0x"), count(text, "wrpkru\n")) << mechanism;
    EXPECT_EQ(count(text, "wrpkru\n") == 0, std::string(mechanism) == "none");
  }
}

TEST(Gates, BelowEachThreadsStackOnePageIsNotThere) {
  const Spec s = spec();
  const auto list = parts();
  const Plan p = plan("mpk.full", list);
  const Sizes sizes{.stack = 0x10000, .threads = 3};
  const std::string text = gates_source(s, p, kRuntime, list, {}, {}, sizes);
  for (const StackDomain& d : p.domains) {
    for (const char* region :
         {"{0} + 4096, stack_start.{0} + 65536\n", "{0} + 69632, stack_start.{0} + 131072\n",
          "{0} + 135168, stack_start.{0} + 196608\n"}) {
      const std::string line =
          "    .quad stack_start." + fmt::format(fmt::runtime(region), d.number);
      EXPECT_EQ(count(text, line), 1U) << line;
    }
  }
}

TEST(Gates, StackWordsAreCarriedByBothKinds) {
  const Spec s = spec();
  auto list = parts();
  list[0].imports = {"lib_many"};
  const std::string full = gates_source(s, plan("mpk.full", list), kRuntime, list, {}, {}, Sizes{});
  EXPECT_NE(full.find("movq 80(%rsp), %rbx"), std::string::npos);
  EXPECT_NE(full.find("movq 88(%rsp), %rbp"), std::string::npos);
  const std::string light =
      gates_source(s, plan("mpk.light", list), kRuntime, list, {}, {}, Sizes{});
  EXPECT_EQ(count(light, "pushq 24(%rsp)"), 2U);
}

TEST(Gates, AStubShowsItsTypeAndLooksForItsOwner) {
  const Spec s = spec();
  auto list = parts();
  list[0].imports = {"lib_walk"};
  Plan p = plan("mpk.full", list);
  for (Callback& c : p.callbacks) c.type_id = 0x12345678;
  const std::string text = gates_source(s, p, kRuntime, list, {}, {}, Sizes{});
  EXPECT_EQ(count(text, "0x12345678\n"), 32U);
  EXPECT_EQ(count(text, "cmpb $0, started.2(%rip)\n    movl $"), 32U);
  EXPECT_EQ(count(text, "jmp def.lib_marshal.2.cross_lib_walk__visit"), 16U);
  EXPECT_EQ(count(text, "jmp gate.2.1.lib.lib_walk.done"), 16U);
  EXPECT_EQ(count(text, ".quad gate.2.1.lib.lib_walk.visit"), 1U);
}

TEST(Script, CallbacksAreBoundOnBothSidesAndCodeHasBounds) {
  auto list = parts();
  list[0].imports = {"lib_walk"};
  const Plan p = plan("mpk.full", list);
  const std::string text =
      linker_script(p, {}, "gates.o", {"platform.o", "start", "", ""},
                    {{"lib_marshal", {{"lib_walk"}, {"lib_walk__visit"}}}}, Sizes{});
  const std::string one = "ref.lib_marshal.1.";
  const std::string two = "ref.lib_marshal.2.";
  EXPECT_EQ(count(text, one + "stubs_lib_walk__visit = callback.2.1.lib.lib_walk.visit;"), 1U);
  EXPECT_EQ(count(text, one + "peer_lib_walk__visit = window_start.2;"), 1U);
  EXPECT_EQ(count(text, one + "code_end = code_end.1;"), 1U);
  EXPECT_EQ(count(text, two + "gates_lib_walk__visit = gates.2.lib.lib_walk.visit;"), 1U);
  EXPECT_EQ(count(text, two + "stubs_lib_walk__visit = 0;"), 1U);
  EXPECT_LT(text.find("code_start.2 = ."), text.find(".text.callback.2"));
  EXPECT_LT(text.find(".text.callback.2"), text.find("code_end.2 = ."));
}

TEST(Marshal, LengthsAreOfTheirOwnWidthAndResultsNeverExceedThem) {
  const Spec s = spec();
  const std::string text = marshaller_source(s.components[1]);
  EXPECT_NE(text.find("buf_length = buf == 0 ? 0 : (word)(int)n;"), std::string::npos) << text;
  EXPECT_NE(text.find("result < buf_length ? result : buf_length"), std::string::npos) << text;
  EXPECT_EQ(text.find("lib_add"), std::string::npos);  // nothing to carry
}

TEST(Script, EachReferenceIsBoundOnce) {
  const Plan p = plan("mpk.full");
  const std::string text = linker_script(p, {}, "gates.o", {"platform.o", "start", "", ""},
                                         {{"lib_marshal", {{"lib_put", "lib_get"}, {}}}}, Sizes{});
  EXPECT_EQ(count(text, "ref.app.lib_put = def.lib_marshal.1.lib_put;"), 1U);
  EXPECT_EQ(count(text, "ref.lib_marshal.1.gate_lib_put = gate.1.2.lib.lib_put;"), 1U);
  // Nobody calls it here: whoever jumps to it all the same is stopped.
  EXPECT_EQ(count(text, "ref.lib_marshal.1.gate_lib_get = gate_forged;"), 1U);
}

}  // namespace
}  // namespace flexos
