#include "spec/edit_distance.h"

#include <gtest/gtest.h>

namespace flexos {
namespace {

TEST(EditDistance, CountsEachKindOfEdit) {
  EXPECT_EQ(edit_distance("", "", 3), 0);
  EXPECT_EQ(edit_distance("lwip", "lwip", 3), 0);
  EXPECT_EQ(edit_distance("lwip", "lwp", 3), 1);
  EXPECT_EQ(edit_distance("lwp", "lwip", 3), 1);
  EXPECT_EQ(edit_distance("lwip", "lwap", 3), 1);
  EXPECT_EQ(edit_distance("lwip", "lwpi", 3), 1);  // a swap of neighbours is one
  EXPECT_EQ(edit_distance("abc", "", 3), 3);
  EXPECT_EQ(edit_distance("kitten", "sitting", 3), 3);
}

TEST(EditDistance, StopsAtTheLimit) {
  EXPECT_EQ(edit_distance("abcdef", "uvwxyz", 2), 3);
  EXPECT_EQ(edit_distance("a", "abcdefgh", 2), 3);
}

TEST(Nearest, TakesTheClosest) {
  EXPECT_EQ(nearest("lwpi", {"redis", "lwip", "lwi"}), "lwip");
  EXPECT_EQ(nearest("mkp.light", {"mpk.full", "mpk.light"}), "mpk.light");
  EXPECT_EQ(nearest("Redis", {"redis"}), "redis");
  EXPECT_EQ(nearest("stack_protector", {"stack-protector"}), "stack-protector");
}

TEST(Nearest, TakesAWordCutShort) { EXPECT_EQ(nearest("fast", {"safest", "fastest"}), "fastest"); }

TEST(Nearest, SaysNothingWhereNothingIsNear) {
  EXPECT_EQ(nearest("zlib", {"redis", "lwip"}), "");
  EXPECT_EQ(nearest("mpk", {"pt", "vm"}), "");
  EXPECT_EQ(nearest("", {"a"}), "");
  EXPECT_EQ(nearest(std::string(100, 'a'), {"a"}), "");
}

TEST(Nearest, TiesGoToTheFirst) { EXPECT_EQ(nearest("abx", {"aby", "abz"}), "aby"); }

TEST(ListNames, IsCutAfterADozen) {
  EXPECT_EQ(list_names("there are", {}), "");
  EXPECT_EQ(list_names("there are", {"a", "b"}), "there are `a`, `b`");
  EXPECT_TRUE(list_names("it has", std::vector<std::string>(20, "x")).ends_with("`x`, ..."));
}

}  // namespace
}  // namespace flexos
