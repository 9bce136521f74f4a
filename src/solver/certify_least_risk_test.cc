#include <algorithm>

#include "model/order.h"
#include "solver/certify.h"
#include "solver/compartments.h"
#include "solver/rank.h"
#include "solver/test_specs.h"
#include "solver/tradeoff.h"

namespace flexos {
namespace {

constexpr Share kEnough{100'000'000, 100'000'000};

struct Case {
  Spec spec;
  BuiltInstance built;
  std::vector<Solution> order;  ///< everything, least risk first
};

Case case_of(const Spec& spec, bool one_per_layout = false) {
  Case result{spec, build_instance(spec), {}};
  EXPECT_FALSE(result.built.error);
  SearchRequest ask;
  ask.top = 1'000'000;
  ask.one_per_layout = one_per_layout;
  result.order = least_risk(result.built.instance, ask).solutions;
  return result;
}

LeastRisk first(const Case& all, std::size_t top) {
  LeastRisk answer;
  for (const Solution& s : all.order) {
    if (answer.listed.size() == top) break;
    answer.listed.push_back(to_configuration(all.built.instance, s));
  }
  answer.all = all.order.size() < top;
  return answer;
}

/// One a layout, without those that another beats.
LeastRisk first_distinct(const Case& all, std::size_t top) {
  LeastRisk answer;
  answer.distinct = true;
  for (const Solution& s : all.order) {
    answer.known.push_back(to_configuration(all.built.instance, s));
  }
  for (std::size_t k = 0; k < answer.known.size(); ++k) {
    bool beaten = false;
    for (std::size_t other = 0; other < answer.known.size(); ++other) {
      beaten = beaten || (other != k && all.order[other].cost <= all.order[k].cost &&
                          at_least_as_safe(all.spec, answer.known[other], answer.known[k]));
    }
    if (!beaten) answer.listed.push_back(answer.known[k]);
  }
  answer.all = answer.listed.size() <= top;
  if (!answer.all) answer.listed.resize(top);
  return answer;
}

RefutationResult verdict(const Case& all, const LeastRisk& answer, Share share = kEnough) {
  return Certifier(all.spec, {}).refute_safer(answer, all.built.instance, share);
}

void without(std::vector<Configuration>& list, std::size_t k) {
  list.erase(list.begin() + static_cast<std::ptrdiff_t>(k));
}

bool equal(const Solution& a, const Solution& b) { return a.risk == b.risk && a.cost == b.cost; }

TEST(CertifyLeastRisk, TheFirstAreTheFirst) {
  int confirmed = 0;
  int refuted = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const Case all = case_of(test::parse(test::random_spec(seed, 3)));
    ASSERT_EQ(all.order.size(), test::admissible(all.spec).size()) << "seed " << seed;
    for (const std::size_t top : {1UL, 5UL, 1'000'000UL}) {
      if (all.order.empty()) continue;
      const LeastRisk right = first(all, top);
      EXPECT_EQ(verdict(all, right).verdict, Refutation::confirmed)
          << "seed " << seed << " top " << top;
      ++confirmed;
      // One that is missing, unless another that is as good stands for it.
      for (std::size_t k = 0; k < std::min<std::size_t>(right.listed.size(), 3); ++k) {
        const bool last = !right.all && equal(all.order[k], all.order[right.listed.size() - 1]);
        if (last || right.listed.size() == 1) continue;
        LeastRisk missing = right;
        without(missing.listed, k);
        const RefutationResult found = verdict(all, missing);
        EXPECT_EQ(found.verdict, Refutation::refuted) << "seed " << seed << " without " << k;
        EXPECT_EQ(found.counterexample, right.listed[k]);
        EXPECT_FALSE(found.in_answer);
        ++refuted;
      }
      // The best held back, others in its place.
      if (all.order.size() > right.listed.size() &&
          !equal(all.order[0], all.order[right.listed.size()])) {
        LeastRisk later = right;
        later.listed.push_back(
            to_configuration(all.built.instance, all.order[right.listed.size()]));
        without(later.listed, 0);
        EXPECT_EQ(verdict(all, later).verdict, Refutation::refuted) << "seed " << seed;
        ++refuted;
      }
      // Out of order.
      if (right.listed.size() > 1 &&
          !equal(all.order.front(), all.order[right.listed.size() - 1])) {
        LeastRisk turned = right;
        std::swap(turned.listed.front(), turned.listed.back());
        const RefutationResult found = verdict(all, turned);
        EXPECT_EQ(found.verdict, Refutation::refuted);
        EXPECT_TRUE(found.in_answer);
      }
      // The same twice.
      LeastRisk twice = right;
      twice.listed.insert(twice.listed.begin(), twice.listed.front());
      EXPECT_EQ(verdict(all, twice).verdict, Refutation::refuted);
      // Where effort ends, nothing is said.
      if (!right.all) {
        EXPECT_EQ(verdict(all, right, {kEnough.effort, 0}).verdict, Refutation::undecided);
      }
      EXPECT_EQ(verdict(all, right, {0, kEnough.work}).verdict, Refutation::undecided);
    }
  }
  EXPECT_GT(confirmed, 60);
  EXPECT_GT(refuted, 60);
}

TEST(CertifyLeastRisk, WhatIsNotAdmissibleIsNoAnswer) {
  int refuted = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Case all = case_of(test::parse(test::random_spec(seed, 3)));
    if (all.order.empty()) continue;
    const LeastRisk right = first(all, 1);
    const auto admissible = test::admissible(all.spec);
    for (const auto& levels : test::ultrametrics(3, static_cast<int>(all.spec.mechanisms.size()))) {
      LeastRisk wrong = right;
      wrong.listed[0].levels = levels;
      if (std::find(admissible.begin(), admissible.end(), wrong.listed[0]) != admissible.end()) {
        continue;
      }
      const RefutationResult found = verdict(all, wrong);
      EXPECT_EQ(found.verdict, Refutation::refuted) << "seed " << seed;
      EXPECT_TRUE(found.in_answer);
      ++refuted;
      break;
    }
  }
  EXPECT_GT(refuted, 5);
}

/// A budget is in nobody's way where nothing costs anything.
TEST(CertifyLeastRisk, WithoutAProfile) {
  const Case all = case_of(test::parse(test::harmless({"a", "b", "c"}) + R"(
budget: {slowdown: 1.5}
explore: {mechanisms: [none, light], hardening: [asan]}
)" + test::kDefinitions));
  ASSERT_FALSE(all.order.empty());
  EXPECT_EQ(verdict(all, first(all, 3)).verdict, Refutation::confirmed);
  LeastRisk missing = first(all, 3);
  without(missing.listed, 0);
  EXPECT_EQ(verdict(all, missing).verdict, Refutation::refuted);
  // Each apart from the next, round a ring of five: no clique of three says why it takes three.
  const Spec ring = test::parse(test::harmless({"a", "b", "c", "d", "e"}) + R"(
security:
  - isolate: [a, b]
  - isolate: [b, c]
  - isolate: [c, d]
  - isolate: [d, e]
  - isolate: [e, a]
budget: {slowdown: 1.5}
explore: {mechanisms: [none, light], hardening: []}
)" + test::kDefinitions);
  const Compartments fewest = fewest_compartments(ring, {});
  EXPECT_EQ(fewest.minimum, 3);
  EXPECT_EQ(fewest.certificate.proof, Proof::z3);
}

/// Where a stronger mechanism leaves more open, what beats a layout may be riskier than it.
TEST(CertifyLeastRisk, OneALayoutIsNotConfirmedWhereSaferIsRiskier) {
  std::string text = test::harmless({"a", "b"}) + R"(
explore: {mechanisms: [none, light, heavy], hardening: []}
define:
  mechanisms:
    light: {level: 10, strength: 90, gate: 0, backend: true}
    heavy: {level: 40, strength: 50, gate: 0, backend: true}
)";
  const Case all = case_of(test::parse(text), true);
  LeastRisk right = first_distinct(all, 1);
  right.all = false;
  EXPECT_FALSE(risk_follows_order(all.spec));
  EXPECT_EQ(verdict(all, right).verdict, Refutation::undecided);
  RankRequest request;
  request.top = 1;
  request.distinct = true;
  request.objective = Objective::safest;
  const Ranking ranking = rank(all.spec, request);
  EXPECT_TRUE(ranking.optimal);
  ASSERT_EQ(ranking.configurations.size(), 1U);
  // `light` leaves less risk, but `heavy` is as cheap and safer.
  EXPECT_EQ(all.spec.mechanisms[ranking.configurations[0].levels[0]].name, "heavy");
}

/// Equal in risk and cost: what is safer stands for both.
TEST(CertifyLeastRisk, OfEqualOnesTheSaferIsListed) {
  const Spec spec = test::parse(test::harmless({"a", "b", "c"}) + R"(
explore: {mechanisms: [none, light], hardening: []}
weights: {risk: {a: 0, b: 0}}
)" + test::kDefinitions);
  RankRequest request;
  request.distinct = true;
  request.objective = Objective::safest;
  request.top = 1;
  const Ranking one = rank(spec, request);
  request.top = 2;
  const Ranking two = rank(spec, request);
  ASSERT_EQ(one.configurations.size(), 1U);
  ASSERT_FALSE(two.configurations.empty());
  EXPECT_EQ(one.configurations[0], two.configurations[0]);
  for (const Level level : one.configurations[0].levels) EXPECT_GT(level, 0);
}

TEST(CertifyLeastRisk, OneALayoutAndNoneBeaten) {
  int mutilated = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const Case all = case_of(test::parse(test::random_spec(seed, 3)), true);
    const Case everything = case_of(all.spec);
    for (const std::size_t top : {2UL, 1000UL}) {
      const LeastRisk right = first_distinct(all, top);
      if (right.listed.empty()) continue;
      EXPECT_EQ(verdict(all, right).verdict, Refutation::confirmed)
          << "seed " << seed << " top " << top;
      for (std::size_t k = 0; k + 1 < std::min<std::size_t>(right.listed.size(), 4); ++k) {
        // Known, but neither listed nor beaten.
        LeastRisk unlisted = right;
        without(unlisted.listed, k);
        const auto is_bar = [&](const Configuration& c) { return c == right.listed[k]; };
        const auto place =
            std::find_if(right.known.begin(), right.known.end(), is_bar) - right.known.begin();
        const auto last = std::find(right.known.begin(), right.known.end(), right.listed.back()) -
                          right.known.begin();
        if (!right.all && equal(all.order[test::at(static_cast<int>(place))],
                                all.order[test::at(static_cast<int>(last))])) {
          continue;
        }
        EXPECT_EQ(verdict(all, unlisted).verdict, Refutation::refuted) << "seed " << seed;
        // Not even known.
        LeastRisk missing = unlisted;
        missing.known.erase(missing.known.begin() + place);
        EXPECT_EQ(verdict(all, missing).verdict, Refutation::refuted) << "seed " << seed;
        ++mutilated;
      }
      // Not the first of its layout.
      for (const Solution& s : everything.order) {
        const Configuration c = to_configuration(all.built.instance, s);
        if (c.levels != right.listed[0].levels || equal(s, all.order[0])) continue;
        LeastRisk worse = right;
        *std::find(worse.known.begin(), worse.known.end(), right.listed[0]) = c;
        worse.listed[0] = c;
        EXPECT_EQ(verdict(all, worse).verdict, Refutation::refuted) << "seed " << seed;
        ++mutilated;
        break;
      }
    }
  }
  EXPECT_GT(mutilated, 40);
}

}  // namespace
}  // namespace flexos
