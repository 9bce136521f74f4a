#include "spec/diagnostic.h"

#include <gtest/gtest.h>

#include "spec/report.h"

namespace flexos {
namespace {

Diagnostic sample() {
  Diagnostic d;
  d.file = "spec.yaml";
  d.line = 12;
  d.column = 5;
  d.length = 4;
  d.code = "unknown-component";
  d.message = "unknown component `lwpi`";
  d.hint = "did you mean `lwip`?";
  d.excerpt = "  - lwpi";
  return d;
}

TEST(Render, IsACompilersText) {
  EXPECT_EQ(render(sample(), false),
            "spec.yaml:12:5: error: unknown component `lwpi` [unknown-component]\n"
            "   12 |   - lwpi\n"
            "      |     ^~~~\n"
            "  hint: did you mean `lwip`?\n");
}

TEST(Render, ColorOnlyOnRequest) {
  EXPECT_EQ(render(sample(), false).find('\x1b'), std::string::npos);
  EXPECT_NE(render(sample(), true).find("\x1b[1;31m"), std::string::npos);
}

TEST(Render, WholeFileHasNoExcerpt) {
  Diagnostic d = sample();
  d.line = 0;
  d.hint.clear();
  EXPECT_EQ(render(d, false), "spec.yaml: error: unknown component `lwpi` [unknown-component]\n");
}

TEST(Render, CaretFollowsTabsAndCharacters) {
  Diagnostic d = sample();
  d.excerpt = "\t\xc3\xa4: x";  // a tab, then one character of two bytes
  d.column = 6;
  d.length = 1;
  EXPECT_NE(render(d, false).find("      | \t   ^\n"), std::string::npos);
}

TEST(Render, CaretBehindTheLine) {
  Diagnostic d = sample();
  d.excerpt = "ab";
  d.column = 3;
  EXPECT_NE(render(d, false).find("      |   ^\n"), std::string::npos);
}

TEST(Ticked, EscapesAndShortens) {
  EXPECT_EQ(ticked("a"), "`a`");
  EXPECT_EQ(ticked("a\x1b[31m\n"), "`a\\x1b[31m\\n`");
  EXPECT_LT(ticked(std::string(10000, 'a')).size(), 80U);
}

TEST(Report, SortsByFileAndPosition) {
  const Source other("other.yaml", "x\ny\n", false);
  const Source spec("spec.yaml", "a b\nc\n", true);
  Report report;
  report.error({&other, 2, 3}, "e", "other, line 2");
  report.error({&spec, 4, 5}, "e", "spec, line 2");
  report.error({&other, 0, 1}, "e", "other, line 1");
  report.error({&spec, 2, 3}, "e", "spec, column 3").note({&other, 0, 1}, "because");
  report.warning({&spec, 0, 1}, "w", "spec, column 1");
  report.error({&spec, 4, 5}, "e", "spec, line 2");  // the same again
  std::vector<std::string> messages;
  for (const Diagnostic& d : report.take()) messages.push_back(d.message);
  EXPECT_EQ(messages, (std::vector<std::string>{"spec, column 1", "spec, column 3", "because",
                                                "spec, line 2", "other, line 1", "other, line 2"}));
}

TEST(Report, ShowsLongLinesInPart) {
  std::string text(100000, 'x');
  text[50000] = '!';
  const Source source("long.yaml", text, true);
  Report report;
  report.error({&source, 50000, 50001}, "e", "here");
  const Diagnostic d = report.take().at(0);
  EXPECT_EQ(d.column, 50001);
  EXPECT_LT(d.excerpt.size(), 200U);
  EXPECT_EQ(d.excerpt.at(static_cast<std::size_t>(d.column - d.excerpt_column)), '!');
}

TEST(Source, OneLine) {
  const Source source("s", "isolate: [a, 'b # c']   # why\n  # more\n  at_least: don't # x\n",
                      true);
  EXPECT_EQ(one_line({&source, 0, source.text.size()}), "isolate: [a, 'b # c'] at_least: don't");
}

TEST(Source, BadBytes) {
  EXPECT_EQ(find_bad_byte("plain\t\r\n"), std::string_view::npos);
  EXPECT_EQ(find_bad_byte("\xe6\xbc\xa2\xf0\x9f\x98\x80"), std::string_view::npos);
  EXPECT_EQ(find_bad_byte("a\xff"), 1U);
  EXPECT_EQ(find_bad_byte("a\xc3"), 1U);
  EXPECT_EQ(find_bad_byte("\xc0\xaf"), 0U);      // overlong
  EXPECT_EQ(find_bad_byte("\xed\xa0\x80"), 0U);  // a surrogate
  EXPECT_EQ(find_bad_byte(std::string(1, '\0')), 0U);
}

}  // namespace
}  // namespace flexos
