#include "solver/certify.h"

#include <algorithm>

#include "model/order.h"
#include "solver/search.h"
#include "solver/test_specs.h"
#include "solver/tradeoff.h"

namespace flexos {
namespace {

/// All admissible configurations, cheapest first.
std::vector<Configuration> by_cost(const Spec& spec) {
  std::vector<std::pair<Decimal, Configuration>> priced;
  for (const Configuration& c : test::admissible(spec)) priced.emplace_back(test::cost(spec, c), c);
  std::stable_sort(priced.begin(), priced.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Configuration> result;
  for (const auto& [_, c] : priced) result.push_back(c);
  return result;
}

/// Advice that is wrong in every way advice can be.
void spoil(DualBound& dual, test::Draw& draw) {
  for (DualBound::Row& row : dual.rows) {
    if (draw.chance(40)) row.weight *= 1 + draw.below(5);
    if (draw.chance(20)) row.weight *= Units{1} << 60;
    if (draw.chance(30) && row.terms.size() > 1) row.terms.pop_back();
    for (DualBound::Term& term : row.terms) {
      if (draw.chance(20) && term.j >= 0 && term.rung > 1) --term.rung;
      if (draw.chance(20) && term.j < 0) term.classes = 0;
    }
  }
}

TEST(Certify, ConfirmsTheCheapestAndNothingElse) {
  int confirmed = 0;
  int refuted = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Spec spec = test::parse(test::random_spec(seed, 3));
    const auto all = by_cost(spec);
    if (all.empty()) continue;
    const BuiltInstance built = build_instance(spec);
    ASSERT_FALSE(built.error);
    SearchResult found = search(built.instance, {});
    test::Draw draw(seed + 900);
    for (const bool spoilt : {false, true}) {
      if (spoilt) spoil(found.root, draw);
      const Advice advice{built.instance, found.root};
      for (const std::size_t from : {std::size_t{0}, std::size_t{1}, all.size() / 2}) {
        // The `from` cheapest are held back: right only where nothing held back is cheaper.
        for (const std::size_t count : {std::size_t{1}, std::size_t{3}}) {
          if (from + count > all.size()) continue;
          const auto first = all.begin() + static_cast<std::ptrdiff_t>(from);
          const std::vector<Configuration> listed(first,
                                                  first + static_cast<std::ptrdiff_t>(count));
          const bool right =
              from == 0 || test::cost(spec, all.front()) == test::cost(spec, listed.back());
          Certifier certifier(spec, {});
          const auto verdict = certifier.refute_cheaper(listed, false, &advice);
          EXPECT_EQ(verdict.verdict, right ? Refutation::confirmed : Refutation::refuted)
              << "seed " << seed << " from " << from << " count " << count;
          if (verdict.verdict == Refutation::refuted) {
            EXPECT_LT(test::cost(spec, verdict.counterexample), test::cost(spec, listed.back()));
          }
          (right ? confirmed : refuted) += 1;
        }
      }
    }
  }
  EXPECT_GT(confirmed, 100);
  EXPECT_GT(refuted, 100);
}

TEST(Certify, EverythingIsEverything) {
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    const Spec spec = test::parse(test::random_spec(seed, 2));
    std::vector<Configuration> all = by_cost(spec);
    EXPECT_EQ(Certifier(spec, {}).refute_cheaper(all, true, nullptr).verdict,
              Refutation::confirmed);
    EXPECT_EQ(refute_admissible(spec, {}).verdict,
              all.empty() ? Refutation::confirmed : Refutation::refuted);
    if (all.empty()) continue;
    all.erase(all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2));
    EXPECT_EQ(Certifier(spec, {}).refute_cheaper(all, true, nullptr).verdict, Refutation::refuted);
  }
}

/// The maximal elements, by definition.
std::vector<Configuration> maximal_of(const Spec& spec, const std::vector<Configuration>& all) {
  std::vector<Configuration> result;
  for (const Configuration& c : all) {
    const auto above = [&](const Configuration& other) {
      return other != c && at_least_as_safe(spec, other, c);
    };
    if (std::none_of(all.begin(), all.end(), above)) result.push_back(c);
  }
  return result;
}

constexpr std::int64_t kEnough = 100'000'000;

TEST(Certify, TheMaximalElementsAreAllAndMaximal) {
  int mutilated = 0;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const Spec spec = test::parse(test::random_spec(seed, 3));
    const auto all = by_cost(spec);
    const auto verdict = [&](const std::vector<Configuration>& answer) {
      return Certifier(spec, {}).refute_not_below(answer, kEnough);
    };
    const auto maximal = maximal_of(spec, all);
    EXPECT_EQ(verdict(maximal).verdict, Refutation::confirmed) << "seed " << seed;
    for (std::size_t k = 0; k < std::min<std::size_t>(maximal.size(), 4); ++k) {
      auto missing = maximal;
      missing.erase(missing.begin() + static_cast<std::ptrdiff_t>(k));
      const auto found = verdict(missing);
      EXPECT_EQ(found.verdict, Refutation::refuted) << "seed " << seed << " without " << k;
      for (const Configuration& m : missing) {
        EXPECT_FALSE(at_least_as_safe(spec, m, found.counterexample));
      }
      // One that is admissible, but below another.
      for (const Configuration& low : all) {
        if (low == maximal[k] || !at_least_as_safe(spec, maximal[k], low)) continue;
        auto more = maximal;
        more.push_back(low);
        EXPECT_EQ(verdict(more).verdict, Refutation::refuted);
        auto worse = maximal;
        worse[k] = low;
        EXPECT_EQ(verdict(worse).verdict, Refutation::refuted);
        break;
      }
      ++mutilated;
    }
  }
  EXPECT_GT(mutilated, 20);
}

/// The answer to `rank --distinct`, as the search gives it.
Distinct distinct_of(const Spec& spec, const Instance& instance, int top) {
  SearchRequest ask;
  ask.top = 1000;
  ask.one_per_layout = true;
  const SearchResult found = search(instance, ask);
  Distinct result;
  for (const Solution& s : found.solutions) result.known.push_back(to_configuration(instance, s));
  for (const Configuration& c : result.known) {
    const auto beats = [&](const Configuration& other) {
      return other != c && test::cost(spec, other) <= test::cost(spec, c) &&
             at_least_as_safe(spec, other, c);
    };
    if (std::none_of(result.known.begin(), result.known.end(), beats)) result.listed.push_back(c);
  }
  for (const auto& rungs : found.covering) {
    Configuration layout;
    for (const Rung rung : rungs) layout.levels.push_back(instance.levels[rung]);
    result.covering.push_back(layout);
  }
  result.all = static_cast<int>(result.listed.size()) <= top;
  if (!result.all) result.listed.resize(static_cast<std::size_t>(top));
  return result;
}

TEST(Certify, OneALayoutAndNoneBeaten) {
  int mutilated = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const Spec spec = test::parse(test::random_spec(seed, 3));
    const BuiltInstance built = build_instance(spec);
    ASSERT_FALSE(built.error);
    for (const int top : {2, 1000}) {
      const Distinct right = distinct_of(spec, built.instance, top);
      if (right.listed.empty()) continue;
      const auto verdict = [&](const Distinct& answer) {
        return Certifier(spec, {}).refute_distinct(answer, nullptr, kEnough).verdict;
      };
      EXPECT_EQ(verdict(right), Refutation::confirmed) << "seed " << seed << " top " << top;
      // A layout that is missing, unless it is the dearest: then the rest are the first of all.
      for (std::size_t k = 0; k < std::min<std::size_t>(right.listed.size(), 4); ++k) {
        if (!right.all && k + 1 == right.listed.size()) continue;
        const Decimal cost = test::cost(spec, right.listed[k]);
        if (!right.all && cost == test::cost(spec, right.listed.back())) continue;
        Distinct missing = right;
        missing.known.erase(std::find(missing.known.begin(), missing.known.end(), right.listed[k]));
        missing.listed.erase(missing.listed.begin() + static_cast<std::ptrdiff_t>(k));
        // It may have been what beat or covered others: that is noticed too, or leaves the effort.
        EXPECT_NE(verdict(missing), Refutation::confirmed) << "seed " << seed << " without " << k;
        // Known, but neither listed nor beaten.
        Distinct unlisted = right;
        unlisted.listed.erase(unlisted.listed.begin() + static_cast<std::ptrdiff_t>(k));
        EXPECT_EQ(verdict(unlisted), Refutation::refuted);
        ++mutilated;
      }
      // Not the cheapest of its layout.
      for (const Configuration& c : by_cost(spec)) {
        if (c.levels != right.listed[0].levels) continue;
        if (test::cost(spec, c) <= test::cost(spec, right.listed[0])) continue;
        Distinct dear = right;
        *std::find(dear.known.begin(), dear.known.end(), right.listed[0]) = c;
        dear.listed[0] = c;
        EXPECT_NE(verdict(dear), Refutation::confirmed);
        ++mutilated;
        break;
      }
    }
  }
  EXPECT_GT(mutilated, 60);
}

/// As dear as the last listed: there may be no room for it, but what it beats is not listed.
TEST(Certify, OneALayoutWhereCostsAreEqual) {
  int cut = 0;
  int beaten = 0;
  // Each of a, b and c apart from the two others costs the same; d, which nobody calls, nothing.
  const Spec spec = test::parse(R"(flexos: 1
name: equal
components:
  - {component: a, behavior: {reads: [own], writes: [own], calls: []}, api: [f]}
  - {component: b, behavior: {reads: [own], writes: [own], calls: []}, api: [f]}
  - {component: c, behavior: {reads: [own], writes: [own], calls: []}, api: [f]}
  - {component: d, behavior: {reads: [own], writes: [own], calls: []}, api: [f]}
explore: {mechanisms: [none, fence], hardening: []}
define: {mechanisms: {fence: {level: 15, strength: 65, gate: 80, memory: 64KiB, backend: true}}}
profile:
  base: 1000
  calls: {a: {b: 1, c: 1}, b: {c: 1}}
  work: {a: 100, b: 100, c: 100, d: 100}
)");
  const BuiltInstance built = build_instance(spec);
  ASSERT_FALSE(built.error);
  const Distinct whole = distinct_of(spec, built.instance, 1000);
  for (std::size_t top = 1; top <= std::min<std::size_t>(whole.listed.size(), 8); ++top) {
    const Distinct right = distinct_of(spec, built.instance, static_cast<int>(top));
    const auto verdict = [&](const Distinct& answer) {
      return Certifier(spec, {}).refute_distinct(answer, nullptr, kEnough).verdict;
    };
    const Decimal bar = test::cost(spec, right.listed.back());
    const bool equal = top < whole.listed.size() && test::cost(spec, whole.listed[top]) == bar;
    if (equal) {
      ++cut;
      EXPECT_EQ(verdict(right), Refutation::confirmed) << "top " << top;
    }
    for (const Configuration& c : by_cost(spec)) {
      if (c == right.listed.back() || test::cost(spec, c) != bar) continue;
      if (!at_least_as_safe(spec, right.listed.back(), c)) continue;
      Distinct worse = right;
      worse.known.push_back(c);
      worse.listed.back() = c;
      EXPECT_EQ(verdict(worse), Refutation::refuted) << "top " << top;
      ++beaten;
      break;
    }
  }
  EXPECT_GT(cut, 0);
  EXPECT_GT(beaten, 0);
}

std::vector<Configuration> frontier_of(const Instance& instance) {
  std::vector<Configuration> points;
  for (const Solution& s : tradeoff(instance, {}).points) {
    points.push_back(to_configuration(instance, s));
  }
  return points;
}

RefutationResult of_frontier(const Spec& spec, const std::vector<Configuration>& points,
                             const Instance& advice) {
  return Certifier(spec, {}).refute_frontier(points, advice, {kEnough, kEnough});
}

TEST(Certify, TheFrontierIsAllOfIt) {
  int mutilated = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const Spec spec = test::parse(test::random_spec(seed, 3));
    const BuiltInstance built = build_instance(spec);
    ASSERT_FALSE(built.error);
    const auto points = frontier_of(built.instance);
    const auto verdict = [&](const std::vector<Configuration>& answer) {
      return of_frontier(spec, answer, built.instance);
    };
    EXPECT_EQ(verdict(points).verdict, Refutation::confirmed) << "seed " << seed;
    const auto all = by_cost(spec);
    for (std::size_t k = 0; k < std::min<std::size_t>(points.size(), 5); ++k) {
      const std::size_t which = k * 7 % points.size();
      auto missing = points;
      missing.erase(missing.begin() + static_cast<std::ptrdiff_t>(which));
      const auto found = verdict(missing);
      EXPECT_EQ(found.verdict, Refutation::refuted) << "seed " << seed << " without " << which;
      // What is found is not met by a point that was left.
      const Evaluation extra = judge(spec, found.counterexample);
      EXPECT_TRUE(extra.admissible);
      // Dearer or riskier than it was.
      for (const Configuration& c : all) {
        if (test::cost(spec, c) <= test::cost(spec, points[which])) continue;
        auto worse = points;
        worse[which] = c;
        EXPECT_EQ(verdict(worse).verdict, Refutation::refuted) << "seed " << seed;
        break;
      }
      ++mutilated;
    }
    // Where effort ends, nothing is said.
    const auto tired = Certifier(spec, {}).refute_frontier(points, built.instance, {kEnough, 1});
    EXPECT_NE(tired.verdict, Refutation::refuted);
  }
  EXPECT_GT(mutilated, 60);
}

/// Systems in which components to come must nest as well, and keys and VMs run out.
TEST(Certify, NoPointOfALargerFrontierCanBeMissing) {
  int mutilated = 0;
  for (std::uint64_t seed = 100; seed < 124; ++seed) {
    std::string text = test::random_spec(seed, 4 + static_cast<int>(seed % 3));
    if (seed % 2 == 0) {
      text = text.substr(0, text.find("define:")) + (test::kDefinitions + 1);
      if (text.find("budget:") == std::string::npos) text += "budget: {vms: 2}\n";
    }
    // Hardening that saves time, and far more of it than gates cost.
    if (seed % 4 == 1) {
      text.replace(text.find("slowdown: 1.05"), 14, "slowdown: 0.25");
      text.replace(text.find("gate: 62"), 8, "gate: 0.001");
    }
    const Spec spec = test::parse(text);
    const BuiltInstance built = build_instance(spec);
    ASSERT_FALSE(built.error);
    const auto points = frontier_of(built.instance);
    const auto verdict = [&](const std::vector<Configuration>& answer) {
      return of_frontier(spec, answer, built.instance);
    };
    EXPECT_EQ(verdict(points).verdict, Refutation::confirmed) << "seed " << seed;
    for (std::size_t k = 0; k < points.size(); k += 1 + points.size() / 6) {
      auto missing = points;
      missing.erase(missing.begin() + static_cast<std::ptrdiff_t>(k));
      const auto found = verdict(missing);
      ASSERT_EQ(found.verdict, Refutation::refuted) << "seed " << seed << " without " << k;
      EXPECT_TRUE(judge(spec, found.counterexample).admissible);
      ++mutilated;
    }
  }
  EXPECT_GT(mutilated, 80);
}

/// A search that takes something for impossible that is not: what it misses is found.
TEST(Certify, WrongAdviceIsNotBelieved) {
  int missed = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Spec spec = test::parse(test::random_spec(seed, 4));
    Instance wrong = build_instance(spec).instance;
    const auto right = frontier_of(wrong);
    test::Draw draw(seed);
    const int i = draw.below(4);
    const int j = (i + 1 + draw.below(3)) % 4;
    const auto p = static_cast<std::size_t>(pair_index(i, j));
    switch (seed % 4) {
      case 0:
        wrong.co_resident[static_cast<std::size_t>(i * 4 + j)] &= 1;
        break;
      case 1:
        wrong.lower[p] = std::max<Rung>(wrong.lower[p], 1);
        break;
      case 2:
        wrong.upper[p] = std::min<Rung>(wrong.upper[p], 1);
        break;
      default:
        wrong.keys = 1;
    }
    const auto points = frontier_of(wrong);
    const auto values = [&](const std::vector<Configuration>& list) {
      std::vector<std::string> result;
      for (const Configuration& c : list) {
        const Evaluation e = judge(spec, c);
        result.push_back(e.cost_exact + " " + std::to_string(e.safety_score));
      }
      return result;
    };
    if (values(points) == values(right)) continue;
    ++missed;
    const auto found = of_frontier(spec, points, wrong);
    EXPECT_EQ(found.verdict, Refutation::refuted) << "seed " << seed;
  }
  EXPECT_GT(missed, 20);
}

}  // namespace
}  // namespace flexos
