#include "flexos/words.h"

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace {
std::string given;  // the image's arguments
}

extern "C" int64_t platform_arguments(char* text, size_t n) {
  given.copy(text, n);
  return static_cast<int64_t>(given.size());
}

namespace flexos {
namespace {

using Words = std::vector<std::string>;

constexpr int kMost = 8;
constexpr int kSize = 64;

/// nullopt: they do not fit.
std::optional<Words> words_of(const std::string& text, int size = kSize) {
  given = text;
  // Filled, so that whoever forgets an end is seen.
  std::array<char, kSize + 1> buffer;
  buffer.fill('#');
  std::array<char*, kMost + 1> words{};
  const int count = flexos_arguments(buffer.data(), size, words.data(), kMost);
  EXPECT_EQ(buffer[static_cast<std::size_t>(size)], '#');
  EXPECT_EQ(words[kMost], nullptr);
  if (count < 0) return std::nullopt;
  return Words(words.begin(), words.begin() + count);
}

TEST(ImageArguments, BlanksPartThem) {
  EXPECT_EQ(words_of(""), Words());
  EXPECT_EQ(words_of("   "), Words());
  EXPECT_EQ(words_of("one"), Words({"one"}));
  EXPECT_EQ(words_of("  one   two "), Words({"one", "two"}));
}

TEST(ImageArguments, QuotesKeepThemTogether) {
  EXPECT_EQ(words_of("-g 'a b;' c"), Words({"-g", "a b;", "c"}));
  EXPECT_EQ(words_of("\"a 'b'\" 'c \"d\"'"), Words({"a 'b'", "c \"d\""}));
  EXPECT_EQ(words_of("a'b c'd"), Words({"ab cd"}));
  EXPECT_EQ(words_of("--save '' \"\" x"), Words({"--save", "", "", "x"}));
  EXPECT_EQ(words_of("'it'\"'\"'s' x"), Words({"it's", "x"}));
  EXPECT_EQ(words_of("'never closed "), Words({"never closed "}));
  EXPECT_EQ(words_of("a '"), Words({"a", ""}));
}

TEST(ImageArguments, TheNetworksOwnIsLeftOut) {
  EXPECT_EQ(words_of("net=1/2,3 a"), Words({"a"}));
  EXPECT_EQ(words_of("a 'net=1/2,3'"), Words({"a"}));
  EXPECT_EQ(words_of("a 'b net=1' --net=2 xnet=3"), Words({"a", "b net=1", "--net=2", "xnet=3"}));
}

TEST(ImageArguments, WhatDoesNotFitIsNotCutShort) {
  EXPECT_EQ(words_of("1 2 3 4 5 6 7 8")->size(), 8U);
  EXPECT_EQ(words_of("1 2 3 4 5 6 7 8 9"), std::nullopt);
  EXPECT_EQ(words_of("1 2 3 4 net=5 6 7 8 9")->size(), 8U);
  EXPECT_EQ(words_of(std::string(15, 'x'), 16), Words({std::string(15, 'x')}));
  EXPECT_EQ(words_of(std::string(16, 'x'), 16), std::nullopt);
}

}  // namespace
}  // namespace flexos
