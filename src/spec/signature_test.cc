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

TEST(Signature, ACallbackHasASignatureOfItsOwn) {
  const SignatureResult r = parse_signature(
      "exec(void* db, int (*row)(void* mine, int n, char** values [in: n strings]), void* mine)");
  ASSERT_EQ(r.error, "");
  ASSERT_EQ(r.entry.parameters.size(), 3U);
  const Parameter& row = r.entry.parameters[1];
  EXPECT_EQ(row.name, "row");
  EXPECT_EQ(row.type, "int (*)(...)");
  EXPECT_EQ(row.direction, Direction::value);
  EXPECT_EQ(row.lifetime, Parameter::Lifetime::call);
  ASSERT_NE(row.callback, nullptr);
  EXPECT_EQ(row.callback->result, "int");
  EXPECT_EQ(row.callback->signature,
            "int (*row)(void* mine, int n, char** values [in: n strings])");
  ASSERT_EQ(row.callback->parameters.size(), 3U);
  EXPECT_EQ(row.callback->parameters[0].direction, Direction::value);
  EXPECT_EQ(row.callback->parameters[2].direction, Direction::in);
  EXPECT_EQ(row.callback->parameters[2].length, "n strings");
  EXPECT_EQ(r.entry.parameters[2].callback, nullptr);
}

TEST(Signature, ACallbacksLifetime) {
  const auto lifetime = [](const std::string& word) {
    const SignatureResult r =
        parse_signature("on(void (*handler)(int code) [ lifetime : " + word + " ], int code)");
    EXPECT_EQ(r.error, "");
    return r.entry.parameters.at(0).lifetime;
  };
  EXPECT_EQ(lifetime("call"), Parameter::Lifetime::call);
  EXPECT_EQ(lifetime("once"), Parameter::Lifetime::once);
  EXPECT_EQ(lifetime("registered"), Parameter::Lifetime::registered);
  EXPECT_TRUE(parse_signature("on(void (*handler)())").entry.parameters[0].callback);
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
  EXPECT_EQ(piece("f(int (*g)(int a, void* b [in: c]), int c)"), "c");
  EXPECT_EQ(piece("f(int (*g)(const void*))"), "const void*");
  EXPECT_EQ(piece("f(int (*)(int a))"), "int (*)(int a)");
  EXPECT_EQ(piece("f((*g)(int a))"), "(*g)(int a)");
  EXPECT_EQ(piece("f(int (*g))"), "int (*g)");
  EXPECT_EQ(piece("f(int (*g)(int (*h)(int a)))"), "int (*h)(int a)");
  EXPECT_EQ(piece("f(int (*g)(int a) [in: 4])"), "[in: 4]");
  EXPECT_EQ(piece("f(int (*g)(int a) [lifetime: cal])"), "cal");
  EXPECT_EQ(piece("f(int (*g)(sqlite3_int64 a))"), "int (*g)(sqlite3_int64 a)");
  EXPECT_EQ(piece("f(int (*g)(int a, int b, int c, int d, int e, int f))"),
            "int (*g)(int a, int b, int c, int d, int e, int f)");
  EXPECT_EQ(piece("f(char* t [in: n strings], int n)"), "char* t");
  EXPECT_EQ(piece("f(char** t [out: n strings], int n)"), "char** t");
  EXPECT_EQ(piece("f(int (*g)(int a), void* b [in: g])"), "g");
}

}  // namespace
}  // namespace flexos
