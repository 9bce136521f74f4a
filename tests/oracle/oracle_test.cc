#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>
#include <set>

#include "harness.h"
#include "solver/judge.h"

namespace flexos::oracle {
namespace {

constexpr std::uint64_t kSpecs = 1200;
constexpr std::uint64_t kShard = 100;

bool near(double a, const Rational& b) {
  const auto exact = static_cast<double>(b);
  return std::abs(a - exact) <= 1e-13 * std::max(1.0, std::abs(exact));
}

std::string verdict(const Evaluation& e) {
  if (e.admissible) return "admissible";
  return "not admissible: " + e.violations.front().message;
}

std::string numbers_disagree(const Spec& spec, const Brute& brute, const Configuration& c,
                             const Evaluation& e) {
  const auto values = [](const auto& judge, const auto& other) {
    std::ostringstream out;
    out << ": judge " << judge << ", brute force " << other;
    return out.str();
  };
  if (spec.profile) {
    const Rational cost = brute.cost(c);
    if (rational(e.cost_exact) != cost) return "cost differs" + values(e.cost_exact, cost);
    if (!near(e.cost_cycles, cost)) return "cycles differ" + values(e.cost_cycles, cost);
    const Rational base = rational(spec.profile->base.to_string());
    if (!near(e.slowdown, (base + cost) / base)) return "slowdown differs";
    if (base + cost != 0 && !near(e.relative_performance, base / (base + cost))) {
      return "performance differs";
    }
  } else if (!e.cost_exact.empty()) {
    return "cost given without a profile";
  }
  const Rational risk = brute.residual_risk(c);
  if (!near(e.residual_risk, risk)) return "risk differs" + values(e.residual_risk, risk);
  if (!near(e.safety_score, 1 - risk)) return "score differs";
  if (!is_ultrametric(c, spec.size())) return "";  // such levels have no classes
  if (e.memory != brute.memory(c)) return "memory differs" + values(e.memory, brute.memory(c));
  if (e.compartments != brute.compartments(c)) {
    return "compartments differ" + values(e.compartments, brute.compartments(c));
  }
  return "";
}

std::string judged(const Spec& spec, const Brute& brute, const Configuration& c) {
  const Evaluation e = judge(spec, c);
  const bool admissible = brute.admissible(c);
  if (e.admissible != admissible) {
    return "verdict differs: judge says " + verdict(e) + "; brute force says " +
           (admissible ? "admissible" : "not admissible") + "\n" + canonical_text(spec, c);
  }
  if (e.admissible != e.violations.empty()) return "violations do not fit the verdict";
  return numbers_disagree(spec, brute, c, e);
}

class Chooser {
 public:
  Chooser(const Spec& spec, std::uint64_t seed) : spec_(spec), random_(seed) {}

  /// Any levels at all, mostly nested, of mechanisms that need not be explored; any hardening.
  Configuration anything() {
    const int n = spec_.size();
    Configuration c;
    c.levels.resize(static_cast<std::size_t>(pair_count(n)));
    const bool explored_only = below(4) != 0;
    // Where each component branches off the one before it, the highest on the way counts.
    std::vector<Level> steps;
    for (int i = 0; i < n; ++i) steps.push_back(level(explored_only));
    for (int i = 0; i < n; ++i) {
      Level highest = 0;
      for (int j = i + 1; j < n; ++j) {
        highest = std::max(highest, steps[static_cast<std::size_t>(j)]);
        c.levels[static_cast<std::size_t>(pair_index(i, j))] = highest;
      }
    }
    if (n > 2 && below(8) == 0) {
      c.levels[static_cast<std::size_t>(below(pair_count(n)))] = level(explored_only);
    }
    for (int i = 0; i < n; ++i) {
      c.hardening.push_back(random_() % (std::uint64_t{1} << spec_.hardening.size()));
      if (below(2) == 0) c.hardening.back() = 0;
      const auto& variants = spec_.components[static_cast<std::size_t>(i)].variants;
      c.variants.push_back(static_cast<std::uint8_t>(below(static_cast<int>(variants.size()))));
    }
    return c;
  }

  /// One step away from `c`.
  Configuration neighbour(Configuration c) {
    const auto i = static_cast<std::size_t>(below(spec_.size()));
    switch (below(3)) {
      case 0:
        if (!spec_.hardening.empty()) {
          c.hardening[i] ^= std::uint64_t{1} << below(static_cast<int>(spec_.hardening.size()));
        }
        break;
      case 1:
        c.variants[i] =
            static_cast<std::uint8_t>(below(static_cast<int>(spec_.components[i].variants.size())));
        break;
      default:
        if (!c.levels.empty()) {
          c.levels[static_cast<std::size_t>(below(static_cast<int>(c.levels.size())))] =
              level(true);
        }
    }
    return c;
  }

  int below(int bound) { return static_cast<int>(random_() % static_cast<std::uint64_t>(bound)); }

 private:
  Level level(bool explored_only) {
    Level result = 0;
    do {
      result = static_cast<Level>(below(static_cast<int>(spec_.mechanisms.size())));
    } while (explored_only && !spec_.explored_mechanisms[result]);
    return result;
  }

  const Spec& spec_;
  std::mt19937_64 random_;
};

std::string judge_agrees(const Spec& spec, std::uint64_t seed) {
  Brute brute(spec);
  Chooser chooser(spec, seed);
  const auto& all = brute.all();
  for (int round = 0; round < 25 && !all.empty(); ++round) {
    const Found& found = all[static_cast<std::size_t>(chooser.below(static_cast<int>(all.size())))];
    const Configuration c = brute.configuration(found);
    // The enumeration's integers against the definitions, before the judge is asked.
    if (!brute.admissible(c)) return "enumeration contradicts itself";
    if (spec.profile && brute.cycles(found.cost) != brute.cost(c)) return "enumerated cost differs";
    if (brute.risk(found.risk) != brute.residual_risk(c)) return "enumerated risk differs";
    for (int step = 0; step < 5; ++step) {
      const std::string disagreement = judged(spec, brute, step == 0 ? c : chooser.neighbour(c));
      if (!disagreement.empty()) return disagreement;
    }
  }
  for (int round = 0; round < 50; ++round) {
    const std::string disagreement = judged(spec, brute, chooser.anything());
    if (!disagreement.empty()) return disagreement;
  }
  return "";
}

class OracleShard : public testing::TestWithParam<std::uint64_t> {};

TEST_P(OracleShard, JudgeAgreesWithBruteForce) {
  compare(GetParam() * kShard, kShard, {}, judge_agrees);
}

INSTANTIATE_TEST_SUITE_P(Seeds, OracleShard, testing::Range<std::uint64_t>(0, kSpecs / kShard));

TEST(Oracle, EnumerationMissesNothing) {
  // Against counting every assignment of levels, ways and variants one by one.
  Shape tiny;
  tiny.max_components = 3;
  tiny.max_configurations = 300;
  compare(50000, 60, tiny, [](const Spec& spec, std::uint64_t) -> std::string {
    Brute brute(spec);
    const int n = spec.size();
    Configuration c;
    c.levels.assign(static_cast<std::size_t>(pair_count(n)), 0);
    c.hardening.assign(static_cast<std::size_t>(n), 0);
    c.variants.assign(static_cast<std::size_t>(n), 0);
    std::size_t count = 0;
    const auto level = [&](const auto& self, std::size_t p) -> void {
      if (p < c.levels.size()) {
        for (std::size_t l = 0; l < spec.mechanisms.size(); ++l) {
          c.levels[p] = static_cast<Level>(l);
          self(self, p + 1);
        }
        return;
      }
      if (!is_ultrametric(c, n)) return;
      const auto build = [&](const auto& next, std::size_t i) -> void {
        if (i == c.hardening.size()) {
          count += brute.admissible(c) ? 1 : 0;
          return;
        }
        for (std::size_t v = 0; v < spec.components[i].variants.size(); ++v) {
          for (std::uint64_t h = 0; h < std::uint64_t{1} << spec.hardening.size(); ++h) {
            c.variants[i] = static_cast<std::uint8_t>(v);
            c.hardening[i] = h;
            next(next, i + 1);
          }
        }
      };
      build(build, 0);
    };
    level(level, 0);
    if (count == brute.all().size()) return "";
    return "count differs: " + std::to_string(count) + " one by one, " +
           std::to_string(brute.all().size()) + " enumerated";
  });
}

TEST(Oracle, SpecsCoverTheLanguage) {
  std::map<std::string, int> seen;
  const auto saw = [&](const std::string& what, bool yes) { seen[what] += yes ? 1 : 0; };
  for (std::uint64_t seed = 0; seed < kSpecs; ++seed) {
    std::string error;
    const auto spec = read(random_spec(seed), &error);
    ASSERT_TRUE(spec) << "seed " << seed << "\n" << error;
    std::set<StatementKind> kinds;
    for (const Statement& s : spec->statements) {
      kinds.insert(s.kind);
      saw("protect by behaviour", s.kind == StatementKind::protect && !s.level);
      saw("protect by level", s.kind == StatementKind::protect && s.level);
    }
    for (const StatementKind kind : kinds) {
      ++seen["statement kind " + std::to_string(static_cast<int>(kind))];
    }
    saw("dss", spec->sharing == Sharing::dss);
    saw("no profile", !spec->profile);
    saw("without none", !spec->explored_mechanisms[0]);
    saw("safest", spec->objective == Objective::safest);
    saw("linux", spec->platform == "linux");
    saw("few keys", spec->hardware_keys < 4);
    saw("hardware vms", spec->hardware_vms.has_value());
    saw("weights", spec->risk != std::vector<Decimal>(spec->risk.size(), 1));
    for (const Hardening& h : spec->hardening) {
      saw("excludes", !h.excludes.empty());
      saw("calls: graph", h.calls_graph);
      saw("calls: list", h.calls.has_value());
      saw("hardening that speeds up", h.slowdown < Decimal(1));
    }
    for (std::size_t m = 1; m < spec->mechanisms.size(); ++m) {
      saw("gate not monotone", spec->mechanisms[m].gate_copy < spec->mechanisms[m - 1].gate_copy);
      saw("strength not monotone", spec->mechanisms[m].strength < spec->mechanisms[m - 1].strength);
    }
    for (const Component& c : spec->components) {
      saw("untrusted", c.untrusted);
      saw("allow", c.allowed_hardening.size() < spec->hardening.size());
      saw("slowdown of a component", !c.slowdown.empty());
      for (const Variant& v : c.variants) {
        saw("verified", v.verified);
        saw("unverified variant", v.name != "default" && !v.verified);
        saw("safer_than", !v.safer_than.empty());
      }
    }
    Brute brute(*spec);
    saw("feasible", brute.feasible());
    saw("infeasible", !brute.feasible());
    saw("5 components", spec->size() == 5);
  }
  for (int kind = 0; kind <= static_cast<int>(StatementKind::require_calls); ++kind) {
    EXPECT_GE(seen["statement kind " + std::to_string(kind)], 20) << "kind " << kind;
  }
  for (const auto& [what, count] : seen) {
    EXPECT_GE(count, 20) << what;
    if (testing::Test::HasFailure()) std::printf("%5d %s\n", count, what.c_str());
  }
  EXPECT_GE(seen["feasible"], 600);
  EXPECT_GE(seen["infeasible"], 200);
}

}  // namespace
}  // namespace flexos::oracle
