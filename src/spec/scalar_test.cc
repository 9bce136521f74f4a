#include "spec/scalar.h"

#include <gtest/gtest.h>

namespace flexos {
namespace {

TEST(Size, ReadsUnits) {
  EXPECT_EQ(parse_size("0").bytes, 0);
  EXPECT_EQ(parse_size("4096").bytes, 4096);
  EXPECT_EQ(parse_size("120KiB").bytes, 120 * 1024);
  EXPECT_EQ(parse_size("64MiB").bytes, std::int64_t{64} << 20);
  EXPECT_EQ(parse_size("1.5 MiB").bytes, std::int64_t{3} << 19);
  EXPECT_EQ(parse_size("1GiB").bytes, std::int64_t{1} << 30);
  EXPECT_EQ(parse_size("2TiB").bytes, std::int64_t{2} << 40);
}

TEST(Size, RefusesTheRest) {
  EXPECT_EQ(parse_size("64MB").error, LiteralError::malformed);
  EXPECT_EQ(parse_size("MiB").error, LiteralError::malformed);
  EXPECT_EQ(parse_size("").error, LiteralError::malformed);
  EXPECT_EQ(parse_size("1KiBMiB").error, LiteralError::malformed);
  EXPECT_EQ(parse_size("0.3KiB").error, LiteralError::too_precise);
  EXPECT_EQ(parse_size("1.5").error, LiteralError::too_precise);
  EXPECT_EQ(parse_size("999999999999TiB").error, LiteralError::too_large);
  EXPECT_EQ(parse_size("9999999999999999999999").error, LiteralError::too_large);
}

TEST(Number, IsExact) {
  EXPECT_EQ(parse_number("12.50").value.to_string(), "12.5");
  EXPECT_EQ(parse_number("-3").value.to_string(), "-3");
  EXPECT_EQ(parse_number("1.5e3").value.to_string(), "1500");
  EXPECT_EQ(parse_number(".5").value.to_string(), "0.5");
  EXPECT_EQ(parse_number("0.000000001").error, LiteralError::none);
  EXPECT_EQ(parse_number("999999999999").error, LiteralError::none);
}

TEST(Number, HasLimits) {
  EXPECT_EQ(parse_number("1000000000000").error, LiteralError::too_large);
  EXPECT_EQ(parse_number("-1000000000000").error, LiteralError::too_large);
  EXPECT_EQ(parse_number("1e300").error, LiteralError::too_large);
  EXPECT_EQ(parse_number(std::string(500, '9')).error, LiteralError::too_large);
  EXPECT_EQ(parse_number("0.0000000001").error, LiteralError::too_precise);
  EXPECT_EQ(parse_number("1e-300").error, LiteralError::too_precise);
  EXPECT_EQ(parse_number("0." + std::string(500, '1')).error, LiteralError::too_precise);
  EXPECT_EQ(parse_number("1.0000000000000").error, LiteralError::none);  // zeros say nothing
}

TEST(Number, IsNothingElse) {
  for (const char* text : {"", "-", ".", "1.2.3", "0x10", "1_000", "inf", ".nan", "1e", "1e+",
                           "12abc", " 1", "1 ", "1,5", "\xd9\xa3"}) {
    EXPECT_EQ(parse_number(text).error, LiteralError::malformed) << text;
  }
}

TEST(Names, HaveTheirCharacters) {
  EXPECT_TRUE(is_name("stack-protector"));
  EXPECT_TRUE(is_name("_a1"));
  EXPECT_FALSE(is_name("1a"));
  EXPECT_FALSE(is_name("a.b"));
  EXPECT_FALSE(is_name("a|b"));
  EXPECT_FALSE(is_name(""));
  EXPECT_FALSE(is_name("../../etc/passwd"));
  EXPECT_TRUE(is_dotted_name("mpk.light"));
  EXPECT_FALSE(is_dotted_name("mpk."));
  EXPECT_FALSE(is_dotted_name(".light"));
  EXPECT_TRUE(is_function_name("lwip_send"));
  EXPECT_FALSE(is_function_name("lwip send"));
  EXPECT_FALSE(is_function_name("3d"));
}

}  // namespace
}  // namespace flexos
