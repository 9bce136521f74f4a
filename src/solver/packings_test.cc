#include "solver/packings.h"

#include <algorithm>

#include "model/order.h"
#include "solver/test_specs.h"

namespace flexos {
namespace {

/// Keeps what it is given.
class Kept : public Packings::Receiver {
 public:
  explicit Kept(Units bar) : bar_(bar) {}
  Units most_risk() override { return bar_; }
  bool packing(const Solution& solution) override {
    solutions.push_back(solution);
    return true;
  }
  bool enough(std::int64_t) override { return false; }
  std::vector<Solution> solutions;

 private:
  Units bar_;
};

OptionOrder order_of(const Spec& spec) {
  return [&spec](int i, const Option& b, const Option& a) {
    return (a.hardening & ~b.hardening) == 0 &&
           variant_at_least(spec.components[test::at(i)], b.variant, a.variant);
  };
}

std::vector<Solution> packings(const Spec& spec, const Instance& in, Units bar) {
  const OptionOrder order = order_of(spec);
  Kept kept(bar);
  Packings look(in, order);
  for (const auto& rungs : test::ultrametrics(in.n, static_cast<int>(in.levels.size()))) {
    bool inside = within_limits(in, rungs);
    for (std::size_t p = 0; p < in.pairs(); ++p) {
      inside = inside && rungs[p] >= in.lower[p] && rungs[p] <= in.upper[p];
    }
    if (inside) {
      EXPECT_TRUE(look.look_in(rungs, kept));
    }
  }
  return kept.solutions;
}

TEST(Packings, AllThatNothingIsSaferThanAndFewOthers) {
  std::size_t found = 0;
  std::size_t maximal = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Spec spec = test::parse(test::random_spec(seed, 3));
    const BuiltInstance built = build_instance(spec);
    ASSERT_FALSE(built.error);
    if (built.instance.infeasible) continue;
    const std::vector<Configuration> all = test::admissible(spec);
    std::set<std::string> expected;
    for (const Configuration& c : all) {
      const bool below = std::any_of(all.begin(), all.end(), [&](const Configuration& other) {
        return other != c && at_least_as_safe(spec, other, c);
      });
      if (!below) expected.insert(canonical_text(spec, c));
    }
    std::set<std::string> got;
    std::vector<Units> risks;
    for (const Solution& s : packings(spec, built.instance, -1)) {
      const Configuration c = to_configuration(built.instance, s);
      EXPECT_TRUE(judge(spec, c).admissible) << "seed " << seed;
      EXPECT_EQ(s.cost, cost_of(built.instance, s));
      EXPECT_EQ(s.risk, risk_of(built.instance, s));
      EXPECT_TRUE(got.insert(canonical_text(spec, c)).second) << "twice, seed " << seed;
      risks.push_back(s.risk);
    }
    EXPECT_TRUE(std::includes(got.begin(), got.end(), expected.begin(), expected.end()))
        << "seed " << seed;
    found += got.size();
    maximal += expected.size();
    // With a bar: the same, up to it.
    if (risks.empty()) continue;
    std::sort(risks.begin(), risks.end());
    const Units bar = risks[risks.size() / 2];
    const auto upper = std::upper_bound(risks.begin(), risks.end(), bar);
    EXPECT_EQ(packings(spec, built.instance, bar).size(),
              static_cast<std::size_t>(upper - risks.begin()));
  }
  EXPECT_GT(maximal, 50U);
  EXPECT_LT(found, 2 * maximal);
}

TEST(Packings, OfABoxCoverWhateverItsLayoutsHold) {
  int boxes = 0;
  std::size_t covered = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Spec spec = test::with_budget(test::parse(test::random_spec(seed, 3)),
                                        1100 + static_cast<int>(seed % 10) * 100);
    const BuiltInstance built = build_instance(spec);
    ASSERT_FALSE(built.error);
    const Instance& in = built.instance;
    if (in.infeasible) continue;
    const OptionOrder order = order_of(spec);
    const std::vector<Configuration> all = test::admissible(spec);
    // One pair is decided, as the placement has it: a component is still to come.
    for (Rung r = in.lower[0]; r <= in.upper[0]; ++r) {
      RungBox box{in.lower, in.upper};
      box.low[0] = box.high[0] = r;
      Kept kept(-1);
      Packings look(in, order);
      EXPECT_TRUE(look.look_in(box, kept));
      ++boxes;
      std::vector<Configuration> tops;
      for (const Solution& s : kept.solutions) tops.push_back(to_configuration(in, s));
      for (const Configuration& c : all) {
        if (c.levels[0] != in.levels[r]) continue;
        EXPECT_TRUE(
            std::any_of(tops.begin(), tops.end(),
                        [&](const Configuration& top) { return at_least_as_safe(spec, top, c); }))
            << "seed " << seed;
        ++covered;
      }
    }
  }
  EXPECT_GT(boxes, 100);
  EXPECT_GT(covered, 1000U);
}

}  // namespace
}  // namespace flexos
