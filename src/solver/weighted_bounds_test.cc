#include "solver/weighted_bounds.h"

#include <algorithm>

#include "solver/nesting.h"
#include "solver/test_specs.h"

namespace flexos {
namespace {

using test::at;

struct Bounded {
  Spec spec;
  Instance advice;
  z3::context context;
  Encoding encoding;
  RiskUnits risks;
  OptionLists lists;
  Box ranges;
  WeightedBounds bounds;

  explicit Bounded(const Spec& of)
      : spec(of),
        advice(build_instance(spec).instance),
        encoding(context, spec, true),
        risks(risk_units(spec, encoding)),
        lists(encoding, risks, advice),
        ranges{encoding.lowest(), encoding.highest()},
        bounds(spec, encoding, risks, lists, ranges) {}

  /// How open a component lies to the others.
  Units openness(int i, const std::vector<Level>& levels) const {
    Units sum = 0;
    for (int j = 0; j < spec.size(); ++j) {
      if (j == i) continue;
      const Level level = levels[at(pair_index(i, j))];
      sum += risks.openness[level] * risks.weight[at(i * spec.size() + j)];
    }
    return sum;
  }
};

bool within(const std::vector<Level>& levels, const Box& box) {
  for (std::size_t p = 0; p < levels.size(); ++p) {
    if (levels[p] < box.low[p] || levels[p] > box.high[p]) return false;
  }
  return true;
}

/// Of boxes of layouts: where the bounds leave nothing new there is nothing, option by option.
TEST(WeightedBounds, WhatTheyLeaveOutIsNotThere) {
  int left_out = 0;
  int new_ones = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Bounded b(test::parse(test::random_spec(seed, 3)));
    ASSERT_TRUE(b.bounds.fits());
    test::Draw draw(seed);
    const auto layouts = test::ultrametrics(3, static_cast<int>(b.spec.mechanisms.size()));
    // Everything there is, by layout.
    std::vector<std::vector<WeightedBounds::Value>> values(layouts.size());
    std::vector<WeightedBounds::Value> all;
    for (std::size_t l = 0; l < layouts.size(); ++l) {
      if (!within(layouts[l], b.ranges)) continue;
      WeightedBounds::Value gates{0, 0};
      for (int p = 0; p < 3; ++p) gates.cost += b.encoding.gate(p, layouts[l][at(p)]);
      values[l] = {gates};
      for (int i = 0; i < 3; ++i) {
        std::vector<WeightedBounds::Value> more;
        for (const auto& sum : values[l]) {
          for (const auto& option : b.lists.all(i, {})) {
            more.push_back(
                {sum.cost + option.cost, sum.risk + option.exposure * b.openness(i, layouts[l])});
          }
        }
        values[l] = std::move(more);
      }
      all.insert(all.end(), values[l].begin(), values[l].end());
    }
    ASSERT_FALSE(all.empty());
    for (int round = 0; round < 40; ++round) {
      // Some of it is known.
      std::vector<WeightedBounds::Value> stairs;
      for (int k = 0; k < 1 + round % 12; ++k) {
        stairs.push_back(all[at(draw.below(static_cast<int>(all.size())))]);
      }
      std::sort(stairs.begin(), stairs.end(), [](const auto& x, const auto& y) {
        return x.cost != y.cost ? x.cost < y.cost : x.risk < y.risk;
      });
      std::vector<WeightedBounds::Value> falling;
      for (const auto& s : stairs) {
        if (falling.empty() || s.risk < falling.back().risk) falling.push_back(s);
      }
      std::optional<Units> most;
      if (round % 3 == 0) most = all[at(draw.below(static_cast<int>(all.size())))].cost;
      b.bounds.look_for(falling, most);
      const auto is_new = [&](const WeightedBounds::Value& v) {
        const auto beats = [&](const auto& s) { return s.cost <= v.cost && s.risk <= v.risk; };
        return !(most && v.cost > *most) && std::none_of(falling.begin(), falling.end(), beats);
      };
      // A layout, or all that lie between two.
      const auto& one = layouts[at(draw.below(static_cast<int>(layouts.size())))];
      const auto& other =
          round % 2 == 0 ? one : layouts[at(draw.below(static_cast<int>(layouts.size())))];
      Box box;
      for (std::size_t p = 0; p < one.size(); ++p) {
        box.low.push_back(std::max(b.ranges.low[p], std::min(one[p], other[p])));
        box.high.push_back(std::min(b.ranges.high[p], std::max(one[p], other[p])));
      }
      if (!within(box.low, {box.low, box.high})) continue;
      // The least of the pairs, and of the components between how open they can lie.
      const std::size_t count = b.bounds.weightings();
      std::vector<Units> sum(count, 0);
      for (std::size_t p = 0; p < one.size(); ++p) {
        std::vector<Units> least(b.bounds.pair(p, box.low[p]),
                                 b.bounds.pair(p, box.low[p]) + count);
        for (Level l = box.low[p]; l <= box.high[p]; ++l) {
          for (std::size_t k = 0; k < count; ++k) {
            least[k] = std::min(least[k], b.bounds.pair(p, l)[k]);
          }
        }
        for (std::size_t k = 0; k < count; ++k) sum[k] += least[k];
      }
      for (int i = 0; i < 3; ++i) {
        const Units near = b.openness(i, box.low);
        const Units far = b.openness(i, box.high);
        std::vector<Units> own(count);
        b.bounds.own(i, b.lists.of(i, {}), std::min(near, far), std::max(near, far), own.data());
        for (std::size_t k = 0; k < count; ++k) sum[k] += own[k];
      }
      std::size_t work = 0;
      const bool nothing = b.bounds.nothing_new(sum.data(), work);
      left_out += nothing ? 1 : 0;
      for (std::size_t l = 0; l < layouts.size(); ++l) {
        if (!within(layouts[l], box)) continue;
        const bool any = std::any_of(values[l].begin(), values[l].end(), is_new);
        new_ones += any ? 1 : 0;
        EXPECT_FALSE(nothing && any) << "seed " << seed << " round " << round;
      }
    }
  }
  EXPECT_GT(left_out, 100);
  EXPECT_GT(new_ones, 100);
}

/// By the first and last weighting alone, which are cost and risk: to the unit.
TEST(WeightedBounds, NewIsWhatIsCheaperOrLessRisky) {
  Bounded b(test::parse(test::random_spec(1, 3)));
  b.bounds.look_for({{10, 5}}, 20);
  const auto nothing = [&](Units cost, Units risk) {
    std::vector<Units> bounds(b.bounds.weightings(), -(Units{1} << 100));
    bounds.front() = cost;
    bounds.back() = risk;
    std::size_t work = 0;
    return b.bounds.nothing_new(bounds.data(), work);
  };
  EXPECT_TRUE(nothing(10, 5));
  EXPECT_FALSE(nothing(9, 5));
  EXPECT_FALSE(nothing(10, 4));
  EXPECT_FALSE(nothing(20, 0));
  EXPECT_TRUE(nothing(21, 0));
}

/// Over a range of openness nothing is below what the bound says.
TEST(WeightedBounds, OfOptionsTheLeastIsAtAnEnd) {
  int below = 0;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    Bounded b(test::parse(test::random_spec(seed, 3)));
    const std::size_t count = b.bounds.weightings();
    const std::vector<Level> far(3, static_cast<Level>(b.spec.mechanisms.size() - 1));
    for (int i = 0; i < 3; ++i) {
      const Units from = b.openness(i, far);
      const Units step = (b.openness(i, {0, 0, 0}) - from) / 6;
      std::vector<Units> range(count);
      std::vector<Units> at_one(count);
      for (int low = 0; low <= 6; ++low) {
        for (int high = low; high <= 6; ++high) {
          b.bounds.own(i, b.lists.of(i, {}), from + low * step, from + high * step, range.data());
          for (int one = low; one <= high; ++one) {
            const Units there = from + one * step;
            b.bounds.own(i, b.lists.of(i, {}), there, there, at_one.data());
            for (std::size_t k = 0; k < count; ++k) {
              EXPECT_TRUE(range[k] <= at_one[k]) << "seed " << seed;
              below += range[k] < at_one[k] ? 1 : 0;
            }
          }
        }
      }
    }
  }
  EXPECT_GT(below, 100);
}

/// What components to come add as they must nest: the least over all ultrametrics.
TEST(Nesting, TheSurplusIsTheLeastOfAllNestings) {
  int more = 0;
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    Bounded b(test::parse(test::random_spec(seed, 6)));
    const std::vector<int> order{3, 0, 5, 2, 1, 4};
    const std::vector<Level> levels{0, 1, 2};
    const auto surplus = nesting_surplus(b.bounds, order, levels, b.ranges);
    const std::size_t count = b.bounds.weightings();
    for (int placed = 2; placed < 6; ++placed) {
      std::vector<Units> least(count, kNowhere);
      std::vector<Units> each(count, 0);
      for (const auto& nested : test::ultrametrics(6 - placed, 3)) {
        std::vector<Units> sum(count, 0);
        bool possible = true;
        for (int x = placed; x < 6; ++x) {
          for (int y = placed; y < x; ++y) {
            const auto p = at(pair_index(order[at(x)], order[at(y)]));
            const Level level = nested[at(pair_index(x - placed, y - placed))];
            possible = possible && level >= b.ranges.low[p] && level <= b.ranges.high[p];
            for (std::size_t k = 0; k < count; ++k) sum[k] += b.bounds.pair(p, level)[k];
          }
        }
        for (std::size_t k = 0; possible && k < count; ++k) least[k] = std::min(least[k], sum[k]);
      }
      for (int x = placed; x < 6; ++x) {
        for (int y = placed; y < x; ++y) {
          const auto p = at(pair_index(order[at(x)], order[at(y)]));
          for (std::size_t k = 0; k < count; ++k) each[k] += b.bounds.least(p)[k];
        }
      }
      if (least[0] == kNowhere) continue;
      for (std::size_t k = 0; k < count; ++k) {
        EXPECT_TRUE(surplus[at(placed)][k] == least[k] - each[k]) << "seed " << seed;
        more += surplus[at(placed)][k] > 0 ? 1 : 0;
      }
    }
  }
  EXPECT_GT(more, 20);
}

}  // namespace
}  // namespace flexos
