#include "solver/covered.h"

#include <algorithm>

#include "model/order.h"
#include "solver/test_specs.h"

namespace flexos {
namespace {

using test::at;

constexpr std::size_t kMany = 100'000;

struct Counted {
  int boxes = 0;
  int covered = 0;  ///< of them
  std::size_t configurations = 0;
};

/// Whatever is admissible in a box, and no riskier than the bar, is at most as safe as something
/// known or as something that is said to be left.
void look_into(const Spec& spec, std::uint64_t seed, Counted& counted) {
  const Instance advice = build_instance(spec).instance;
  z3::context context;
  Encoding encoding(context, spec, true);
  const Deadline deadline;
  LayoutSums sums(spec, encoding, advice, 1'000'000'000, deadline);
  ASSERT_TRUE(sums.fits());
  std::vector<Configuration> all = test::admissible(spec);
  if (all.empty()) return;
  std::sort(all.begin(), all.end(), [&](const Configuration& a, const Configuration& b) {
    return sums.value_of(a)->risk < sums.value_of(b)->risk;
  });
  std::vector<Units> risks;
  for (const Configuration& c : all) risks.push_back(sums.value_of(c)->risk);
  test::Draw draw(seed);
  for (int round = 0; round < 12; ++round) {
    // Some of little risk are known, and the bar is low; one pair of the three is decided.
    const auto some = [&] {
      return at(draw.below(std::min(static_cast<int>(all.size()), 4 << (round % 4 * 2))));
    };
    std::vector<Configuration> known;
    for (int k = draw.below(6); k > 0; --k) known.push_back(all[some()]);
    const Units bar = risks[some()];
    Box box{encoding.lowest(), all[some()].levels};
    const auto p = at(draw.below(3));
    box.low[p] = box.high[p];
    Covered covered(spec, encoding, sums, known, bar);
    const auto left = covered.left_in(box, kMany);
    ASSERT_TRUE(left.has_value());
    ++counted.boxes;
    if (left->empty()) ++counted.covered;
    if (covered.left_in(box, 0)) {
      EXPECT_TRUE(left->empty());
    }
    for (std::size_t k = 0; k < all.size(); ++k) {
      bool inside = risks[k] <= bar;
      for (std::size_t q = 0; q < 3; ++q) {
        inside = inside && all[k].levels[q] >= box.low[q] && all[k].levels[q] <= box.high[q];
      }
      if (!inside) continue;
      const auto above = [&](const Configuration& c) { return at_least_as_safe(spec, c, all[k]); };
      EXPECT_TRUE(std::any_of(known.begin(), known.end(), above) ||
                  std::any_of(left->begin(), left->end(), above))
          << "seed " << seed << " round " << round;
      ++counted.configurations;
    }
  }
}

TEST(Covered, NothingIsLeftOutThatIsNotBelowSomethingKnown) {
  Counted counted;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    look_into(test::with_budget(test::parse(test::random_spec(seed, 3)),
                                1100 + static_cast<int>(seed % 10) * 100),
              seed, counted);
  }
  EXPECT_GT(counted.boxes, 400);
  EXPECT_GT(counted.covered, 20);
  EXPECT_GT(counted.configurations, 2000U);
}

TEST(Covered, WithoutWorkNothingIsSaid) {
  const Spec spec = test::parse(test::random_spec(1, 3));
  const Instance advice = build_instance(spec).instance;
  z3::context context;
  Encoding encoding(context, spec, true);
  const Deadline deadline;
  LayoutSums sums(spec, encoding, advice, 0, deadline);
  const auto all = test::admissible(spec);
  Covered covered(spec, encoding, sums, all, Units{1} << 100);
  EXPECT_FALSE(covered.left_in({encoding.lowest(), encoding.highest()}, kMany).has_value());
}

}  // namespace
}  // namespace flexos
