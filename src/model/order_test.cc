#include "model/order.h"

#include <gtest/gtest.h>

namespace flexos {
namespace {

/// Two components; the first has variants default < checked < verified and, beside them, odd.
Spec spec_of() {
  Spec spec;
  spec.mechanisms.resize(3);
  spec.hardening.resize(2);
  spec.components.resize(2);
  const auto variant = [](const char* name, std::vector<std::string> safer_than) {
    Variant v;
    v.name = name;
    v.safer_than = std::move(safer_than);
    return v;
  };
  spec.components[0].variants = {variant("default", {}), variant("checked", {"default"}),
                                 variant("verified", {"checked"}), variant("odd", {})};
  spec.components[1].variants = {variant("default", {})};
  return spec;
}

Configuration make(Level level, std::uint64_t first, std::uint64_t second, std::uint8_t variant) {
  return {.levels = {level}, .hardening = {first, second}, .variants = {variant, 0}};
}

/// Every configuration of the spec above.
std::vector<Configuration> all() {
  std::vector<Configuration> result;
  for (const Level level : {Level{0}, Level{1}, Level{2}}) {
    for (std::uint64_t first = 0; first < 4; ++first) {
      for (std::uint64_t second = 0; second < 4; ++second) {
        for (std::uint8_t variant = 0; variant < 4; ++variant) {
          result.push_back(make(level, first, second, variant));
        }
      }
    }
  }
  return result;
}

TEST(SafetyOrder, EveryCoordinateCounts) {
  const Spec spec = spec_of();
  const Configuration a = make(1, 1, 0, 0);
  EXPECT_TRUE(at_least_as_safe(spec, a, a));
  EXPECT_TRUE(at_least_as_safe(spec, make(2, 1, 0, 0), a));
  EXPECT_FALSE(at_least_as_safe(spec, make(0, 1, 0, 0), a));
  EXPECT_TRUE(at_least_as_safe(spec, make(1, 3, 0, 0), a));
  EXPECT_FALSE(at_least_as_safe(spec, make(1, 2, 0, 0), a));  // other hardening, not more
  EXPECT_TRUE(at_least_as_safe(spec, make(1, 1, 2, 0), a));
  EXPECT_TRUE(at_least_as_safe(spec, make(1, 1, 0, 1), a));
  EXPECT_FALSE(at_least_as_safe(spec, make(2, 3, 3, 3), a));  // `odd` is not declared safer
}

TEST(SafetyOrder, AStrongerLevelDoesNotBuyBackALostHardening) {
  const Spec spec = spec_of();
  EXPECT_FALSE(at_least_as_safe(spec, make(2, 0, 3, 2), make(1, 1, 0, 0)));
  EXPECT_FALSE(at_least_as_safe(spec, make(1, 1, 0, 0), make(2, 0, 3, 2)));
}

TEST(SafetyOrder, VariantsAreSaferThroughOthers) {
  const Component component = spec_of().components[0];
  EXPECT_TRUE(variant_at_least(component, 2, 0));  // verified > checked > default
  EXPECT_FALSE(variant_at_least(component, 0, 2));
  EXPECT_TRUE(variant_at_least(component, 3, 3));
  EXPECT_FALSE(variant_at_least(component, 3, 0));
  EXPECT_FALSE(variant_at_least(component, 2, 3));
}

TEST(SafetyOrder, ACycleOfDeclarationsEnds) {
  Component component = spec_of().components[0];
  component.variants[0].safer_than = {"verified"};
  EXPECT_TRUE(variant_at_least(component, 0, 1));
  EXPECT_FALSE(variant_at_least(component, 0, 3));
}

TEST(SafetyOrder, IsAPartialOrder) {
  const Spec spec = spec_of();
  const std::vector<Configuration> list = all();
  for (const Configuration& a : list) {
    for (const Configuration& b : list) {
      if (!at_least_as_safe(spec, b, a)) continue;
      if (at_least_as_safe(spec, a, b)) {
        EXPECT_EQ(a, b);
      }
      for (const Configuration& c : list) {
        if (at_least_as_safe(spec, c, b)) {
          EXPECT_TRUE(at_least_as_safe(spec, c, a));
        }
      }
    }
  }
}

}  // namespace
}  // namespace flexos
