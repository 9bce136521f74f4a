#include "solver/certify.h"

#include <algorithm>

#include "solver/search.h"
#include "solver/test_specs.h"

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

}  // namespace
}  // namespace flexos
