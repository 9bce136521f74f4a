#include "solver/search.h"

#include <algorithm>

#include "solver/test_specs.h"

namespace flexos {
namespace {

Instance instance_of(const Spec& spec) {
  BuiltInstance built = build_instance(spec);
  EXPECT_FALSE(built.error.has_value());
  return std::move(built.instance);
}

std::vector<Configuration> configurations(const Instance& in, const SearchResult& result) {
  std::vector<Configuration> list;
  for (const Solution& s : result.solutions) list.push_back(to_configuration(in, s));
  return list;
}

SearchResult run(const Instance& in, int top) {
  SearchRequest request;
  request.top = top;
  return search(in, request);
}

TEST(Search, TopNAreTheCheapestThereAre) {
  int infeasible = 0;
  for (std::uint64_t seed = 100; seed < 160; ++seed) {
    const Spec spec = test::parse(test::random_spec(seed, 3));
    const Instance in = instance_of(spec);
    std::vector<Decimal> expected;
    for (const Configuration& c : test::admissible(spec)) expected.push_back(test::cost(spec, c));
    std::sort(expected.begin(), expected.end());
    for (const int top : {1, 7}) {
      const SearchResult result = run(in, top);
      EXPECT_TRUE(result.complete);
      EXPECT_EQ(result.exhausted, expected.size() <= result.solutions.size()) << "seed " << seed;
      ASSERT_EQ(result.solutions.size(), std::min(expected.size(), test::at(top))) << seed;
      const auto found = configurations(in, result);
      EXPECT_EQ(test::texts(spec, found).size(), found.size()) << "seed " << seed;
      for (std::size_t k = 0; k < found.size(); ++k) {
        EXPECT_TRUE(judge(spec, found[k]).admissible) << "seed " << seed;
        EXPECT_EQ(test::cost(spec, found[k]), expected[k]) << "seed " << seed << " place " << k;
      }
      if (!found.empty()) {
        EXPECT_EQ(result.lower_bound, result.solutions.front().cost) << "seed " << seed;
      }
    }
    infeasible += expected.empty() ? 1 : 0;
  }
  EXPECT_GT(infeasible, 0);
  EXPECT_LT(infeasible, 40);
}

TEST(Search, EverythingIsFoundWhereEverythingIsAskedFor) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Spec spec = test::parse(test::random_spec(seed, 3));
    const Instance in = instance_of(spec);
    const SearchResult result = run(in, 1'000'000);
    EXPECT_TRUE(result.complete && result.exhausted);
    const auto expected = test::admissible(spec);
    EXPECT_EQ(result.solutions.size(), expected.size()) << "seed " << seed;
    EXPECT_EQ(test::texts(spec, configurations(in, result)), test::texts(spec, expected));
  }
}

TEST(Search, OnePerLayoutIsTheCheapestOfEach) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Spec spec = test::parse(test::random_spec(seed, 3));
    const Instance in = instance_of(spec);
    std::map<std::vector<Level>, Decimal> expected;
    for (const Configuration& c : test::admissible(spec)) {
      const Decimal cost = test::cost(spec, c);
      const auto [known, fresh] = expected.emplace(c.levels, cost);
      if (!fresh && cost < known->second) known->second = cost;
    }
    SearchRequest request;
    request.top = 1000;
    request.one_per_layout = true;
    const SearchResult result = search(in, request);
    ASSERT_EQ(result.solutions.size(), expected.size()) << "seed " << seed;
    for (const Configuration& c : configurations(in, result)) {
      ASSERT_TRUE(expected.contains(c.levels));
      EXPECT_EQ(test::cost(spec, c), expected[c.levels]) << "seed " << seed;
    }
  }
}

TEST(Search, AnyFindsOneIffThereIsOne) {
  for (std::uint64_t seed = 100; seed < 160; ++seed) {
    const Spec spec = test::parse(test::random_spec(seed, 3));
    const Instance in = instance_of(spec);
    SearchRequest request;
    request.any = true;
    const SearchResult result = search(in, request);
    EXPECT_EQ(result.solutions.empty(), test::admissible(spec).empty()) << "seed " << seed;
    if (result.solutions.empty()) {
      EXPECT_TRUE(result.complete);
    }
    for (const Configuration& c : configurations(in, result)) {
      EXPECT_TRUE(judge(spec, c).admissible) << "seed " << seed;
    }
  }
}

TEST(Search, EqualInputsGiveEqualAnswers) {
  const Spec spec = test::parse(test::random_spec(5, 5));
  const Instance in = instance_of(spec);
  const SearchResult a = run(in, 25);
  const SearchResult b = run(in, 25);
  ASSERT_EQ(a.solutions.size(), b.solutions.size());
  for (std::size_t k = 0; k < a.solutions.size(); ++k) {
    EXPECT_EQ(a.solutions[k].rungs, b.solutions[k].rungs);
    EXPECT_EQ(a.solutions[k].options, b.solutions[k].options);
  }
  EXPECT_EQ(a.stats.nodes, b.stats.nodes);
}

TEST(Search, AnInterruptedSearchClaimsNothingItHasNotProved) {
  const std::atomic<bool> interrupted{true};
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const Spec spec = test::parse(test::random_spec(seed, 4));
    const Instance in = instance_of(spec);
    const SearchResult whole = run(in, 1);
    SearchRequest request;
    request.top = 1;
    request.deadline.interrupted = &interrupted;
    const SearchResult cut = search(in, request);
    ASSERT_TRUE(whole.complete);
    if (whole.solutions.empty()) {
      EXPECT_TRUE(cut.solutions.empty()) << "seed " << seed;
      continue;
    }
    const Units optimum = whole.solutions.front().cost;
    EXPECT_LE(cut.lower_bound, optimum) << "seed " << seed;
    if (cut.complete) {
      ASSERT_EQ(cut.solutions.size(), 1U) << "seed " << seed;
      EXPECT_EQ(cut.solutions.front().cost, optimum) << "seed " << seed;
    }
    for (const Configuration& c : configurations(in, cut)) {
      EXPECT_TRUE(judge(spec, c).admissible) << "seed " << seed;
    }
  }
}

TEST(Search, TheBudgetIsInclusive) {
  const auto cheapest = [](const std::string& slowdown) {
    std::string text = test::harmless({"a", "b"});
    text.append("security:\n  - isolate: [a, b]\n")
        .append("profile: {base: 1000, calls: {a: {b: 1}}, work: {}}\n")
        .append("budget: {slowdown: ")
        .append(slowdown)
        .append("}\n")
        .append(test::kDefinitions);
    return run(instance_of(test::parse(text)), 1);
  };
  EXPECT_EQ(cheapest("1.062").solutions.size(), 1U);  // 62 cycles more than 1000
  const SearchResult none = cheapest("1.061999999");
  EXPECT_TRUE(none.solutions.empty());
  EXPECT_TRUE(none.complete && none.exhausted);
}

TEST(Search, WhatCostsExactlyTheBudgetIsListed) {
  // Together costs nothing, apart 62 cycles: the budget, which no good start meets first.
  const auto listed_apart = [](const std::string& slowdown) {
    std::string text = test::harmless({"a", "b"});
    text.append("profile: {base: 1000, calls: {a: {b: 1}}, work: {}}\n")
        .append("budget: {slowdown: ")
        .append(slowdown)
        .append("}\n")
        .append(test::kDefinitions);
    int apart = 0;
    for (const Solution& s : run(instance_of(test::parse(text)), 100000).solutions) {
      if (s.rungs.front() > 0) ++apart;
    }
    return apart;
  };
  EXPECT_GT(listed_apart("1.062"), 0);
  EXPECT_EQ(listed_apart("1.061999999"), 0);
}

TEST(Search, KeysBindEvenWhereCostsDoNotAskForFewer) {
  // Three components pairwise apart; an address space holds two compartments.
  const std::string text =
      test::harmless({"a", "b", "c"}) +
      "security:\n  - isolate: [a, b, c]\n"
      "budget: {keys: 2}\n"
      "profile: {base: 1000, calls: {a: {b: 5, c: 1}, b: {c: 3}}, work: {}}\n" +
      test::kDefinitions;
  const Spec spec = test::parse(text);
  const Instance in = instance_of(spec);
  const SearchResult result = run(in, 1);
  ASSERT_EQ(result.solutions.size(), 1U);
  // c leaves the address space: a|b by keys, c by the cheaper of pt and vm.
  const Configuration best = to_configuration(in, result.solutions.front());
  EXPECT_EQ(best.level(0, 1), 1);
  EXPECT_EQ(best.level(0, 2), 3);
  EXPECT_EQ(test::cost(spec, best), Decimal(5 * 62 + 4 * 462));
}

}  // namespace
}  // namespace flexos
