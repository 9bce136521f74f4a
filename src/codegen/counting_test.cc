#include "codegen/counting.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "codegen/gates.h"
#include "spec/load.h"

namespace flexos {
namespace {

constexpr const char* kSpec = R"(
flexos: 1
application: app
components:
  - component: app
  - component: lib
    api: ["lib_put(const void* buf [in: n], int n) -> int", "lib_add(int a, int b) -> int", lib_data, setjmp]
    build: {sources: [src/kernel/components/lib/*.c], leaf: [lib_pure]}
  - component: heap
    api: ["heap_get(size_t n) -> void*"]
)";

Spec spec() {
  Loaded loaded = load_spec_text(kSpec, "test.yaml", Library{FLEXOS_SOURCE_DIR "/specs"});
  return std::move(*loaded.spec);
}

std::vector<Part> parts() {
  std::vector<Part> list(3);
  list[0].name = "app";
  list[0].exports = {"app_main"};
  list[0].imports = {"lib_put",  "lib_add",       "lib_pure",      "lib_data",      "setjmp",
                     "heap_get", "platform_exit", "platform_idle", "flexos_measure"};
  list[0].optional = {"flexos_measure"};
  list[0].type_ids = {{"lib_add", 0x1234}};
  list[0].main = "app_main";
  list[1].name = "lib";
  list[1].exports = {"lib_put", "lib_add", "lib_pure", "lib_data", "setjmp"};
  list[1].imports = {"heap_get"};
  list[1].leaf = {"lib_pure"};
  list[2].name = "heap";
  list[2].exports = {"heap_get"};
  list[2].replicate = true;
  return list;
}

Plan planned(const Spec& s, Level level = 0) {
  Part runtime;
  runtime.name = "rt";
  runtime.exports = {"rt_init"};
  Part shadow;
  shadow.name = "asan_heap";
  Configuration c;
  c.hardening.assign(3, 0);
  c.variants.assign(3, 0);
  c.levels.assign(3, 0);
  c.levels[static_cast<std::size_t>(pair_index(0, 1))] = level;
  c.levels[static_cast<std::size_t>(pair_index(2, 1))] = level;
  const PlanResult result =
      make_plan(s, c, parts(), runtime, shadow, {"platform_exit", "platform_idle"});
  return result.plan;
}

bool is_function(int /*component*/, const std::string& symbol) { return symbol != "lib_data"; }

std::string target_of(const Plan& plan, const std::string& object, const std::string& symbol) {
  for (const Binding& b : plan.bindings) {
    if (b.object == object && b.symbol == symbol) return b.target;
  }
  return "unbound";
}

const Counted* stub_of(const Plan& plan, const std::string& symbol) {
  const auto found = std::find_if(plan.counted.begin(), plan.counted.end(),
                                  [&](const Counted& c) { return c.symbol == symbol; });
  return found == plan.counted.end() ? nullptr : &*found;
}

TEST(Counting, EveryCallBetweenComponentsGoesThroughAStub) {
  const Spec s = spec();
  Plan plan = planned(s);
  ASSERT_TRUE(add_counting(plan, s, is_function));
  EXPECT_TRUE(plan.counting);
  const Counted* heap = stub_of(plan, target_of(plan, "lib", "heap_get"));
  ASSERT_NE(heap, nullptr);
  EXPECT_EQ(heap->target, "def.heap.1.heap_get");
  EXPECT_FALSE(heap->edge);  // an instance: would cross nothing
  const Counted* leaf = stub_of(plan, target_of(plan, "app", "lib_pure"));
  ASSERT_NE(leaf, nullptr);
  EXPECT_FALSE(leaf->edge);
  EXPECT_EQ(leaf->caller, 0);
  EXPECT_EQ(leaf->callee, 1);
}

TEST(Counting, DataAndFunctionsThatReturnTwiceHaveNone) {
  const Spec s = spec();
  Plan plan = planned(s);
  ASSERT_TRUE(add_counting(plan, s, is_function));
  EXPECT_EQ(target_of(plan, "app", "lib_data"), "def.lib.lib_data");
  EXPECT_EQ(target_of(plan, "app", "setjmp"), "def.lib.setjmp");
}

TEST(Counting, BuffersGoThroughTheMarshallerAndAStubBehindIt) {
  const Spec s = spec();
  Plan plan = planned(s);
  ASSERT_TRUE(add_counting(plan, s, is_function));
  const Counted* put = stub_of(plan, target_of(plan, "app", "lib_put"));
  ASSERT_NE(put, nullptr);
  EXPECT_TRUE(put->copied);
  EXPECT_EQ(put->target, "def.lib_marshal.1.lib_put");
  const auto behind = std::find_if(plan.counted.begin(), plan.counted.end(), [](const Counted& c) {
    return c.marshaller == "lib_marshal.1";
  });
  ASSERT_NE(behind, plan.counted.end());
  EXPECT_EQ(behind->target, "def.lib.lib_put");
  EXPECT_EQ(std::count_if(plan.instances.begin(), plan.instances.end(),
                          [](const Replica& r) { return r.object == "lib_marshal"; }),
            1);
}

TEST(Counting, NothingIsCopiedWhereDataIsShared) {
  Spec s = spec();
  s.sharing = Sharing::dss;
  Plan plan = planned(s);
  ASSERT_TRUE(add_counting(plan, s, is_function));
  const Counted* put = stub_of(plan, target_of(plan, "app", "lib_put"));
  ASSERT_NE(put, nullptr);
  EXPECT_TRUE(put->edge);
  EXPECT_FALSE(put->copied);
}

TEST(Counting, TypesStandInFrontOfStubs) {
  const Spec s = spec();
  Plan plan = planned(s);
  ASSERT_TRUE(add_counting(plan, s, is_function));
  EXPECT_EQ(target_of(plan, "app", "lib_add"), "typed.app.lib_add");
  ASSERT_EQ(plan.typed.size(), 1U);
  EXPECT_NE(stub_of(plan, plan.typed[0].target), nullptr);
}

/// What count_idle does with the stamp is three instructions of the source.
TEST(Counting, NobodyIsChargedForWaiting) {
  const Spec s = spec();
  Plan plan = planned(s);
  ASSERT_TRUE(add_counting(plan, s, is_function));
  EXPECT_EQ(target_of(plan, "app", "platform_idle"), "count_idle");
  const std::string source = counting_source(plan, s, 8);
  const std::size_t from = source.find("\ncount_idle:\n");
  ASSERT_NE(from, std::string::npos);
  const std::string idle = source.substr(from, source.find(".size count_idle", from) - from);
  const std::size_t waits = idle.find("call platform_idle");
  ASSERT_NE(waits, std::string::npos);
  EXPECT_NE(idle.find("addq %rax, count_stamp(%rip)", waits), std::string::npos) << idle;
}

TEST(Counting, ThreadsAreTheApplications) {
  const Spec s = spec();
  Plan plan = planned(s);
  ASSERT_TRUE(add_counting(plan, s, is_function));
  const std::string source = counting_source(plan, s, 8);
  const std::string account = fmt::format(", count_account.{}, ", plan.application);
  for (int thread = 0; thread < 8; ++thread) {
    EXPECT_NE(source.find(fmt::format(".quad count_frames.{}{}", thread, account)),
              std::string::npos);
  }
}

TEST(Counting, TheEndPrintsAndTheApplicationMayMark) {
  const Spec s = spec();
  Plan plan = planned(s);
  ASSERT_TRUE(add_counting(plan, s, is_function));
  EXPECT_EQ(target_of(plan, "app", "platform_exit"), "count_exit");
  EXPECT_EQ(target_of(plan, "app", "flexos_measure"), "def.count.1.flexos_measure");
  const std::string source = counting_source(plan, s, 8);
  for (const Counted& c : plan.counted) {
    EXPECT_NE(source.find("\n" + c.symbol + ":\n"), std::string::npos) << c.symbol;
  }
}

TEST(Counting, OtherImagesHaveNoneOfThis) {
  const Spec s = spec();
  const Plan plan = planned(s);
  EXPECT_EQ(counting_source(plan, s, 8), "");
  EXPECT_EQ(target_of(plan, "app", "flexos_measure"), "0");
}

TEST(Counting, GatesAreNotCountedThisWay) {
  const Spec s = spec();
  Plan plan = planned(s, 1);
  EXPECT_FALSE(add_counting(plan, s, is_function));
}

}  // namespace
}  // namespace flexos
