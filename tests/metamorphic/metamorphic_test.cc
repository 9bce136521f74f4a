#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <numeric>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "harness.h"
#include "model/order.h"
#include "solver/compartments.h"
#include "solver/explain.h"
#include "solver/frontier.h"
#include "solver/judge.h"
#include "solver/rank.h"
#include "solver/safest.h"
#include "transform.h"

// Specs too large to enumerate: what must hold between the answers to a spec and to a changed one.

namespace flexos::metamorphic {
namespace {

using oracle::Rational;
using oracle::rational;

constexpr int kTop = 8;
constexpr std::uint64_t kSpecs = 16;

std::vector<Rational> costs(const Spec& spec, const std::vector<Configuration>& answers) {
  std::vector<Rational> result;
  for (const Configuration& c : answers) {
    const Evaluation e = judge(spec, c);
    EXPECT_TRUE(e.admissible) << e.violations.front().message;
    result.push_back(rational(e.cost_exact));
  }
  return result;
}

/// A question that takes longer says nothing here; how long it may take is bench/'s matter.
Deadline patience() {
  return {std::chrono::steady_clock::now() + std::chrono::seconds(1), nullptr};
}

Ranking ranked(const Spec& spec, int top = kTop, Objective objective = Objective::fastest) {
  RankRequest request;
  request.top = top;
  request.objective = objective;
  request.certify = Certify::never;
  request.deadline = patience();
  Ranking ranking = rank(spec, request);
  EXPECT_FALSE(ranking.error) << *ranking.error;
  EXPECT_EQ(ranking.feasible, !ranking.configurations.empty());
  return ranking;
}

/// nullopt where time ran out.
std::optional<std::vector<Rational>> best_costs(const Spec& spec) {
  const Ranking ranking = ranked(spec);
  if (!ranking.optimal) return std::nullopt;
  return costs(spec, ranking.configurations);
}

/// The k-th of `tighter` is no cheaper than the k-th of `before`.
void expect_no_better(const std::optional<std::vector<Rational>>& undecided,
                      const std::vector<Rational>& before) {
  if (!undecided) return;
  const std::vector<Rational>& tighter = *undecided;
  EXPECT_LE(tighter.size(), before.size());
  for (std::size_t k = 0; k < std::min(tighter.size(), before.size()); ++k) {
    EXPECT_GE(tighter[k], before[k]) << "place " << k + 1;
  }
}

class Metamorphic : public testing::TestWithParam<std::uint64_t> {
 protected:
  void SetUp() override {
    oracle::Shape shape;
    shape.min_components = 8;
    shape.max_components = 12;
    shape.gentle = true;
    shape.max_configurations = 1e18;
    shape.profile_always = true;
    text_ = oracle::random_spec(7000 + GetParam(), shape);
    std::string error;
    auto spec = oracle::read(text_, &error);
    ASSERT_TRUE(spec) << error;
    spec_ = std::move(*spec);
    // So that any slowdown is a decimal and a budget can meet it exactly.
    spec_.profile->base = 100000;
    static std::map<std::uint64_t, Ranking> known;
    const auto [answer, fresh] = known.try_emplace(GetParam());
    if (fresh) answer->second = ranked(spec_);
    if (!answer->second.optimal) GTEST_SKIP() << "not decided in time";
    answers_ = answer->second.configurations;
    costs_ = costs(spec_, answers_);
  }

  void expect_same(const Spec& spec) const {
    const auto found = best_costs(spec);
    EXPECT_EQ(found.value_or(costs_), costs_);
  }

  void TearDown() override {
    if (HasFailure()) std::printf("%s", text_.c_str());
  }

  int n() const { return spec_.size(); }

  std::string text_;
  Spec spec_;
  std::vector<Configuration> answers_;
  std::vector<Rational> costs_;
};

TEST_P(Metamorphic, NamesDoNotMatter) { expect_same(renamed(spec_)); }

TEST_P(Metamorphic, OrderDoesNotMatter) {
  std::vector<int> order(static_cast<std::size_t>(n()));
  std::iota(order.begin(), order.end(), 0);
  std::mt19937_64 random(GetParam());
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random() % i]);
  const Spec other = permuted(spec_, order);
  const Ranking ranking = ranked(other);
  if (!ranking.optimal) GTEST_SKIP() << "not decided in time";
  const std::vector<Configuration>& answers = ranking.configurations;
  EXPECT_EQ(costs(other, answers), costs_);
  for (std::size_t k = 0; k < answers.size(); ++k) {
    const Configuration same = unpermuted(answers[k], order);
    EXPECT_EQ(rational(judge(spec_, same).cost_exact), costs_[k]);
    EXPECT_EQ(configuration_id(spec_, same), configuration_id(other, answers[k]));
  }
}

TEST_P(Metamorphic, CostsScale) {
  for (const char* factor : {"7", "0.125"}) {
    const Spec other = scaled(spec_, *Decimal::parse(factor));
    std::vector<Rational> expected;
    for (const Rational& cost : costs_) expected.push_back(cost * rational(factor));
    const Ranking ranking = ranked(other);
    if (!ranking.optimal) GTEST_SKIP() << "not decided in time";
    const std::vector<Configuration>& answers = ranking.configurations;
    EXPECT_EQ(costs(other, answers), expected);
    EXPECT_EQ(answers, answers_) << "the same configurations, scaled by " << factor;
  }
}

TEST_P(Metamorphic, RedundantStatementsDoNotMatter) {
  Spec other = with(spec_, isolate(0, 1, 0));
  other = with(other, limit(StatementKind::budget_memory, std::int64_t{1} << 50));
  other = with(other, limit(StatementKind::budget_vms, n()));
  other = with(other, limit(StatementKind::budget_keys, n()));
  other = with(other, slowdown_limit(1000000));
  for (const Statement& s : spec_.statements) other = with(other, s);
  expect_same(other);
}

TEST_P(Metamorphic, WhatAllAnswersObeyCostsNothing) {
  if (answers_.empty()) return;
  Spec other = spec_;
  for (int i = 0; i < n(); ++i) {
    for (int j = 0; j < i; ++j) {
      Level least = answers_[0].level(i, j);
      for (const Configuration& c : answers_) least = std::min(least, c.level(i, j));
      other = with(other, isolate(i, j, least));
    }
  }
  expect_same(other);
}

TEST_P(Metamorphic, TighterBudgetsGiveNoBetter) {
  for (const auto& [kind, most] : {std::pair{StatementKind::budget_vms, 1},
                                   {StatementKind::budget_keys, 2},
                                   {StatementKind::budget_memory, 300 * 1024}}) {
    expect_no_better(best_costs(with(spec_, limit(kind, most))), costs_);
  }
  for (int i = 1; i < n(); ++i) {
    if (answers_.empty() || answers_[0].level(i - 1, i) != 0) continue;
    expect_no_better(best_costs(with(spec_, isolate(i - 1, i, 1))), costs_);
    break;
  }
}

TEST_P(Metamorphic, ABudgetIsInclusive) {
  if (answers_.empty()) return;
  const Decimal cost = *Decimal::parse(judge(spec_, answers_.front()).cost_exact);
  const auto slowdown = [&](const Decimal& c) {
    return *multiply(*add(c, spec_.profile->base), *Decimal::parse("0.00001"));
  };
  if (cost < Decimal(0)) return;  // the language has no budget below 1
  const Ranking exact = ranked(with(spec_, slowdown_limit(slowdown(cost))));
  if (!exact.optimal) GTEST_SKIP() << "not decided in time";
  EXPECT_EQ(costs(spec_, exact.configurations),
            std::vector<Rational>(std::count(costs_.begin(), costs_.end(), costs_.front()),
                                  costs_.front()));
  const Decimal less = *subtract(cost, *Decimal::make(1, 15));
  EXPECT_FALSE(ranked(with(spec_, slowdown_limit(slowdown(less)))).feasible);
}

TEST_P(Metamorphic, PinningTheAnswerGivesIt) {
  if (answers_.empty()) return;
  for (const Configuration& c : {answers_.front(), answers_.back()}) {
    const Spec all = pinned(spec_, c, false);
    const Ranking ranking = ranked(all);
    EXPECT_EQ(ranking.configurations, std::vector<Configuration>{c});
    EXPECT_TRUE(ranking.optimal);
    EXPECT_TRUE(ranking.exhausted);
  }
  const Spec levels = pinned(spec_, answers_.front(), true);
  const Ranking ranking = ranked(levels, 1);
  EXPECT_TRUE(ranking.optimal);
  EXPECT_EQ(costs(levels, ranking.configurations).front(), costs_.front());
}

TEST_P(Metamorphic, TakingAStatementBackGivesNoWorse) {
  for (int i = 0; i < static_cast<int>(spec_.statements.size()); i += 3) {
    const auto kind = spec_.statements[static_cast<std::size_t>(i)].kind;
    // Without these all is explored, which may take long; the oracle has them.
    if (kind == StatementKind::explore_mechanisms || kind == StatementKind::explore_hardening) {
      continue;
    }
    const auto looser = best_costs(without_statements(spec_, {i}));
    if (looser) expect_no_better(costs_, *looser);
  }
}

TEST_P(Metamorphic, TheQuestionsAgree) {
  Ask ask;
  ask.certify = Certify::never;
  ask.deadline = patience();
  const Compartments fewest = fewest_compartments(spec_, ask);
  EXPECT_TRUE(!fewest.optimal || fewest.feasible == !answers_.empty());
  ask.deadline = patience();
  const Explanation why = explain(spec_, ask);
  EXPECT_TRUE(!why.decided || why.feasible == !answers_.empty());
  if (!fewest.optimal) return;
  if (answers_.empty()) return;
  EXPECT_EQ(judge(spec_, fewest.witness).compartments, fewest.minimum);
  EXPECT_TRUE(judge(spec_, fewest.witness).admissible);
  for (const Configuration& c : answers_) {
    EXPECT_GE(judge(spec_, c).compartments, fewest.minimum);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Metamorphic, testing::Range<std::uint64_t>(0, kSpecs));

/// Eight components with little to choose: small enough for the complete questions.
class MetamorphicFrontier : public testing::TestWithParam<std::uint64_t> {};

TEST_P(MetamorphicFrontier, EndsAreTheBestOfEachKind) {
  oracle::Shape shape;
  shape.min_components = 6;
  shape.max_components = 8;
  shape.max_configurations = 3e7;
  shape.profile_always = true;
  const std::string text = oracle::random_spec(9000 + GetParam(), shape);
  SCOPED_TRACE(text);
  const auto spec = oracle::read(text, nullptr);
  ASSERT_TRUE(spec);
  Ask ask;
  ask.certify = Certify::never;
  ask.deadline = patience();
  const Frontier answer = frontier(*spec, ask);
  ASSERT_FALSE(answer.error) << *answer.error;
  if (!answer.complete) GTEST_SKIP() << "not decided in time";
  const Ranking cheap = ranked(*spec, 1);
  const Ranking safest_first = ranked(*spec, 1, Objective::safest);
  if (!cheap.optimal || !safest_first.optimal) GTEST_SKIP() << "not decided in time";
  const auto& fastest = cheap.configurations;
  const auto& safe = safest_first.configurations;
  ASSERT_EQ(answer.points.empty(), fastest.empty());
  if (fastest.empty()) return;
  const auto first = judge(*spec, answer.points.front());
  const auto last = judge(*spec, answer.points.back());
  EXPECT_EQ(first.cost_exact, judge(*spec, fastest[0]).cost_exact);
  EXPECT_EQ(last.safety_score, judge(*spec, safe[0]).safety_score);
  EXPECT_EQ(last.cost_exact, judge(*spec, safe[0]).cost_exact);
  for (std::size_t k = 1; k < answer.points.size(); ++k) {
    const auto a = judge(*spec, answer.points[k - 1]);
    const auto b = judge(*spec, answer.points[k]);
    EXPECT_LT(rational(a.cost_exact), rational(b.cost_exact));
    EXPECT_LT(a.safety_score, b.safety_score);
  }
  // A budget that a point of the frontier just meets leaves the frontier up to it.
  const auto& middle = answer.points[answer.points.size() / 2];
  Spec base = *spec;
  base.profile->base = 100000;
  const Decimal cost = *Decimal::parse(judge(*spec, middle).cost_exact);
  if (cost >= Decimal(0)) {
    std::erase_if(base.statements,
                  [](const Statement& s) { return s.kind == StatementKind::budget_slowdown; });
    const Decimal slowdown = *multiply(*add(cost, base.profile->base), *Decimal::parse("0.00001"));
    ask.deadline = patience();
    const Frontier all = frontier(base, ask);
    ask.deadline = patience();
    const Frontier some = frontier(with(base, slowdown_limit(slowdown)), ask);
    if (!all.complete || !some.complete) GTEST_SKIP() << "not decided in time";
    ASSERT_LE(some.points.size(), all.points.size());
    for (std::size_t k = 0; k < some.points.size(); ++k) {
      EXPECT_EQ(judge(base, some.points[k]).cost_exact, judge(base, all.points[k]).cost_exact);
    }
    EXPECT_LE(rational(judge(base, some.points.back()).cost_exact), rational(cost.to_string()));
  }
}

TEST_P(MetamorphicFrontier, EveryAnswerHasAMaximalElementAbove) {
  oracle::Shape shape;
  shape.min_components = 6;
  shape.max_components = 7;
  shape.max_configurations = 1e6;
  shape.profile_always = true;
  const std::string text = oracle::random_spec(9500 + GetParam(), shape);
  SCOPED_TRACE(text);
  const auto spec = oracle::read(text, nullptr);
  ASSERT_TRUE(spec);
  SafestRequest request;
  request.certify = Certify::never;
  request.limit = 100000;
  request.deadline = patience();
  const Safest top = safest(*spec, request);
  ASSERT_FALSE(top.error) << *top.error;
  if (!top.complete) GTEST_SKIP() << "not decided in time";
  for (const Configuration& a : top.maximal) {
    EXPECT_TRUE(judge(*spec, a).admissible);
    for (const Configuration& b : top.maximal) {
      EXPECT_TRUE(a == b || !at_least_as_safe(*spec, a, b));
    }
  }
  for (const Configuration& c : ranked(*spec, 50).configurations) {
    EXPECT_TRUE(std::any_of(top.maximal.begin(), top.maximal.end(),
                            [&](const Configuration& b) { return at_least_as_safe(*spec, b, c); }));
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, MetamorphicFrontier, testing::Range<std::uint64_t>(0, 10));

}  // namespace
}  // namespace flexos::metamorphic
