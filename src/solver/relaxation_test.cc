#include "solver/relaxation.h"

#include <algorithm>

#include "solver/layout.h"
#include "solver/test_specs.h"

namespace flexos {
namespace {

using test::at;
using test::Draw;

/// A random spec of four components and three levels, without its budget, as numbers.
std::optional<Instance> random_instance(std::uint64_t seed) {
  Spec spec = test::parse(test::random_spec(seed, 4));
  std::erase_if(spec.statements,
                [](const Statement& s) { return s.kind == StatementKind::budget_slowdown; });
  BuiltInstance built = build_instance(spec);
  EXPECT_FALSE(built.error.has_value());
  if (built.instance.infeasible) return std::nullopt;
  return std::move(built.instance);
}

/// The cheapest solution of every layout inside `domain`, found by trying all layouts.
std::vector<Solution> all_layouts(const Domain& domain) {
  const Instance& in = domain.instance();
  static const auto kMatrices = test::ultrametrics(4, 3);
  std::vector<Solution> result;
  for (const auto& rungs : kMatrices) {
    bool inside = true;
    for (int i = 0; i < in.n; ++i) {
      for (int j = 0; j < i; ++j) {
        const Rung rung = rungs[at(pair_index(i, j))];
        inside &= domain.low(i, j) <= rung && rung <= domain.high(i, j);
      }
    }
    if (!inside) continue;
    auto allowed = classes_of_layout(in, rungs);
    if (!allowed) continue;
    Solution solution{rungs, {}, 0, 0};
    for (int i = 0; i < in.n; ++i) {
      (*allowed)[at(i)] &= domain.classes(i);
      std::optional<std::array<int, 2>> best;
      for (std::size_t c = 0; c < in.classes[at(i)].size(); ++c) {
        if (((*allowed)[at(i)] >> c & 1U) == 0) continue;
        const Units cost = in.classes[at(i)][c].options.front().cost;
        if (!best || cost < in.classes[at(i)][at((*best)[0])].options.front().cost) {
          best = {static_cast<int>(c), 0};
        }
      }
      if (!best) break;
      solution.options.push_back(*best);
    }
    if (static_cast<int>(solution.options.size()) < in.n) continue;
    solution.cost = cost_of(in, solution);
    result.push_back(solution);
  }
  return result;
}

Units least(const std::vector<Solution>& solutions) {
  return std::min_element(solutions.begin(), solutions.end(),
                          [](const Solution& a, const Solution& b) { return a.cost < b.cost; })
      ->cost;
}

bool contains(const Domain& domain, const Solution& solution) {
  for (int i = 0; i < domain.instance().n; ++i) {
    if ((domain.classes(i) >> solution.options[at(i)][0] & 1U) == 0) return false;
    for (int j = 0; j < i; ++j) {
      const Rung rung = solution.rungs[at(pair_index(i, j))];
      if (rung < domain.low(i, j) || rung > domain.high(i, j)) return false;
    }
  }
  return true;
}

TEST(Relaxation, BoundNeverExceedsTheOptimum) {
  double best_ratio = 0;
  int bounded = 0;
  for (std::uint64_t seed = 0; seed < 120; ++seed) {
    const auto in = random_instance(seed);
    if (!in) continue;
    Domain domain(*in);
    if (!domain.propagate()) continue;
    const std::vector<Solution> all = all_layouts(domain);
    if (all.empty()) continue;
    Relaxation relaxation(*in);
    const auto answer = relaxation.solve(domain, 200, std::nullopt, {});
    ASSERT_FALSE(answer.infeasible) << "seed " << seed;
    const Units optimum = least(all);
    const Units bound = answer.dual.bound(domain);
    EXPECT_LE(bound, optimum) << "seed " << seed;
    if (optimum > 0) {
      best_ratio += static_cast<double>(bound) / static_cast<double>(optimum);
      ++bounded;
    }
  }
  // A bound of 0 would be valid as well, and worth nothing.
  ASSERT_GT(bounded, 20);
  EXPECT_GT(best_ratio / bounded, 0.9);
}

TEST(Relaxation, WeightsStayValidOnSmallerDomains) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const auto in = random_instance(seed);
    if (!in) continue;
    Domain domain(*in);
    if (!domain.propagate()) continue;
    Relaxation relaxation(*in);
    const DualBound dual = relaxation.solve(domain, 200, std::nullopt, {}).dual;
    Draw draw(seed + 500);
    for (int step = 0; step < 12; ++step) {
      const std::size_t mark = domain.mark();
      bool alive = true;
      for (int k = 0; k < 1 + draw.below(4) && alive; ++k) {
        const int i = draw.below(in->n);
        const int j = (i + 1 + draw.below(in->n - 1)) % in->n;
        const auto rung = static_cast<Rung>(draw.below(in->top_rung() + 1));
        alive = draw.chance(50) ? domain.raise(i, j, rung) : domain.lower(i, j, rung);
      }
      if (alive) {
        const std::vector<Solution> all = all_layouts(domain);
        if (!all.empty()) {
          EXPECT_LE(dual.bound(domain), least(all)) << "seed " << seed;
        }
      }
      domain.restore(mark);
    }
  }
}

TEST(Relaxation, ASolvedSubtreeDoesNotSpoilTheRest) {
  // Rows found under a decision must hold where the decision was not taken.
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const auto in = random_instance(seed);
    if (!in) continue;
    Domain domain(*in);
    if (!domain.propagate()) continue;
    const std::vector<Solution> all = all_layouts(domain);
    if (all.empty()) continue;
    Relaxation relaxation(*in);
    Draw draw(seed + 900);
    for (int step = 0; step < 6; ++step) {
      const std::size_t mark = domain.mark();
      const int i = draw.below(in->n);
      const int j = (i + 1 + draw.below(in->n - 1)) % in->n;
      const bool alive =
          draw.chance(70) ? domain.raise(i, j, in->top_rung()) : domain.lower(i, j, 0);
      if (alive) {
        const auto answer = relaxation.solve(domain, 200, std::nullopt, {});
        const std::vector<Solution> here = all_layouts(domain);
        if (!here.empty()) {
          EXPECT_FALSE(answer.infeasible) << "seed " << seed;
          EXPECT_LE(answer.dual.bound(domain), least(here)) << "seed " << seed;
        }
      }
      domain.restore(mark);
      const auto root = relaxation.solve(domain, 200, std::nullopt, {});
      EXPECT_FALSE(root.infeasible) << "seed " << seed;
      EXPECT_LE(root.dual.bound(domain), least(all)) << "seed " << seed;
    }
  }
}

TEST(Relaxation, FilterKeepsWhateverIsCheaperThanTheCutoff) {
  int removed = 0;
  for (std::uint64_t seed = 0; seed < 120; ++seed) {
    const auto in = random_instance(seed);
    if (!in) continue;
    Domain domain(*in);
    if (!domain.propagate()) continue;
    const std::vector<Solution> all = all_layouts(domain);
    if (all.empty()) continue;
    Relaxation relaxation(*in);
    const DualBound dual = relaxation.solve(domain, 200, std::nullopt, {}).dual;
    const Units optimum = least(all);
    for (const Units cutoff : {optimum + 1, optimum + optimum / 4 + 1, 2 * optimum + 1}) {
      const std::size_t mark = domain.mark();
      ASSERT_TRUE(dual.filter(domain, cutoff)) << "seed " << seed;
      for (const Solution& s : all) {
        if (s.cost < cutoff) {
          EXPECT_TRUE(contains(domain, s)) << "seed " << seed;
        } else {
          removed += contains(domain, s) ? 0 : 1;
        }
      }
      domain.restore(mark);
    }
  }
  EXPECT_GT(removed, 100);
}

TEST(Relaxation, FilterRefusesADomainThatCannotBeCheapEnough) {
  const Spec spec = test::parse(test::harmless({"a", "b"}) +
                                "security:\n  - isolate: [a, b]\n"
                                "profile: {base: 1000, calls: {a: {b: 3}}, work: {}}\n" +
                                test::kDefinitions);
  const BuiltInstance built = build_instance(spec);
  Domain domain(built.instance);
  ASSERT_TRUE(domain.propagate());
  Relaxation relaxation(built.instance);
  const DualBound dual = relaxation.solve(domain, 200, std::nullopt, {}).dual;
  const Units bound = dual.bound(domain);
  EXPECT_EQ(cycles(built.instance, bound), 3 * 62);
  EXPECT_FALSE(dual.filter(domain, bound));
  EXPECT_TRUE(dual.filter(domain, bound + 1));
}

TEST(Relaxation, APathIsCutAtItsCheapestEdge) {
  // a must be apart from d; calls a-b-c-d: the LP of one path is integral, the bound is the cut.
  const Spec spec =
      test::parse(test::harmless({"a", "b", "c", "d"}) +
                  "security:\n  - isolate: [a, d]\n"
                  "profile: {base: 1000, calls: {a: {b: 9}, b: {c: 2}, c: {d: 7}}, work: {}}\n" +
                  test::kDefinitions);
  const BuiltInstance built = build_instance(spec);
  Domain domain(built.instance);
  ASSERT_TRUE(domain.propagate());
  Relaxation relaxation(built.instance);
  const auto answer = relaxation.solve(domain, 200, std::nullopt, {});
  // Multipliers are rounded down to whole units: a unit a row at most.
  EXPECT_NEAR(cycles(built.instance, answer.dual.bound(domain)), 2 * 62, 1.0);
}

TEST(Relaxation, AMechanismThatIsStrongerAndCheaperDoesNotBreakTheBound) {
  // vm's gate is cheaper than pt's: the bound must not charge pt where vm will do.
  const Spec spec = test::parse(test::harmless({"a", "b"}) +
                                "security:\n  - isolate: [a, b]\n    at_least: pt\n"
                                "profile: {base: 1000, calls: {a: {b: 1}}, work: {}}\n" +
                                test::kDefinitions);
  const BuiltInstance built = build_instance(spec);
  Domain domain(built.instance);
  ASSERT_TRUE(domain.propagate());
  Relaxation relaxation(built.instance);
  const auto answer = relaxation.solve(domain, 200, std::nullopt, {});
  EXPECT_EQ(cycles(built.instance, answer.dual.bound(domain)), 462);
}

}  // namespace
}  // namespace flexos
