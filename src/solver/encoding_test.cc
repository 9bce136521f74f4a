#include "solver/encoding.h"

#include <algorithm>

#include "model/order.h"
#include "solver/test_specs.h"

namespace flexos {
namespace {

/// All models, each once.
std::vector<Configuration> models(Encoding& encoding,
                                  Literal assumption = Literal::constant(true)) {
  std::vector<Configuration> result;
  while (encoding.clauses().check(assumption) == z3::sat) {
    const auto c = encoding.read();
    if (!c) continue;
    result.push_back(*c);
    encoding.forbid(*c);
    if (result.size() > 5000) {
      ADD_FAILURE() << "models without end";
      break;
    }
  }
  return result;
}

/// Leaves few enough configurations for all of them to be asked for.
Spec small_spec(std::uint64_t seed) {
  Spec spec = test::parse(test::random_spec(seed, seed % 3 == 2 ? 2 : 3));
  if (seed % 3 < 2) spec.explored_hardening = {seed % 3 == 0, seed % 3 == 1};
  // The cost budget is not there before it is asked for; it has tests of its own.
  std::erase_if(spec.statements,
                [](const Statement& s) { return s.kind == StatementKind::budget_slowdown; });
  return spec;
}

class EncodingModels : public testing::TestWithParam<bool> {};

TEST_P(EncodingModels, AreWhatTheJudgeAccepts) {
  for (std::uint64_t seed = 0; seed < 25; ++seed) {
    const Spec spec = small_spec(seed);
    z3::context context;
    Encoding encoding(context, spec, GetParam());
    const auto found = models(encoding);
    const auto expected = test::admissible(spec);
    EXPECT_EQ(found.size(), expected.size()) << "seed " << seed;
    EXPECT_EQ(test::texts(spec, found), test::texts(spec, expected)) << "seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Triangles, EncodingModels, testing::Bool(),
                         [](const auto& shape) { return shape.param ? "Eager" : "Lazy"; });

TEST(Encoding, EachStatementSaysWhatItSays) {
  const std::vector<std::string> statements{
      "security:\n  - isolate: [a, b]\n    at_least: pt\n",
      "security:\n  - protect: a\n    from: b\n    against: [read]\n",
      "security:\n  - protect: a\n    from: b\n    at_least: vm\n",
      "security:\n  - together: [a, b]\n",
      "security:\n  - harden: a\n    with: [asan]\n",
      "explore: {fix: {harden: {a: [cfi]}}}\n",
      "explore: {fix: {variants: {a: verified}}}\n",
      "explore: {fix: {levels: {\"a|b\": light}}}\n",
      "explore: {mechanisms: [none, vm]}\n",
      "explore: {mechanisms: [pt]}\n",
      "explore: {hardening: []}\n",
      "budget: {keys: 1}\n",
      "budget: {vms: 1}\n",
      "budget: {memory: 1KiB}\n",
  };
  const std::string components = R"(flexos: 1
components:
  - component: a
    behavior: {reads: [own], writes: [own], calls: []}
    variants: {verified: {}}
    api: [f]
  - component: b
    behavior: {writes: [own], calls: [a.f]}
    calls: {a: [f]}
)";
  std::set<std::set<std::string>> different;
  for (const std::string& statement : statements) {
    const Spec spec = test::parse(components + statement + test::kDefinitions);
    z3::context context;
    Encoding encoding(context, spec, true);
    const auto found = test::texts(spec, models(encoding));
    EXPECT_EQ(found, test::texts(spec, test::admissible(spec))) << statement;
    EXPECT_FALSE(found.empty()) << statement;
    different.insert(found);
  }
  EXPECT_EQ(different.size(), statements.size());  // none of them is idle
}

TEST(Encoding, CheaperThanIsExact) {
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    const Spec spec = small_spec(seed);
    const auto all = test::admissible(spec);
    for (std::size_t k = 0; k < all.size(); k += 1 + all.size() / 4) {
      z3::context context;
      Encoding encoding(context, spec, true);
      encoding.require_cheaper_than(all[k]);
      std::vector<Configuration> expected;
      for (const Configuration& c : all) {
        if (test::cost(spec, c) < test::cost(spec, all[k])) expected.push_back(c);
      }
      EXPECT_EQ(test::texts(spec, models(encoding)), test::texts(spec, expected)) << seed;
    }
  }
}

TEST(Encoding, CostsBeyondZ3CoefficientsAreExact) {
  // Sums far above 2^31 in their smallest unit: what rounding lets through, `read` does not.
  const Spec spec =
      test::parse(test::harmless({"a", "b", "c"}) +
                  "security:\n  - isolate: [a, b, c]\nexplore: {hardening: []}\n"
                  "profile: {base: 1000000, calls: {a: {b: 1234567.123456789, c: 7.000000001},\n"
                  "          b: {c: 1234567.123456788}}, work: {}}\n" +
                  test::kDefinitions);
  const auto all = test::admissible(spec);
  ASSERT_GT(all.size(), 5U);
  for (const Configuration& bar : all) {
    z3::context context;
    Encoding encoding(context, spec, true);
    encoding.require_cheaper_than(bar);
    std::vector<Configuration> expected;
    for (const Configuration& c : all) {
      if (test::cost(spec, c) < test::cost(spec, bar)) expected.push_back(c);
    }
    EXPECT_EQ(test::texts(spec, models(encoding)), test::texts(spec, expected));
  }
}

TEST(Encoding, HardeningThatSavesTimeIsPricedToo) {
  // A factor below 1, factors that multiply, and one that is worth having only with another.
  const Spec spec =
      test::parse(test::harmless({"a", "b"}) +
                  "profile: {base: 1000, calls: {a: {b: 1.5}}, work: {a: 100, b: 7.25}}\n"
                  "define:\n  mechanisms:\n"
                  "    none:  {level: 0, strength: 0, gate: 0, backend: true}\n"
                  "    light: {level: 10, strength: 60, gate: 62, backend: true}\n"
                  "    vm:    {level: 50, strength: 95, gate: 46, backend: true}\n"
                  "  hardening:\n"
                  "    fast: {strength: 5, slowdown: 0.5}\n"
                  "    slow: {strength: 5, slowdown: 1.75}\n"
                  "    odd:  {strength: 5, slowdown: 1.1, excludes: [slow]}\n");
  const auto all = test::admissible(spec);
  ASSERT_GT(all.size(), 50U);
  for (std::size_t k = 0; k < all.size(); k += 5) {
    z3::context context;
    Encoding encoding(context, spec, false);
    encoding.require_cheaper_than(all[k]);
    std::vector<Configuration> expected;
    for (const Configuration& c : all) {
      if (test::cost(spec, c) < test::cost(spec, all[k])) expected.push_back(c);
    }
    EXPECT_EQ(test::texts(spec, models(encoding)), test::texts(spec, expected)) << k;
  }
}

TEST(Encoding, BudgetIsInclusive) {
  const std::string components = test::harmless({"a", "b"}) +
                                 "security:\n  - isolate: [a, b]\nexplore: {hardening: []}\n"
                                 "profile: {base: 1000, calls: {a: {b: 1}}, work: {}}\n";
  for (const auto& [slowdown, expected] :
       std::vector<std::pair<std::string, std::size_t>>{{"1.061", 0},
                                                        {"1.062", 1},
                                                        {"1.461", 1},
                                                        {"1.462", 2},
                                                        {"1.615999999", 2},
                                                        {"1.616", 3}}) {
    std::string text = components;
    text.append("budget: {slowdown: ").append(slowdown).append("}\n").append(test::kDefinitions);
    const Spec spec = test::parse(text);
    z3::context context;
    Encoding encoding(context, spec, true);
    encoding.require_budget();
    EXPECT_EQ(models(encoding).size(), expected) << slowdown;
  }
}

/// Is the lemma true of a configuration?
bool holds(const Encoding::WeightedCut& cut, const Configuration& c) {
  for (const auto& [i, j] : cut.pairs) {
    if (c.level(i, j) >= cut.level) return true;
  }
  return std::any_of(cut.options.begin(), cut.options.end(), [&](const auto& option) {
    return option.first == c.variants[test::at(cut.u)] &&
           option.second == c.hardening[test::at(cut.u)];
  });
}

/// Some pairs at some level, with some ways of building one component.
Encoding::WeightedCut random_cut(test::Draw& draw, int n) {
  Encoding::WeightedCut cut;
  cut.weight = 1 + draw.below(500);
  cut.level = 1 + draw.below(2);
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < i; ++j) {
      if (draw.chance(60)) cut.pairs.push_back({i, j});
    }
  }
  if (draw.chance(60)) {
    cut.u = draw.below(n);
    for (std::uint64_t hardening = 0; hardening < 4; ++hardening) {
      if (draw.chance(60)) cut.options.emplace_back(std::uint8_t{0}, hardening);
    }
  }
  return cut;
}

TEST(Encoding, ALemmaIsProvenIffItHoldsEverywhere) {
  int proven = 0;
  int refused = 0;
  for (std::uint64_t seed = 0; seed < 25; ++seed) {
    const Spec spec = small_spec(seed);
    const auto all = test::admissible(spec);
    z3::context context;
    Encoding encoding(context, spec, false);
    test::Draw draw(seed + 300);
    for (int round = 0; round < 8; ++round) {
      const auto cut = random_cut(draw, spec.size());
      const bool everywhere =
          std::all_of(all.begin(), all.end(), [&](const auto& c) { return holds(cut, c); });
      EXPECT_EQ(encoding.prove({cut}), everywhere) << "seed " << seed;
      (everywhere ? proven : refused) += all.empty() ? 0 : 1;
    }
    // To prove is not to assert.
    EXPECT_EQ(test::texts(spec, models(encoding)), test::texts(spec, all)) << "seed " << seed;
  }
  EXPECT_GT(proven, 20);
  EXPECT_GT(refused, 20);
}

TEST(Encoding, WeightedLemmasLeaveTheSameCheaperOnes) {
  int weighed = 0;
  for (std::uint64_t seed = 0; seed < 25; ++seed) {
    const Spec spec = small_spec(seed);
    const auto all = test::admissible(spec);
    for (std::size_t k = 0; k < all.size(); k += 1 + all.size() / 3) {
      z3::context context;
      Encoding encoding(context, spec, true);
      test::Draw draw(seed + 400);
      std::vector<Encoding::WeightedCut> cuts;
      for (int round = 0; round < 6; ++round) {
        const auto cut = random_cut(draw, spec.size());
        if (encoding.prove({cut})) cuts.push_back(cut);
      }
      weighed += static_cast<int>(cuts.size());
      // Finer than the costs, and coarser: costs here have up to four fractional digits.
      encoding.require_weighted_cheaper(all[k], cuts, k % 2 == 0 ? 4 : 0);
      std::vector<Configuration> expected;
      for (const Configuration& c : all) {
        if (test::cost(spec, c) < test::cost(spec, all[k])) expected.push_back(c);
      }
      EXPECT_EQ(test::texts(spec, models(encoding)), test::texts(spec, expected))
          << "seed " << seed;
    }
  }
  EXPECT_GT(weighed, 20);
}

TEST(Encoding, NotBelowIsTheSafetyOrder) {
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    const Spec spec = small_spec(seed);
    const auto all = test::admissible(spec);
    for (std::size_t k = 0; k < all.size(); k += 1 + all.size() / 4) {
      z3::context context;
      Encoding encoding(context, spec, true);
      encoding.require_not_below(all[k]);
      std::vector<Configuration> expected;
      for (const Configuration& c : all) {
        if (!at_least_as_safe(spec, all[k], c)) expected.push_back(c);
      }
      EXPECT_EQ(test::texts(spec, models(encoding)), test::texts(spec, expected)) << seed;
    }
  }
}

TEST(Encoding, CompartmentsAreCounted) {
  const Spec spec = small_spec(4);
  for (int most = 1; most <= 3; ++most) {
    z3::context context;
    Encoding encoding(context, spec, most == 2);
    const Literal few = encoding.compartments_at_most(most);
    std::vector<Configuration> expected;
    for (const Configuration& c : test::admissible(spec)) {
      if (static_cast<int>(classes(c, spec.size(), 0).size()) <= most) expected.push_back(c);
    }
    EXPECT_EQ(test::texts(spec, models(encoding, few)), test::texts(spec, expected)) << most;
    // Without the assumption nothing is counted.
    EXPECT_EQ(expected.size() + models(encoding).size(), test::admissible(spec).size()) << most;
  }
}

}  // namespace
}  // namespace flexos
