#include "model/exact.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace flexos {
namespace {

Decimal dec(std::string_view text) {
  const auto value = Decimal::parse(text);
  EXPECT_TRUE(value.has_value()) << text;
  return value.value_or(Decimal());
}

const std::string kLargest = "170141183460469231731687303715884105727";  // 2^127 - 1

TEST(Decimal, ReadsWhatPeopleWrite) {
  EXPECT_EQ(dec("12").to_string(), "12");
  EXPECT_EQ(dec("-3.50").to_string(), "-3.5");
  EXPECT_EQ(dec("+0.125").to_string(), "0.125");
  EXPECT_EQ(dec(".5").to_string(), "0.5");
  EXPECT_EQ(dec("7.").to_string(), "7");
  EXPECT_EQ(dec("1e3").to_string(), "1000");
  EXPECT_EQ(dec("25E-4").to_string(), "0.0025");
  EXPECT_EQ(dec("-0.05").to_string(), "-0.05");
  EXPECT_EQ(dec("0.000").to_string(), "0");
  EXPECT_EQ(dec("-0").to_string(), "0");
  EXPECT_EQ(dec(kLargest).to_string(), kLargest);
}

TEST(Decimal, RefusesWhatIsNoPlainNumber) {
  for (const char* text : {"", ".", "-", "+.", "1.2.3", "1e", "1e+", "e5", "abc", " 1", "1 ",
                           "0x10", "nan", "inf", "1,5", "--1", "1e100", "1_000"}) {
    EXPECT_FALSE(Decimal::parse(text).has_value()) << text;
  }
}

TEST(Decimal, RefusesWhatOutgrows128Bits) {
  EXPECT_FALSE(Decimal::parse("170141183460469231731687303715884105728").has_value());
  EXPECT_FALSE(Decimal::parse("2e38").has_value());
  EXPECT_TRUE(Decimal::parse("1e38").has_value());
  EXPECT_FALSE(Decimal::parse("1e-38").has_value());
  EXPECT_TRUE(Decimal::parse("1e-37").has_value());
}

TEST(Decimal, EqualValuesHaveOneForm) {
  EXPECT_EQ(dec("1.50"), dec("1.5"));
  EXPECT_EQ(dec("15e-1").scale(), 1);
  EXPECT_EQ(dec("1000e-3"), Decimal(1));
  EXPECT_EQ(dec("1000e-3").scale(), 0);
  EXPECT_EQ(dec("0.0").scale(), 0);
  EXPECT_EQ(*multiply(dec("0.5"), dec("0.2")), dec("0.1"));
  EXPECT_EQ(multiply(dec("2.5"), dec("0.4"))->scale(), 0);
}

TEST(Decimal, TenthsAddUpExactly) {
  // 0.1 ten times is not 1 in binary floating point.
  Decimal sum;
  for (int i = 0; i < 10; ++i) sum = *add(sum, dec("0.1"));
  EXPECT_EQ(sum, Decimal(1));
  EXPECT_EQ(*subtract(dec("0.3"), dec("0.1")), dec("0.2"));
}

TEST(Decimal, ArithmeticOutside128BitsIsRefused) {
  const Decimal large = dec(kLargest);
  EXPECT_FALSE(add(large, 1).has_value());
  EXPECT_FALSE(add(large, dec("0.1")).has_value());  // the common scale does not fit
  EXPECT_FALSE(multiply(large, 2).has_value());
  EXPECT_FALSE(subtract(dec("-" + kLargest), 2).has_value());
  EXPECT_EQ(add(large, dec("-" + kLargest)), std::optional(Decimal(0)));
  EXPECT_FALSE(multiply(dec("1e-20"), dec("1e-20")).has_value());
}

TEST(Decimal, ComparesAcrossScales) {
  EXPECT_LT(dec("0.99"), Decimal(1));
  EXPECT_LT(dec("-1"), dec("-0.999"));
  EXPECT_GT(dec("10"), dec("9.999999999"));
  // The common scale does not fit: the one with fewer fraction digits is far from 0.
  EXPECT_LT(dec("1e-37"), dec(kLargest));
  EXPECT_GT(dec(kLargest), dec("1e-37"));
  EXPECT_LT(dec("-" + kLargest), dec("1e-37"));
  EXPECT_GT(dec("1e-37"), dec("-" + kLargest));
  EXPECT_LT(dec("-" + kLargest), dec("-1e-37"));
}

TEST(Decimal, AgreesWithIntegersOfACommonScale) {
  std::mt19937_64 random(1);
  const auto draw = [&] {
    const auto units = static_cast<std::int64_t>(random() % 2000001) - 1000000;
    const int scale = static_cast<int>(random() % 5);
    return std::pair(static_cast<__int128>(units) * power_of_ten(4 - scale),
                     *Decimal::make(units, scale));
  };
  for (int round = 0; round < 2000; ++round) {
    const auto [x, a] = draw();
    const auto [y, b] = draw();
    EXPECT_EQ(a.scaled(4), x);
    EXPECT_EQ(add(a, b)->scaled(4), x + y);
    EXPECT_EQ(subtract(a, b)->scaled(4), x - y);
    EXPECT_EQ(multiply(a, b)->scaled(8), x * y);
    EXPECT_EQ(a < b, x < y);
    EXPECT_EQ(a == b, x == y);
    EXPECT_EQ(Decimal::parse(a.to_string()), a);
  }
}

TEST(Decimal, ScaledOnlyWhereWhole) {
  EXPECT_EQ(dec("1.25").scaled(2), 125);
  EXPECT_EQ(dec("1.25").scaled(4), 12500);
  EXPECT_FALSE(dec("1.25").scaled(1).has_value());
  EXPECT_FALSE(dec(kLargest).scaled(1).has_value());
}

TEST(Decimal, ToDoubleIsTheNearest) {
  EXPECT_EQ(dec("0.1").to_double(), 0.1);
  EXPECT_EQ(dec("-2.75").to_double(), -2.75);
  EXPECT_EQ(dec("123456789.123456789").to_double(), 123456789.123456789);
}

TEST(Int128, PrintsItsEnds) {
  EXPECT_EQ(int128_to_string(0), "0");
  EXPECT_EQ(int128_to_string(-7), "-7");
  const __int128 largest = ~(static_cast<__int128>(1) << 127);
  EXPECT_EQ(int128_to_string(largest), kLargest);
  EXPECT_EQ(int128_to_string(-largest - 1), "-170141183460469231731687303715884105728");
}

}  // namespace
}  // namespace flexos
