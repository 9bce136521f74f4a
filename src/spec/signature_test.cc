#include "spec/signature.h"

#include <gtest/gtest.h>

namespace flexos {
namespace {

using Direction = Parameter::Direction;

TEST(Signature, NameAlone) {
  const SignatureResult r = parse_signature("socket");
  EXPECT_EQ(r.error, "");
  EXPECT_EQ(r.entry.name, "socket");
  EXPECT_EQ(r.entry.signature, "");
  EXPECT_TRUE(r.entry.parameters.empty());
}

TEST(Signature, BuffersAndResult) {
  const std::string text =
      "lwip_send(int s, const void* buf [in: len], size_t len, int flags) -> ssize_t";
  const SignatureResult r = parse_signature(text);
  ASSERT_EQ(r.error, "");
  EXPECT_EQ(r.entry.name, "lwip_send");
  EXPECT_EQ(r.entry.signature, text);
  EXPECT_EQ(r.entry.result, "ssize_t");
  ASSERT_EQ(r.entry.parameters.size(), 4U);
  EXPECT_EQ(r.entry.parameters[0].type, "int");
  EXPECT_EQ(r.entry.parameters[0].name, "s");
  EXPECT_EQ(r.entry.parameters[0].direction, Direction::value);
  EXPECT_EQ(r.entry.parameters[1].type, "const void*");
  EXPECT_EQ(r.entry.parameters[1].name, "buf");
  EXPECT_EQ(r.entry.parameters[1].direction, Direction::in);
  EXPECT_EQ(r.entry.parameters[1].length, "len");
}

TEST(Signature, DirectionsAndLengths) {
  const SignatureResult r = parse_signature(
      "f(char *path [in: string], void* a [out: n * 4], void* b [inout: n + 16], size_t n)");
  ASSERT_EQ(r.error, "");
  EXPECT_EQ(r.entry.result, "void");
  EXPECT_EQ(r.entry.parameters[0].type, "char *");
  EXPECT_EQ(r.entry.parameters[0].length, "string");
  EXPECT_EQ(r.entry.parameters[1].direction, Direction::out);
  EXPECT_EQ(r.entry.parameters[1].length, "n * 4");
  EXPECT_EQ(r.entry.parameters[2].direction, Direction::inout);
}

TEST(Signature, NoParameters) {
  EXPECT_TRUE(parse_signature("f()").entry.parameters.empty());
  EXPECT_TRUE(parse_signature("f(void) -> const char*").entry.parameters.empty());
  EXPECT_EQ(parse_signature("f(void) -> const char*").entry.result, "const char*");
}

TEST(Signature, FunctionPointer) {
  const SignatureResult r =
      parse_signature("sort(int (*compare)(const void*, const void*), int n)");
  ASSERT_EQ(r.error, "");
  ASSERT_EQ(r.entry.parameters.size(), 2U);
  EXPECT_EQ(r.entry.parameters[0].name, "compare");
  EXPECT_EQ(r.entry.parameters[0].type, "int (*)(const void*, const void*)");
}

TEST(Signature, ErrorsPointAtThePiece) {
  const auto piece = [](std::string_view text) {
    const SignatureResult r = parse_signature(text);
    EXPECT_NE(r.error, "") << text;
    return std::string(text.substr(r.at, r.length));
  };
  EXPECT_EQ(piece("f(int a, void* b [inn: a])"), "inn");
  EXPECT_EQ(piece("f(int a, void* b [in: c])"), "c");
  EXPECT_EQ(piece("f(int a, void* b [in])"), "in");
  EXPECT_EQ(piece("f(int a, void* b [in: a *])"), "a *");
  EXPECT_EQ(piece("f(int a"), "(");
  EXPECT_EQ(piece("f(int a) int"), "int");
  EXPECT_EQ(piece("f(int a) -> 3"), "3");
  EXPECT_EQ(piece("f(int)"), "int");
  EXPECT_EQ(piece("f(int a, ...)"), "...");
  EXPECT_EQ(piece("f(int a [in: 4])"), "int a");
  EXPECT_EQ(piece("f(void* a [in: 4] b)"), "[in: 4] b");
  EXPECT_EQ(piece("a b(int c)"), "a b");
}

}  // namespace
}  // namespace flexos
