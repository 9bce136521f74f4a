#include "report/table.h"

#include <gtest/gtest.h>

#include "spec/load.h"

namespace flexos {
namespace {

constexpr const char* kText = R"(flexos: 1
name: small
components:
  - component: c
    behavior: {reads: [own], writes: [own], calls: []}
    variants: {verified: {}}
  - component: a
    behavior: {reads: [own], writes: [own], calls: []}
  - component: b
    behavior: {reads: [own], writes: [own], calls: []}
  - component: d
    behavior: {reads: [own], writes: [own], calls: []}
define:
  mechanisms:
    none:      {level: 0, gate: 0, backend: true}
    mpk.light: {level: 10, strength: 60, gate: 62, backend: true}
    mpk.full:  {level: 20, strength: 70, gate: 108, backend: true}
    vm:        {level: 50, strength: 95, gate: 462, backend: true}
  hardening:
    asan: {strength: 30, slowdown: 2}
    cfi:  {strength: 20, slowdown: 1.05}
profile: {base: 1000, calls: {a: {c: 2}, c: {a: 1, d: 0.5}}, work: {b: 100}}
)";

enum Component : int { c, a, b, d };  // in the order of the spec

Spec spec_of(bool profile = true) {
  std::string text = kText;
  if (!profile) text.erase(text.find("profile:"));
  const Loaded loaded = load_spec_text(text, "t.yaml", Library{});
  EXPECT_TRUE(loaded.spec.has_value()) << render(loaded.diagnostics, false);
  return loaded.spec.value_or(Spec{});
}

void set(Configuration& config, int i, int j, Level level) {
  config.levels[static_cast<std::size_t>(pair_index(i, j))] = level;
}

/// {a b} |mpk.light| {c} with d wherever `level` says.
Configuration three(Level level) {
  Configuration config{.levels = std::vector<Level>(6, 0),
                       .hardening = std::vector<std::uint64_t>(4, 0),
                       .variants = std::vector<std::uint8_t>(4, 0)};
  set(config, c, a, 1);
  set(config, c, b, 1);
  for (const int other : {c, a, b}) set(config, d, other, level);
  return config;
}

std::vector<Judged> judged(const Spec& spec, const std::vector<Configuration>& list) {
  JudgedList result = judge_all(spec, list);
  EXPECT_EQ(result.error, "");
  return result.list;
}

TEST(DrawLayout, CompartmentsSideBySideWithTheMechanismOnTheBar) {
  const Spec spec = spec_of();
  EXPECT_EQ(draw_layout(spec, three(3)), "{a b} |mpk.light| {c} |vm| {d}");
  EXPECT_EQ(draw_layout(spec, three(2)), "{a b} |mpk.light| {c} |mpk.full| {d}");
}

TEST(DrawLayout, OneCompartmentHasNoBar) {
  const Spec spec = spec_of();
  Configuration config = three(0);
  config.levels.assign(6, 0);
  EXPECT_EQ(draw_layout(spec, config), "{a b c d}");
}

TEST(DrawLayout, WhatNestsTogetherStandsTogether) {
  // {a d} in one VM, {b} and {c} in the other: not in the order of names.
  const Spec spec = spec_of();
  Configuration config = three(3);
  config.levels.assign(6, 3);
  set(config, a, d, 0);
  set(config, b, c, 2);
  EXPECT_EQ(draw_layout(spec, config), "{a d} |vm| {b} |mpk.full| {c}");
}

TEST(DrawHardening, NamesWhatIsChosenOnly) {
  const Spec spec = spec_of();
  Configuration config = three(3);
  EXPECT_EQ(draw_hardening(spec, config), "");
  config.hardening[a] = 3;
  config.variants[c] = 1;
  config.hardening[c] = 2;
  EXPECT_EQ(draw_hardening(spec, config), "c: verified cfi, a: asan cfi");
}

TEST(DrawTable, IsWhatAPersonDecidesFrom) {
  const Spec spec = spec_of();
  Configuration first = three(1);
  Configuration second = three(3);
  second.hardening[b] = 1;
  // Costs: a|c 3 x 62, c|d 0.5 x gate, b's asan 100.
  EXPECT_EQ(
      draw_table(spec, judged(spec, {first, second}), Style{}),
      "  #  id            slowdown  score  compartments, hardening, what the cost is made of\n"
      "  1  " +
          configuration_id(spec, first) +
          "   1.2170x  0.500  {a b} |mpk.light| {c} |mpk.light| {d}\n"
          "                                    cost: a|c mpk.light 86 %, c|d mpk.light 14 %\n"
          "  2  " +
          configuration_id(spec, second) +
          "   1.5170x  0.711  {a b} |mpk.light| {c} |vm| {d}\n"
          "                                    with b: asan\n"
          "                                    cost: c|d vm 45 %, a|c mpk.light 36 %, b asan "
          "19 %\n");
}

TEST(DrawTable, WithoutProfileThereIsNoSlowdown) {
  const Spec spec = spec_of(false);
  const std::string table = draw_table(spec, judged(spec, {three(3)}), Style{});
  EXPECT_NE(table.find("         -  0."), std::string::npos) << table;
  EXPECT_EQ(table.find("cost:"), std::string::npos) << table;
}

TEST(DrawTable, LongLinesAreWrappedAndColoursAreOnlyAddedWhereWanted) {
  const Spec spec = spec_of();
  Configuration config = three(3);
  for (std::uint64_t& h : config.hardening) h = 3;
  const std::string plain =
      draw_table(spec, judged(spec, {config}), Style{.color = false, .width = 70});
  std::size_t start = 0;
  for (std::size_t end = plain.find('\n'); end != std::string::npos;
       end = plain.find('\n', start)) {
    if (start > 0) {  // the headline has its own width
      EXPECT_LE(end - start, 70U) << plain.substr(start, end - start);
    }
    start = end + 1;
  }
  EXPECT_EQ(plain.find('\033'), std::string::npos);
  std::string color = draw_table(spec, judged(spec, {config}), Style{.color = true, .width = 70});
  EXPECT_NE(color.find("\033["), std::string::npos);
  for (const char* code : {"\033[0m", "\033[1m", "\033[2m"}) {
    for (std::size_t at = color.find(code); at != std::string::npos; at = color.find(code)) {
      color.erase(at, std::string(code).size());
    }
  }
  EXPECT_EQ(color, plain);
}

TEST(DrawFrontier, PutsCheapLeftAndSafeHigh) {
  const Spec spec = spec_of();
  const std::string plot = draw_frontier(judged(spec, {three(1), three(3)}), Style{});
  EXPECT_NE(plot.find("  0.500 ┤•\n"), std::string::npos) << plot;
  EXPECT_NE(plot.find("1.217x"), std::string::npos) << plot;
  EXPECT_NE(plot.find("1.417x slowdown (log)"), std::string::npos) << plot;
  // The safest row comes first, its mark at the far right.
  const std::size_t row = plot.find('\n') + 1;
  const std::string top = plot.substr(row, plot.find('\n', row) - row);
  EXPECT_EQ(top.substr(0, 8), "  0.675 ") << plot;
  EXPECT_EQ(top.find("•"), top.size() - std::string("•").size());
}

TEST(DrawFrontier, OnePointIsNoPlot) {
  const Spec spec = spec_of();
  EXPECT_EQ(draw_frontier(judged(spec, {three(1)}), Style{}), "");
  EXPECT_EQ(draw_frontier({}, Style{}), "");
  EXPECT_EQ(draw_frontier(judged(spec, {three(1), three(1)}), Style{}), "");
}

TEST(Describe, SaysWhatAnAnswerRestsOn) {
  EXPECT_EQ(describe({.proof = Proof::z3, .gap = 0, .note = ""}), "proven, confirmed by Z3");
  EXPECT_EQ(describe({.proof = Proof::bound, .gap = 0, .note = ""}), "proven by exact bounds");
  EXPECT_EQ(describe({.proof = Proof::gap, .gap = 0.0123, .note = ""}),
            "not proven: at most 1.23 % of cost above the optimum");
  EXPECT_EQ(describe({.proof = Proof::gap, .gap = 1, .note = ""}),
            "not proven: the search was cut short");
}

}  // namespace
}  // namespace flexos
