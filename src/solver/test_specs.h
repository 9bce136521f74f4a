#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "solver/judge.h"
#include "spec/load.h"

/// What the solver's unit tests share: small specs from text, and everything of a small system,
/// enumerated without any cleverness.
namespace flexos::test {

inline std::size_t at(int i) { return static_cast<std::size_t>(i); }

/// The spec of a text; no file matters to it. A failed test where it has errors.
inline Spec parse(const std::string& text) {
  const Loaded loaded = load_spec_text(text, "t.yaml", Library{});
  EXPECT_TRUE(loaded.spec.has_value()) << text << render(loaded.diagnostics, false);
  return loaded.spec.value_or(Spec{});
}

/// Four mechanisms and two hardenings, to be appended to a spec.
inline constexpr const char* kDefinitions = R"(
define:
  mechanisms:
    none:  {level: 0, strength: 0, gate: 0, backend: true}
    light: {level: 10, strength: 60, gate: 62, limits: {keys: 15}, backend: true, memory: 1KiB}
    pt:    {level: 40, strength: 85, gate: 616, backend: true, memory: 4KiB}
    vm:    {level: 50, strength: 95, gate: 462, backend: true, memory: 1MiB}
  hardening:
    asan: {transforms: {reads: [own, shared], writes: [own, shared]}, strength: 30, slowdown: 2}
    cfi:  {transforms: {calls: graph}, strength: 20, slowdown: 1.05}
)";

/// Components that can do no harm and ask for nothing: only statements constrain them.
inline std::string harmless(const std::vector<std::string>& names) {
  std::string text = "flexos: 1\ncomponents:\n";
  for (const std::string& name : names) {
    text += "  - component: " + name +
            "\n    behavior: {reads: [own], writes: [own], calls: []}\n    api: [f]\n";
  }
  return text;
}

/// All matrices of `values` levels over n things that are ultrametrics.
inline std::vector<std::vector<Level>> ultrametrics(int n, int values) {
  std::vector<std::vector<Level>> result;
  Configuration c;
  c.levels.assign(at(pair_count(n)), 0);
  for (;;) {
    if (is_ultrametric(c, n)) result.push_back(c.levels);
    std::size_t digit = 0;
    while (digit < c.levels.size() && ++c.levels[digit] == values) c.levels[digit++] = 0;
    if (digit == c.levels.size()) return result;
  }
}

/// Everything of the right shape, admissible or not: ultrametrics times variants times hardening.
inline std::vector<Configuration> all_configurations(const Spec& spec) {
  std::vector<Configuration> result;
  const int n = spec.size();
  for (const auto& levels : ultrametrics(n, static_cast<int>(spec.mechanisms.size()))) {
    Configuration c;
    c.levels = levels;
    c.hardening.assign(at(n), 0);
    c.variants.assign(at(n), 0);
    for (bool more = true; more;) {
      result.push_back(c);
      more = false;
      for (std::size_t i = 0; i < at(n) && !more; ++i) {
        more = true;
        if (++c.hardening[i] < (std::uint64_t{1} << spec.hardening.size())) break;
        c.hardening[i] = 0;
        if (++c.variants[i] < spec.components[i].variants.size()) break;
        c.variants[i] = 0;
        more = false;
      }
    }
  }
  return result;
}

/// What the judge accepts of them.
inline std::vector<Configuration> admissible(const Spec& spec) {
  std::vector<Configuration> result;
  for (const Configuration& c : all_configurations(spec)) {
    if (judge(spec, c).admissible) result.push_back(c);
  }
  return result;
}

/// Exact cost as the judge computes it.
inline Decimal cost(const Spec& spec, const Configuration& c) {
  return Decimal::parse(judge(spec, c).cost_exact).value_or(Decimal(-1));
}

inline std::set<std::string> texts(const Spec& spec, const std::vector<Configuration>& list) {
  std::set<std::string> result;
  for (const Configuration& c : list) result.insert(canonical_text(spec, c));
  return result;
}

/// The spec with this slowdown for a budget, in thousandths, and no other.
inline Spec with_budget(Spec spec, int slowdown) {
  std::erase_if(spec.statements,
                [](const Statement& s) { return s.kind == StatementKind::budget_slowdown; });
  Statement budget;
  budget.kind = StatementKind::budget_slowdown;
  budget.decimal = Decimal::make(slowdown, 3).value_or(Decimal(2));
  spec.statements.push_back(budget);
  return spec;
}

/// Draws that are the same with every standard library.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : engine_(seed) {}
  int below(int n) { return static_cast<int>(engine_() % static_cast<std::uint64_t>(n)); }
  bool chance(int per_cent) { return below(100) < per_cent; }

 private:
  std::mt19937_64 engine_;
};

/// A spec of n components a, b, c, ... with everything that makes search interesting: behaviour
/// that hardening can tame, requirements, calls, work, now and then a statement or a budget.
/// Three mechanisms and two hardenings, so that everything can be enumerated.
inline std::string random_spec(std::uint64_t seed, int n) {
  Draw draw(seed);
  const auto name = [](int i) { return std::string(1, static_cast<char>('a' + i)); };
  std::string text = "flexos: 1\ncomponents:\n";
  for (int i = 0; i < n; ++i) {
    text += "  - component: " + name(i) + "\n    api: [f, g]\n";
    text += draw.chance(50)   ? "    behavior: {reads: [own], writes: [own, shared], calls: []}\n"
            : draw.chance(50) ? "    behavior: {reads: [own, shared], writes: \"*\", calls: [" +
                                    name((i + 1) % n) + ".f]}\n"
                              : "";
    text += "    calls: {" + name((i + 1) % n) + ": [" + (draw.chance(50) ? "f" : "g") + "]}\n";
    const int requirement = draw.below(5);
    if (requirement < 2) text += "    requires: {reads: [own, shared], writes: [shared]}\n";
    if (requirement == 2) text += "    requires: {calls: [f]}\n";
    if (i == 0 && draw.chance(30)) text += "    variants: {verified: {behavior: {calls: []}}}\n";
  }
  if (draw.chance(60)) {
    const int a = draw.below(n);
    const int b = (a + 1 + draw.below(n - 1)) % n;
    text += "security:\n  - ";
    text += draw.chance(30)   ? "together: [" + name(a) + ", " + name(b) + "]\n"
            : draw.chance(50) ? "isolate: [" + name(a) + ", " + name(b) + "]\n"
                              : "protect: " + name(a) + "\n    from: " + name(b) +
                                    "\n    against: [write, call]\n";
  }
  if (draw.chance(30)) text += "budget: {slowdown: 1." + std::to_string(1 + draw.below(9)) + "}\n";
  text += "profile:\n  base: 1000\n  calls:\n";
  for (int i = 0; i < n; ++i) {
    text += "    " + name(i) + ": {" + name((i + 1) % n) + ": " + std::to_string(draw.below(9)) +
            "." + std::to_string(draw.below(100));
    if (n > 2 && draw.chance(50)) {
      text += ", " + name((i + 2) % n) + ": 0." + std::to_string(1 + draw.below(99));
    }
    text += "}\n";
  }
  text += "  work: {";
  for (int i = 0; i < n; ++i) {
    text += (i > 0 ? ", " : "") + name(i) + ": " + std::to_string(draw.below(500));
  }
  text += "}\n";
  text += R"(define:
  mechanisms:
    none:  {level: 0, strength: 0, gate: 0, backend: true}
    light: {level: 10, strength: 60, gate: 62, limits: {keys: 2}, backend: true}
    pt:    {level: 40, strength: 85, gate: 116, backend: true}
  hardening:
    asan: {transforms: {reads: [own, shared], writes: [own, shared]}, strength: 30, slowdown: 2}
    cfi:  {transforms: {calls: graph}, strength: 20, slowdown: 1.05}
)";
  return text;
}

}  // namespace flexos::test
