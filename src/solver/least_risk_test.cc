#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>

#include "solver/test_specs.h"
#include "solver/tradeoff.h"

namespace flexos {
namespace {

SearchResult one_a_layout(const Instance& instance, int top) {
  SearchRequest ask;
  ask.top = top;
  ask.one_per_layout = true;
  return least_risk(instance, ask);
}

/// What stands for a layout is the first of all that are built with it.
TEST(LeastRisk, OneALayoutIsItsFirst) {
  int layouts = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Spec spec = test::parse(test::random_spec(seed, 3));
    const BuiltInstance built = build_instance(spec);
    ASSERT_FALSE(built.error);
    SearchRequest all;
    all.top = 1'000'000;
    const SearchResult everything = least_risk(built.instance, all);
    ASSERT_EQ(everything.solutions.size(), test::admissible(spec).size());
    std::map<std::vector<Rung>, std::pair<Units, Units>> first;
    for (const Solution& s : everything.solutions) {
      first.try_emplace(s.rungs, s.risk, s.cost);
    }
    std::vector<std::pair<Units, Units>> order;
    for (const auto& [_, value] : first) order.push_back(value);
    std::sort(order.begin(), order.end());
    for (const int top : {2, 1'000'000}) {
      const SearchResult found = one_a_layout(built.instance, top);
      EXPECT_TRUE(found.complete);
      EXPECT_EQ(found.solutions.size(), std::min<std::size_t>(first.size(), test::at(top)));
      for (std::size_t k = 0; k < found.solutions.size(); ++k) {
        const Solution& s = found.solutions[k];
        EXPECT_EQ(std::pair(s.risk, s.cost), first.at(s.rungs)) << "seed " << seed;
        EXPECT_EQ(std::pair(s.risk, s.cost), order[k]) << "seed " << seed;
      }
      layouts += static_cast<int>(found.solutions.size());
    }
  }
  EXPECT_GT(layouts, 200);
}

/// 32 ways to build a component.
constexpr const char* kWays = R"(
explore: {mechanisms: [none, fence], hardening: [p, q, r, s, t]}
define:
  mechanisms: {fence: {level: 15, strength: 65, gate: 80, memory: 64KiB, backend: true}}
  hardening:
    p: {strength: 10, slowdown: 1.1}
    q: {strength: 11, slowdown: 1.2}
    r: {strength: 12, slowdown: 1.3}
    s: {strength: 13, slowdown: 1.4}
    t: {strength: 14, slowdown: 1.5}
)";

/// Twelve components: 2^60 of a layout.
Spec many_ways() {
  return test::parse(test::harmless({"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"}) +
                     kWays);
}

TEST(LeastRisk, OfALayoutWithManyWaysToBuildOnlyTheFirstIsFormed) {
  const Spec spec = many_ways();
  const BuiltInstance built = build_instance(spec);
  ASSERT_FALSE(built.error);
  EXPECT_EQ(one_a_layout(built.instance, 3).solutions.size(), 3U);  // or it would not end
}

TEST(LeastRisk, EndsInTheMiddleOfALayout) {
  const Spec spec = many_ways();
  const BuiltInstance built = build_instance(spec);
  ASSERT_FALSE(built.error);
  SearchRequest ask;
  ask.top = 2'000'000'000;  // never full: it would look at everything
  ask.deadline.at = std::chrono::steady_clock::now() + std::chrono::milliseconds(50);
  EXPECT_FALSE(least_risk(built.instance, ask).complete);
}

/// A deadline that has passed leaves little, but not nothing: and it ends.
TEST(Tradeoff, TooLateIsNotNothing) {
  std::vector<std::string> names;
  for (int i = 0; i < 60; ++i) names.push_back("c" + std::to_string(i));
  const Spec spec = test::parse(test::harmless(names) + kWays);
  const BuiltInstance built = build_instance(spec);
  ASSERT_FALSE(built.error);
  const std::atomic<bool> interrupted = true;
  const Deadline late{.at = std::chrono::steady_clock::time_point::max(),
                      .interrupted = &interrupted};
  TradeoffRequest tradeoff_request;
  tradeoff_request.deadline = late;
  const TradeoffResult frontier = tradeoff(built.instance, tradeoff_request);
  EXPECT_FALSE(frontier.complete);
  EXPECT_FALSE(frontier.points.empty());
  MaximalRequest maximal_request;
  maximal_request.deadline = late;
  maximal_request.option_at_least = [](int, const Option& b, const Option& a) {
    return (a.hardening & ~b.hardening) == 0;
  };
  const TradeoffResult safest = maximal(built.instance, maximal_request);
  EXPECT_FALSE(safest.complete);
  EXPECT_FALSE(safest.exact);
  EXPECT_FALSE(safest.points.empty());
  SearchRequest least_request;
  least_request.deadline = late;
  const SearchResult least = least_risk(built.instance, least_request);
  EXPECT_FALSE(least.complete);
  EXPECT_FALSE(least.solutions.empty());
}

}  // namespace
}  // namespace flexos
