#include <algorithm>
#include <utility>

#include "model/order.h"
#include "solver/certify.h"
#include "solver/test_specs.h"
#include "solver/tradeoff.h"

namespace flexos {
namespace {

constexpr Share kEnough{100'000'000, 100'000'000};

struct Case {
  Spec spec;
  BuiltInstance built;
  std::vector<Configuration> all;    ///< by rising risk
  std::vector<Units> risks;          ///< of all
  std::vector<std::size_t> maximal;  ///< of all, by definition
};

/// With a budget: where there is none, one element is above all others. Of some nobody's harm to
/// two components counts: what is safer need not be less risky then.
Case case_of(std::uint64_t seed) {
  Case result{test::with_budget(test::parse(test::random_spec(seed, 3)),
                                1300 + static_cast<int>(seed % 10) * 150),
              {},
              {},
              {},
              {}};
  if (seed % 3 == 0) result.spec.asset[1] = result.spec.asset[2] = Decimal(0);
  result.built = build_instance(result.spec);
  EXPECT_FALSE(result.built.error);
  EXPECT_TRUE(risk_follows_order(result.spec));
  SearchRequest ask;
  ask.top = 1'000'000;
  for (const Solution& s : least_risk(result.built.instance, ask).solutions) {
    result.all.push_back(to_configuration(result.built.instance, s));
    result.risks.push_back(s.risk);
  }
  for (std::size_t k = 0; k < result.all.size(); ++k) {
    const bool below =
        std::any_of(result.all.begin(), result.all.end(), [&](const Configuration& other) {
          return other != result.all[k] && at_least_as_safe(result.spec, other, result.all[k]);
        });
    if (!below) result.maximal.push_back(k);
  }
  return result;
}

/// The first of the maximal ones.
std::vector<Configuration> first(const Case& of, std::size_t count) {
  std::vector<Configuration> result;
  for (std::size_t k = 0; k < count; ++k) result.push_back(of.all[of.maximal[k]]);
  return result;
}

RefutationResult verdict(const Case& of, const std::vector<Configuration>& listed,
                         Share share = kEnough) {
  return Certifier(of.spec, {}).refute_missing_maximal(listed, of.built.instance, share);
}

TEST(CertifySafest, TheLeastRiskyAreConfirmed) {
  int confirmed = 0;
  int ties = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Case of = case_of(seed);
    for (std::size_t count = 1; count <= std::min<std::size_t>(of.maximal.size(), 6); ++count) {
      std::vector<Configuration> listed = first(of, count);
      EXPECT_EQ(verdict(of, listed).verdict, Refutation::confirmed) << seed << " first " << count;
      ++confirmed;
      if (count == of.maximal.size() ||
          of.risks[of.maximal[count]] != of.risks[of.maximal[count - 1]]) {
        continue;
      }
      listed.back() = of.all[of.maximal[count]];  // as good
      EXPECT_EQ(verdict(of, listed).verdict, Refutation::confirmed) << seed << " first " << count;
      ++ties;
    }
  }
  EXPECT_GT(confirmed, 40);
  EXPECT_GT(ties, 3);
}

TEST(CertifySafest, WhatIsMissingOrNotMaximalIsFound) {
  int missing = 0;
  int late = 0;
  int low = 0;
  int level = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Case of = case_of(seed);
    const std::size_t count = std::min<std::size_t>(of.maximal.size(), 4);
    if (count == 0) continue;
    const std::vector<Configuration> right = first(of, count);
    const Units bar = of.risks[of.maximal[count - 1]];
    for (std::size_t k = 0; k + 1 < count; ++k) {
      auto listed = right;
      listed.erase(listed.begin() + static_cast<std::ptrdiff_t>(k));
      const bool tie = of.risks[of.maximal[k]] == bar;
      const auto found = verdict(of, listed);
      EXPECT_EQ(found.verdict, tie ? Refutation::confirmed : Refutation::refuted)
          << seed << " without " << k;
      if (tie) continue;
      EXPECT_TRUE(judge(of.spec, found.counterexample).admissible);
      for (const Configuration& m : listed) {
        EXPECT_FALSE(at_least_as_safe(of.spec, m, found.counterexample));
      }
      ++missing;
      std::swap(listed.front(), listed.back());  // order is looked at, too
      if (of.risks[of.maximal[0]] != bar && listed.size() > 1 && k > 0) {
        EXPECT_TRUE(verdict(of, listed).in_answer) << seed;
      }
    }
    // A later one in place of the last.
    for (std::size_t k = count; k < of.maximal.size(); ++k) {
      if (of.risks[of.maximal[k]] == bar) continue;
      auto listed = right;
      listed.back() = of.all[of.maximal[k]];
      EXPECT_EQ(verdict(of, listed).verdict, Refutation::refuted) << seed << " later " << k;
      ++late;
      break;
    }
    // One that something is safer than: as risky, where there is such a one.
    for (std::size_t k = 0; k < of.all.size(); ++k) {
      const Configuration& c = of.all[k];
      if (c == right.back() || !at_least_as_safe(of.spec, right.back(), c)) continue;
      auto listed = right;
      listed.back() = c;
      EXPECT_EQ(verdict(of, listed).verdict, Refutation::refuted) << seed << " below";
      ++low;
      if (of.risks[k] == bar) ++level;
      break;
    }
  }
  EXPECT_GT(missing, 20);
  EXPECT_GT(late, 5);
  EXPECT_GT(low, 20);
  EXPECT_GT(level, 5);
}

TEST(CertifySafest, WhereEffortEndsNothingIsSaid) {
  const Case of = case_of(1);
  ASSERT_GT(of.maximal.size(), 0U);
  EXPECT_EQ(verdict(of, first(of, 1), {kEnough.effort, 0}).verdict, Refutation::undecided);
  EXPECT_EQ(verdict(of, first(of, 1), {0, kEnough.work}).verdict, Refutation::undecided);
  EXPECT_EQ(verdict(of, {}).verdict, Refutation::undecided);
}

}  // namespace
}  // namespace flexos
