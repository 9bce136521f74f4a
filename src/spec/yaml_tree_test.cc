#include "spec/yaml_tree.h"

#include <gtest/gtest.h>

#include <chrono>

#include "spec/load.h"

namespace flexos {
namespace {

/// A parsed text whose source lives as long as its tree.
struct Parsed {
  explicit Parsed(std::string text) : source("t.yaml", std::move(text), true) {
    root = parse_yaml(source, report);
    diagnostics = report.take();
  }
  std::string_view value(std::string_view key) const { return root->find(key)->value->span.text(); }
  Source source;
  Report report;
  NodePtr root;
  std::vector<Diagnostic> diagnostics;
};

TEST(YamlTree, SpansHoldWhatWasWritten) {
  const Parsed p(
      "plain: two words   # comment\n"
      "double: \"a \\\" b\" # c\n"
      "single: 'it''s'\n"
      "list: [a, \"b]\", {c: d}, ]\n"
      "block:\n  - one\n  - two: 2\n    three: [3\n      ]\nfolded: a\n  b\n"
      "literal: |\n  text\n\n  more\nlast: x");
  ASSERT_NE(p.root, nullptr) << render(p.diagnostics, false);
  EXPECT_EQ(p.value("plain"), "two words");
  EXPECT_EQ(p.value("double"), "\"a \\\" b\"");
  EXPECT_EQ(p.value("single"), "'it''s'");
  EXPECT_EQ(p.value("list"), "[a, \"b]\", {c: d}, ]");
  EXPECT_EQ(p.value("block"), "- one\n  - two: 2\n    three: [3\n      ]");
  EXPECT_EQ(p.value("folded"), "a\n  b");
  EXPECT_EQ(p.value("literal"), "|\n  text\n\n  more");
  EXPECT_EQ(p.value("last"), "x");
}

TEST(YamlTree, ColumnsCountBytesBehindOtherCharacters) {
  const Parsed p("\xc3\xa4: [\xe6\xbc\xa2, x]\n");
  const Node& list = *p.root->entries[0].value;
  EXPECT_EQ(list.span.column(), 5);
  EXPECT_EQ(list.items[1]->span.column(), 11);
  EXPECT_EQ(list.items[1]->span.text(), "x");
}

TEST(YamlTree, AnchorsAreSharedAndPropertiesSkipped) {
  const Parsed p("a: &x [1, 2]\nb: *x\nc: &y\n  k: v\nd: *y\n");
  ASSERT_NE(p.root, nullptr);
  EXPECT_EQ(p.value("a"), "[1, 2]");
  EXPECT_EQ(p.root->find("a")->value, p.root->find("b")->value);
  EXPECT_EQ(p.value("c"), "k: v");
}

TEST(YamlTree, NullsPointAtTheirKey) {
  const Parsed p("a:\nb: ~\nc: null\n");
  EXPECT_EQ(p.value("a"), "a");
  EXPECT_EQ(p.value("b"), "~");
  EXPECT_EQ(p.value("c"), "null");
}

TEST(YamlTree, DuplicateKeepsTheFirst) {
  const Parsed p("a: 1\nb: 2\na: 3\n");
  EXPECT_EQ(p.value("a"), "1");
  ASSERT_EQ(p.diagnostics.size(), 2U);
  EXPECT_EQ(p.diagnostics[0].line, 3);
  EXPECT_EQ(p.diagnostics[1].line, 1);
  EXPECT_EQ(p.diagnostics[1].severity, Severity::note);
}

TEST(YamlTree, MergeIsDeepAndReplacesLists) {
  const Parsed base("a: {x: 1, y: 2}\nl: [1, 2]\nk: v\n");
  const Parsed over("a: {y: 3, z: 4}\nl: [5]\n");
  const NodePtr merged = merge(base.root, over.root);
  const Node& a = *merged->find("a")->value;
  EXPECT_EQ(a.entries.size(), 3U);
  EXPECT_EQ(a.find("y")->value->text, "3");
  EXPECT_EQ(a.find("x")->value->text, "1");
  EXPECT_EQ(merged->find("l")->value->items.size(), 1U);
  EXPECT_EQ(merged->find("k")->value->text, "v");
}

/// Hostile files: refused with the code, and fast.
void expect_refused(const std::string& text, const std::string& code) {
  const auto begin = std::chrono::steady_clock::now();
  const Loaded loaded = load_spec_text(text, "t.yaml", {});
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  EXPECT_FALSE(loaded.spec.has_value());
  ASSERT_FALSE(loaded.diagnostics.empty());
  EXPECT_EQ(loaded.diagnostics[0].code, code);
  EXPECT_LT(took.count(), 2.0);  // far above what it takes, as test machines are busy
}

std::string repeat(std::string_view piece, int times) {
  std::string result;
  for (int i = 0; i < times; ++i) result += piece;
  return result;
}

TEST(YamlTree, RefusesABomb) {
  std::string bomb = "flexos: 1\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 30; ++i) {
    const std::string below = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + below +
            repeat(", " + below, 9) + "]\n";
  }
  expect_refused(bomb, "too-large");
}

TEST(YamlTree, RefusesDepth) {
  expect_refused(repeat("[", 1000000), "too-deep");
  expect_refused(repeat("{a: ", 500000), "too-deep");
  expect_refused(repeat("[\n", 500000), "too-deep");
  expect_refused(repeat("- ", 500000), "too-deep");
  expect_refused(repeat("? ", 500000), "too-deep");
  std::string ladder = "flexos: 1\na0: &a0 [x]\n";
  for (int i = 1; i < 100; ++i) {
    ladder += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" +
              std::to_string(i - 1) + "]\n";
  }
  expect_refused(ladder, "too-deep");
}

TEST(YamlTree, RefusesLargeFiles) {
  expect_refused(std::string(100 << 20, ' '), "too-large");
  expect_refused("flexos: 1\nx: [" + repeat("a,", 1000000) + "]", "too-large");
}

TEST(YamlTree, LongScalarsAreFine) {
  const Parsed p("a: " + std::string(1 << 20, 'x') + "\nb: \"" + std::string(1 << 20, 'y') +
                 "\"\n");
  ASSERT_NE(p.root, nullptr);
  EXPECT_EQ(p.value("a").size(), std::size_t{1} << 20);
}

TEST(YamlTree, ManyErrorsEndSomewhere) {
  std::string text = "flexos: 1\ncomponents: [{component: a}]\n";
  for (int i = 0; i < 20000; ++i) text += "k" + std::to_string(i) + ": 1\n";
  const Loaded loaded = load_spec_text(text, "t.yaml", {});
  EXPECT_LE(loaded.diagnostics.size(), 1001U);
  EXPECT_GE(loaded.diagnostics.size(), 1000U);
}

}  // namespace
}  // namespace flexos
