#include "solver/domain.h"

#include <algorithm>
#include <array>
#include <functional>

#include "solver/test_specs.h"

namespace flexos {
namespace {

using test::at;
using test::Draw;

/// n components, `rungs` levels, nothing forbidden, one option class each.
Instance open_instance(int n, int rungs) {
  Instance in;
  in.n = n;
  for (int r = 0; r < rungs; ++r) in.levels.push_back(static_cast<Level>(r));
  in.lower.assign(at(pair_count(n)), 0);
  in.upper.assign(at(pair_count(n)), in.top_rung());
  in.classes.assign(at(n), {OptionClass{{Option{}}}});
  in.co_resident.assign(at(n * n), 1);
  in.gate.assign(at(pair_count(n)), std::vector<Units>(at(rungs), 0));
  in.weight.assign(at(n * n), 1);
  in.openness.assign(at(rungs), 1);
  in.memory.assign(at(rungs), 0);
  in.address_space_rungs = rungs;
  in.vm_rungs = rungs;
  return in;
}

/// Random bounds, and option classes of which each neighbour tolerates some.
Instance random_instance(std::uint64_t seed) {
  constexpr int kN = 4;
  constexpr int kRungs = 4;
  Draw draw(seed);
  Instance in = open_instance(kN, kRungs);
  for (std::size_t p = 0; p < in.pairs(); ++p) {
    if (draw.chance(30)) in.lower[p] = static_cast<Rung>(draw.below(kRungs));
    if (draw.chance(30)) in.upper[p] = static_cast<Rung>(draw.below(kRungs));
    in.upper[p] = std::max(in.lower[p], in.upper[p]);
  }
  for (int i = 0; i < kN; ++i) {
    in.classes[at(i)].resize(3, OptionClass{{Option{}}});
    for (int j = 0; j < kN; ++j) {
      in.co_resident[at(i * kN + j)] =
          draw.chance(60) ? ClassMask{7} : static_cast<ClassMask>(draw.below(8));
    }
  }
  return in;
}

/// All (levels, classes) that the instance allows, by trying each.
struct Point {
  std::vector<Rung> rungs;
  std::vector<ClassMask> classes;  ///< by component: those possible in this layout
};

std::vector<Point> points(const Instance& in) {
  static const auto kMatrices = test::ultrametrics(4, 4);
  std::vector<Point> result;
  for (const auto& rungs : kMatrices) {
    bool inside = true;
    for (std::size_t p = 0; p < in.pairs(); ++p) {
      inside &= in.lower[p] <= rungs[p] && rungs[p] <= in.upper[p];
    }
    std::vector<ClassMask> classes(at(in.n));
    for (int i = 0; i < in.n; ++i) {
      classes[at(i)] = in.all_classes(i);
      for (int j = 0; j < in.n; ++j) {
        if (i != j && rungs[at(pair_index(i, j))] == 0) {
          classes[at(i)] &= in.co_resident[at(i * in.n + j)];
        }
      }
      inside &= classes[at(i)] != 0;
    }
    if (inside) result.push_back({rungs, classes});
  }
  return result;
}

bool contains(const Domain& domain, const Point& point) {
  for (int i = 0; i < domain.instance().n; ++i) {
    if ((point.classes[at(i)] & domain.classes(i)) == 0) return false;
    for (int j = 0; j < i; ++j) {
      const Rung rung = point.rungs[at(pair_index(i, j))];
      if (rung < domain.low(i, j) || rung > domain.high(i, j)) return false;
    }
  }
  return true;
}

TEST(Domain, PropagationLosesNoSolution) {
  int empty = 0;
  int narrowed = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    const Instance in = random_instance(seed);
    const std::vector<Point> all = points(in);
    Domain domain(in);
    if (!domain.propagate()) {
      EXPECT_TRUE(all.empty()) << "seed " << seed;
      ++empty;
      continue;
    }
    for (const Point& point : all) EXPECT_TRUE(contains(domain, point)) << "seed " << seed;
    for (int i = 0; i < in.n; ++i) {
      for (int j = 0; j < i; ++j) {
        const auto p = at(pair_index(i, j));
        narrowed += domain.low(i, j) > in.lower[p] || domain.high(i, j) < in.upper[p] ? 1 : 0;
      }
    }
  }
  // The seeds are such that there was something to lose.
  EXPECT_GT(empty, 10);
  EXPECT_GT(narrowed, 200);
}

TEST(Domain, DecisionsLoseNoSolutionAndRestoreExactly) {
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    const Instance in = random_instance(seed);
    Draw draw(seed + 1000);
    Domain domain(in);
    if (!domain.propagate()) continue;
    std::vector<Point> left = points(in);
    struct Snapshot {
      std::size_t mark;
      std::vector<std::array<ClassMask, 3>> state;
    };
    const auto state = [&] {
      std::vector<std::array<ClassMask, 3>> all;
      for (int i = 0; i < in.n; ++i) {
        for (int j = 0; j < in.n; ++j) {
          all.push_back({domain.low(i, j), domain.high(i, j), domain.classes(i)});
        }
      }
      return all;
    };
    std::vector<Snapshot> snapshots;
    for (int step = 0; step < 8; ++step) {
      snapshots.push_back({domain.mark(), state()});
      const int i = draw.below(in.n);
      const int j = (i + 1 + draw.below(in.n - 1)) % in.n;
      const auto p = at(pair_index(i, j));
      const auto rung = static_cast<Rung>(draw.below(4));
      bool alive = true;
      switch (draw.below(3)) {
        case 0:
          alive = domain.raise(i, j, rung);
          std::erase_if(left, [&](const Point& x) { return x.rungs[p] < rung; });
          break;
        case 1:
          alive = domain.lower(i, j, rung);
          std::erase_if(left, [&](const Point& x) { return x.rungs[p] > rung; });
          break;
        default: {
          const auto mask = static_cast<ClassMask>(1 + draw.below(7));
          alive = domain.restrict_classes(i, mask);
          for (Point& x : left) x.classes[at(i)] &= mask;
          std::erase_if(left, [&](const Point& x) { return x.classes[at(i)] == 0; });
        }
      }
      if (!alive) {
        EXPECT_TRUE(left.empty()) << "seed " << seed;
        break;
      }
      for (const Point& point : left) EXPECT_TRUE(contains(domain, point)) << "seed " << seed;
    }
    while (!snapshots.empty()) {
      domain.restore(snapshots.back().mark);
      EXPECT_EQ(state(), snapshots.back().state) << "seed " << seed;
      snapshots.pop_back();
    }
  }
}

TEST(Domain, DecidedOnesAreSolutions) {
  // Whatever full assignment survives propagation is an ultrametric with classes that agree.
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Instance in = random_instance(seed);
    Domain domain(in);
    if (!domain.propagate()) continue;
    std::vector<std::vector<Rung>> reached;
    const std::function<void()> descend = [&] {
      for (int i = 0; i < in.n; ++i) {
        for (int j = 0; j < i; ++j) {
          if (domain.decided(i, j)) continue;
          const Rung middle = domain.low(i, j);
          const std::size_t mark = domain.mark();
          if (domain.lower(i, j, middle)) descend();
          domain.restore(mark);
          if (domain.raise(i, j, static_cast<Rung>(middle + 1))) descend();
          domain.restore(mark);
          return;
        }
      }
      std::vector<Rung> rungs(in.pairs());
      for (int i = 0; i < in.n; ++i) {
        for (int j = 0; j < i; ++j) rungs[at(pair_index(i, j))] = domain.low(i, j);
      }
      reached.push_back(rungs);
    };
    descend();
    std::vector<std::vector<Rung>> expected;
    for (const Point& point : points(in)) expected.push_back(point.rungs);
    std::sort(reached.begin(), reached.end());
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(reached, expected) << "seed " << seed;
  }
}

TEST(Domain, TogetherWithANeighbourCarriesItsBoundaries) {
  // a with b, b apart from c: a is apart from c, as far.
  Instance in = open_instance(3, 4);
  in.upper[at(pair_index(0, 1))] = 0;
  in.lower[at(pair_index(1, 2))] = 2;
  Domain domain(in);
  ASSERT_TRUE(domain.propagate());
  EXPECT_EQ(domain.low(0, 2), 2);
  ASSERT_TRUE(domain.lower(1, 2, 2));
  EXPECT_TRUE(domain.decided(0, 2));
}

TEST(Domain, OptionsThatCannotAgreePartThePair) {
  Instance in = open_instance(2, 3);
  in.classes[0].resize(2, OptionClass{{Option{}}});
  in.co_resident = {0, 2, 1, 0};  // beside b, a must be of its second class
  Domain domain(in);
  ASSERT_TRUE(domain.propagate());
  EXPECT_EQ(domain.low(0, 1), 0);
  ASSERT_TRUE(domain.restrict_classes(0, 1));
  EXPECT_EQ(domain.low(0, 1), 1);
}

TEST(Domain, JoiningRestrictsBothSides) {
  Instance in = open_instance(2, 3);
  for (auto& classes : in.classes) classes.resize(2, OptionClass{{Option{}}});
  in.co_resident = {0, 2, 1, 0};
  Domain domain(in);
  ASSERT_TRUE(domain.propagate());
  ASSERT_TRUE(domain.lower(0, 1, 0));
  EXPECT_EQ(domain.classes(0), ClassMask{2});
  EXPECT_EQ(domain.classes(1), ClassMask{1});
}

TEST(Domain, LimitsNeverSayNoTooEarly) {
  static const auto kMatrices = test::ultrametrics(4, 4);
  int exceeded = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Instance in = random_instance(seed);
    Draw draw(seed + 2000);
    in.address_space_rungs = 2;
    in.vm_rungs = 3;
    in.keys = 1 + draw.below(3);
    in.vms = draw.below(3);
    Domain domain(in);
    if (!domain.propagate() || !domain.limits_exceeded()) continue;
    ++exceeded;
    for (const Point& point : points(in)) {
      EXPECT_FALSE(within_limits(in, point.rungs)) << "seed " << seed;
    }
  }
  EXPECT_GT(exceeded, 20);
}

}  // namespace
}  // namespace flexos
