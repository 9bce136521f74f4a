#include "solver/layout.h"

#include <algorithm>
#include <tuple>

#include "solver/test_specs.h"

namespace flexos {
namespace {

Instance instance_of(const Spec& spec) {
  BuiltInstance built = build_instance(spec);
  EXPECT_FALSE(built.error.has_value());
  return std::move(built.instance);
}

std::vector<Solution> all_of(const Instance& in, const std::vector<Rung>& rungs) {
  std::vector<Solution> result;
  enumerate(in, rungs, [&](const Solution& s) {
    result.push_back(s);
    return true;
  });
  return result;
}

bool inside(const Instance& in, const std::vector<Rung>& rungs) {
  for (std::size_t p = 0; p < in.pairs(); ++p) {
    if (rungs[p] < in.lower[p] || rungs[p] > in.upper[p]) return false;
  }
  return true;
}

TEST(Layout, EnumeratesAllThatTheJudgeAcceptsInOrderOfCost) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    Spec spec = test::parse(test::random_spec(seed, 3));
    // Budgets are the search's affair, not the layout's.
    std::erase_if(spec.statements,
                  [](const Statement& s) { return s.kind == StatementKind::budget_slowdown; });
    const Instance in = instance_of(spec);
    if (in.infeasible) continue;
    std::vector<Configuration> found;
    for (const auto& rungs : test::ultrametrics(3, static_cast<int>(in.levels.size()))) {
      if (!inside(in, rungs) || !within_limits(in, rungs)) continue;
      const std::vector<Solution> list = all_of(in, rungs);
      for (std::size_t k = 0; k < list.size(); ++k) {
        EXPECT_EQ(list[k].cost, cost_of(in, list[k]));
        EXPECT_EQ(list[k].risk, risk_of(in, list[k]));
        if (k > 0) {
          EXPECT_LE(std::tie(list[k - 1].cost, list[k - 1].risk),
                    std::tie(list[k].cost, list[k].risk));
        }
        found.push_back(to_configuration(in, list[k]));
      }
      const auto first = cheapest(in, rungs);
      ASSERT_EQ(first.has_value(), !list.empty()) << "seed " << seed;
      if (first) {
        EXPECT_EQ(first->cost, list.front().cost);
      }
    }
    const std::vector<Configuration> expected = test::admissible(spec);
    EXPECT_EQ(found.size(), expected.size()) << "seed " << seed;  // none twice
    EXPECT_EQ(test::texts(spec, found), test::texts(spec, expected)) << "seed " << seed;
  }
}

TEST(Layout, StopsWhenTold) {
  const Spec spec = test::parse(test::random_spec(3, 3));
  const Instance in = instance_of(spec);
  int seen = 0;
  enumerate(in, std::vector<Rung>(in.pairs(), in.top_rung()),
            [&](const Solution&) { return ++seen < 5; });
  EXPECT_EQ(seen, 5);
}

TEST(Layout, CoResidentsDecideWhichOptionsAreLeft) {
  // `b` lets nobody call but f; `a` calls anything until cfi holds it to its graph.
  const Spec spec = test::parse(R"(flexos: 1
components:
  - component: a
    behavior: {reads: [own], writes: [own]}
    calls: {b: [f]}
  - component: b
    behavior: {reads: [own], writes: [own], calls: []}
    requires: {calls: [f]}
    api: [f, g]
)" + std::string(test::kDefinitions));
  const Instance in = instance_of(spec);
  EXPECT_EQ(all_of(in, {1}).size(), 16U);  // {asan, cfi} x {asan, cfi}
  const std::vector<Solution> joined = all_of(in, {0});
  EXPECT_EQ(joined.size(), 8U);
  const std::uint64_t cfi = 2;
  for (const Solution& s : joined) EXPECT_NE(to_configuration(in, s).hardening[0] & cfi, 0U);
  ASSERT_TRUE(classes_of_layout(in, {0}).has_value());
  EXPECT_NE((*classes_of_layout(in, {0}))[0], in.all_classes(0));
}

TEST(Layout, AStepApartIsAFinerLayout) {
  int steps = 0;
  int none = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const Instance in = instance_of(test::parse(test::random_spec(seed, 4)));
    if (in.infeasible) continue;
    const auto gates = [&](const std::vector<Rung>& rungs) {
      Units sum = 0;
      for (std::size_t p = 0; p < in.pairs(); ++p) sum += in.gate[p][rungs[p]];
      return sum;
    };
    std::vector<std::vector<Rung>> layouts;
    for (const auto& rungs : test::ultrametrics(4, static_cast<int>(in.levels.size()))) {
      if (inside(in, rungs) && within_limits(in, rungs)) layouts.push_back(rungs);
    }
    for (const auto& rungs : layouts) {
      bool any = false;
      bool one = false;
      const auto step = cheapest_step_apart(in, rungs);
      for (const auto& finer : layouts) {
        if (finer == rungs) continue;
        bool apart = true;
        for (std::size_t p = 0; p < in.pairs(); ++p) apart = apart && finer[p] >= rungs[p];
        if (!apart) continue;
        const Units extra = std::max(Units{0}, gates(finer) - gates(rungs));
        any = true;
        one = one || (step && extra == *step);
      }
      if (step) {
        ++steps;
        EXPECT_TRUE(one) << "seed " << seed;  // it costs what some finer layout costs
      } else if (!any) {
        ++none;
      }
    }
  }
  EXPECT_GT(steps, 1000);
  EXPECT_GT(none, 20);
}

TEST(Layout, NoOptionLeftIsNoSolution) {
  const Spec spec = test::parse(R"(flexos: 1
components:
  - component: a
    hardening: {allow: []}
  - component: b
    behavior: {reads: [own], writes: [own], calls: []}
    requires: {writes: [shared]}
)" + std::string(test::kDefinitions));
  const Instance in = instance_of(spec);
  EXPECT_FALSE(classes_of_layout(in, {0}).has_value());
  EXPECT_FALSE(cheapest(in, {0}).has_value());
  EXPECT_TRUE(all_of(in, {0}).empty());
  EXPECT_TRUE(cheapest(in, {1}).has_value());
}

}  // namespace
}  // namespace flexos
