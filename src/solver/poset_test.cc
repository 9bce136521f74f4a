#include "solver/poset.h"

#include <algorithm>
#include <set>

#include "solver/test_specs.h"

namespace flexos {
namespace {

using Cover = std::array<int, 2>;

/// Covers by the definition: a below b, and nothing strictly between.
std::vector<Cover> naive_covers(int n, const std::function<bool(int, int)>& at_least) {
  const auto below = [&](int a, int b) { return at_least(b, a) && !at_least(a, b); };
  std::vector<Cover> result;
  for (int a = 0; a < n; ++a) {
    for (int b = 0; b < n; ++b) {
      if (!below(a, b)) continue;
      bool between = false;
      for (int c = 0; c < n; ++c) between |= below(a, c) && below(c, b);
      if (!between) result.push_back({a, b});
    }
  }
  return result;
}

TEST(Hasse, CoversAreTheTransitiveReduction) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    // Random sets by inclusion, in random order.
    test::Draw draw(seed);
    const int n = 1 + draw.below(24);
    std::set<unsigned> distinct;
    while (static_cast<int>(distinct.size()) < n) {
      distinct.insert(static_cast<unsigned>(draw.below(64)));
    }
    std::vector<unsigned> sets(distinct.begin(), distinct.end());
    for (std::size_t i = sets.size(); i > 1; --i) {
      std::swap(sets[i - 1], sets[test::at(draw.below(static_cast<int>(i)))]);
    }
    const auto at_least = [&](int b, int a) {
      return (sets[test::at(a)] & ~sets[test::at(b)]) == 0;
    };
    const Poset poset = hasse(n, at_least);
    EXPECT_EQ(poset.n, n);
    EXPECT_EQ(poset.covers, naive_covers(n, at_least)) << "seed " << seed;
    for (int i = 0; i < n; ++i) {
      bool topped = false;
      for (int j = 0; j < n; ++j) topped |= i != j && at_least(j, i);
      EXPECT_EQ(std::count(poset.maximal.begin(), poset.maximal.end(), i), topped ? 0 : 1);
    }
  }
}

TEST(Hasse, EqualThingsAreNotRelated) {
  const std::vector<int> values{1, 2, 2, 4};  // by divisibility; two of them the same
  const Poset poset =
      hasse(4, [&](int b, int a) { return values[test::at(b)] % values[test::at(a)] == 0; });
  EXPECT_EQ(poset.covers, (std::vector<Cover>{{0, 1}, {0, 2}, {1, 3}, {2, 3}}));
  EXPECT_EQ(poset.maximal, std::vector<int>{3});
}

TEST(Hasse, NothingAndOne) {
  const auto always = [](int, int) { return true; };
  EXPECT_TRUE(hasse(0, always).maximal.empty());
  EXPECT_EQ(hasse(1, always).maximal, std::vector<int>{0});
}

TEST(SafetyPoset, FollowsTheSafetyOrder) {
  const Spec spec = test::parse(test::harmless({"a", "b"}) + test::kDefinitions);
  const std::uint64_t asan = 1;
  const Configuration open{.levels = {0}, .hardening = {0, 0}, .variants = {0, 0}};
  const Configuration apart{.levels = {1}, .hardening = {0, 0}, .variants = {0, 0}};
  const Configuration hard{.levels = {0}, .hardening = {asan, 0}, .variants = {0, 0}};
  const Configuration both{.levels = {3}, .hardening = {asan, asan}, .variants = {0, 0}};
  const Poset poset = safety_poset(spec, {both, apart, open, hard});
  EXPECT_EQ(poset.covers, (std::vector<Cover>{{1, 0}, {2, 1}, {2, 3}, {3, 0}}));
  EXPECT_EQ(poset.maximal, std::vector<int>{0});
}

}  // namespace
}  // namespace flexos
