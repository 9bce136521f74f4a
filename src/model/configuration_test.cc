#include "model/configuration.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace flexos {
namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

Spec spec_of(const std::vector<std::string>& names) {
  Spec spec;
  for (const char* name : {"none", "key", "space"}) {
    Mechanism m;
    m.name = name;
    m.level = 10 * static_cast<int>(spec.mechanisms.size());
    spec.mechanisms.push_back(m);
  }
  for (const char* name : {"asan", "cfi"}) {
    Hardening h;
    h.name = name;
    spec.hardening.push_back(h);
  }
  for (const std::string& name : names) {
    Component c;
    c.name = name;
    c.variants.resize(2);
    c.variants[0].name = "default";
    c.variants[1].name = "proved";
    spec.components.push_back(c);
  }
  return spec;
}

Configuration flat(int n) {
  return {.levels = std::vector<Level>(at(pair_count(n)), 0),
          .hardening = std::vector<std::uint64_t>(at(n), 0),
          .variants = std::vector<std::uint8_t>(at(n), 0)};
}

void set(Configuration& c, int i, int j, Level level) { c.levels[at(pair_index(i, j))] = level; }

TEST(PairIndex, NumbersPairsOnceAndWithoutHoles) {
  constexpr int kN = 9;
  std::set<int> seen;
  for (int i = 0; i < kN; ++i) {
    for (int j = 0; j < i; ++j) {
      EXPECT_EQ(pair_index(i, j), pair_index(j, i));
      EXPECT_TRUE(seen.insert(pair_index(i, j)).second);
    }
  }
  EXPECT_EQ(static_cast<int>(seen.size()), pair_count(kN));
  EXPECT_EQ(*seen.begin(), 0);
  EXPECT_EQ(*seen.rbegin(), pair_count(kN) - 1);
}

TEST(Configuration, UltrametricIsTheDefinition) {
  // All level matrices of four components and three levels, against the inequality itself.
  int accepted = 0;
  for (int code = 0; code < 729; ++code) {
    Configuration c = flat(4);
    int rest = code;
    for (Level& level : c.levels) {
      level = static_cast<Level>(rest % 3);
      rest /= 3;
    }
    bool holds = true;
    for (int i = 0; i < 4; ++i) {
      for (int j = 0; j < 4; ++j) {
        for (int k = 0; k < 4; ++k) {
          holds &= c.level(i, k) <= std::max(c.level(i, j), c.level(j, k));
        }
      }
    }
    EXPECT_EQ(is_ultrametric(c, 4), holds) << code;
    accepted += holds ? 1 : 0;
  }
  // Pairs of partitions of four things, one a refinement of the other (OEIS A000258).
  EXPECT_EQ(accepted, 60);
}

TEST(Configuration, ClassesNestAsLevelsGrow) {
  // {a d} apart from b by key, all of them apart from {c e} by space.
  Configuration c = flat(5);
  for (const int outer : {2, 4}) {
    for (const int inner : {0, 1, 3}) set(c, outer, inner, 2);
  }
  set(c, 1, 0, 1);
  set(c, 1, 3, 1);
  ASSERT_TRUE(is_ultrametric(c, 5));
  using Groups = std::vector<std::vector<int>>;
  EXPECT_EQ(classes(c, 5, 0), (Groups{{0, 3}, {1}, {2, 4}}));
  EXPECT_EQ(classes(c, 5, 1), (Groups{{0, 1, 3}, {2, 4}}));
  EXPECT_EQ(classes(c, 5, 2), (Groups{{0, 1, 2, 3, 4}}));
}

TEST(Configuration, CanonicalTextSaysEverythingInOrderOfNames) {
  const Spec spec = spec_of({"b", "a"});
  Configuration c = flat(2);
  set(c, 0, 1, 1);
  c.hardening[0] = 1;
  c.variants[0] = 1;
  EXPECT_EQ(canonical_text(spec, c),
            "sharing copy\na variant default\nb variant proved asan\na|b key\n");
}

TEST(Configuration, IdIsTheNameUuidOfTheText) {
  // As another implementation computes it:
  // python3 -c 'import uuid; print(uuid.uuid5(uuid.NAMESPACE_OID, TEXT).hex[:12])'
  const Spec spec = spec_of({"b", "a"});
  Configuration c = flat(2);
  set(c, 0, 1, 1);
  c.hardening[0] = 1;
  c.variants[0] = 1;
  EXPECT_EQ(configuration_id(spec, c), "819f8531ac3b");
}

TEST(Configuration, IdDoesNotDependOnTheOrderOfComponents) {
  const Spec spec = spec_of({"a", "b", "c"});
  Configuration c = flat(3);
  set(c, 0, 1, 1);
  set(c, 0, 2, 2);
  set(c, 1, 2, 2);
  c.hardening = {1, 2, 3};
  c.variants = {0, 1, 0};
  std::vector<int> order{0, 1, 2};
  do {
    std::vector<std::string> names;
    Configuration moved = flat(3);
    for (int i = 0; i < 3; ++i) {
      names.push_back(spec.components[at(order[at(i)])].name);
      moved.hardening[at(i)] = c.hardening[at(order[at(i)])];
      moved.variants[at(i)] = c.variants[at(order[at(i)])];
      for (int j = 0; j < i; ++j) set(moved, i, j, c.level(order[at(i)], order[at(j)]));
    }
    EXPECT_EQ(configuration_id(spec_of(names), moved), configuration_id(spec, c));
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(Configuration, IdTellsEveryCoordinateApart) {
  Spec spec = spec_of({"a", "b", "c"});
  const Configuration base = flat(3);
  std::set<std::string> ids{configuration_id(spec, base)};
  for (std::size_t i = 0; i < 3; ++i) {
    for (const std::uint64_t bit : {std::uint64_t{1}, std::uint64_t{2}}) {
      Configuration c = base;
      c.hardening[i] = bit;
      EXPECT_TRUE(ids.insert(configuration_id(spec, c)).second);
    }
    Configuration v = base;
    v.variants[i] = 1;
    EXPECT_TRUE(ids.insert(configuration_id(spec, v)).second);
    for (const Level level : {Level{1}, Level{2}}) {
      Configuration l = base;
      l.levels[i] = level;
      EXPECT_TRUE(ids.insert(configuration_id(spec, l)).second);
    }
  }
  spec.sharing = Sharing::dss;
  EXPECT_TRUE(ids.insert(configuration_id(spec, base)).second);
}

}  // namespace
}  // namespace flexos
