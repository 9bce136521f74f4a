#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>
#include <vector>

#include "harness.h"
#include "model/order.h"
#include "solver/compartments.h"
#include "solver/explain.h"
#include "solver/frontier.h"
#include "solver/rank.h"
#include "solver/safest.h"

// The solver's answers against every configuration there is.

namespace flexos::oracle {
namespace {

constexpr std::uint64_t kSpecs = 1200;
constexpr std::uint64_t kShard = 100;

using Values = std::vector<std::pair<Rational, Rational>>;

/// Z3 confirms every eighth answer; asking it each time would take most of the test's time.
Certify certify(std::uint64_t seed) { return seed % 8 == 0 ? Certify::always : Certify::never; }

/// What a complete answer to a small spec rests on.
std::string evidence(const Certificate& certificate, std::uint64_t seed) {
  const Proof expected = certify(seed) == Certify::always ? Proof::z3 : Proof::bound;
  if (certificate.proof == expected) return "";
  return std::string("rests on ") + proof_name(certificate.proof) + " instead of " +
         proof_name(expected);
}

std::string shown(const Values& values) {
  std::ostringstream out;
  for (const auto& [cost, risk] : values) {
    out << " (" << static_cast<double>(cost) << ", " << static_cast<double>(risk) << ")";
  }
  return out.str();
}

/// "" where all are admissible and distinct.
std::string sound(const Spec& spec, const Brute& brute, const std::vector<Configuration>& answers) {
  std::set<std::string> seen;
  for (const Configuration& c : answers) {
    const std::string text = canonical_text(spec, c);
    if (!brute.admissible(c)) return "answers hold what is not admissible:\n" + text;
    if (!seen.insert(text).second) return "answers hold one configuration twice:\n" + text;
  }
  return "";
}

Values values_of(const Brute& brute, const std::vector<Configuration>& answers) {
  Values result;
  for (const Configuration& c : answers) {
    result.emplace_back(brute.cost(c), brute.residual_risk(c));
  }
  return result;
}

std::string ranked(const Spec& spec, Brute& brute, Objective objective, int top,
                   std::uint64_t seed) {
  RankRequest request;
  request.top = top;
  request.objective = objective;
  request.certify = certify(seed);
  const Ranking ranking = rank(spec, request);
  if (ranking.error) return "error instead of a ranking: " + *ranking.error;
  const std::size_t count = brute.all().size();
  if (ranking.feasible != (count > 0)) return "feasibility differs";
  if (!ranking.optimal) return "optimality not proven";
  const std::string weak = evidence(ranking.certificate, seed);
  if (!weak.empty()) return weak;
  const std::string unsound = sound(spec, brute, ranking.configurations);
  if (!unsound.empty()) return unsound;
  const std::size_t expected = std::min(count, static_cast<std::size_t>(top));
  if (ranking.configurations.size() != expected) {
    return "size differs: " + std::to_string(ranking.configurations.size()) + " instead of " +
           std::to_string(expected) + " answers";
  }
  if (count < static_cast<std::size_t>(top) && !ranking.exhausted) return "exhausted not said";
  if (count > static_cast<std::size_t>(top) && ranking.exhausted) return "exhausted said";

  std::vector<std::pair<Integer, Integer>> order;  // what counts first, what breaks ties
  for (const Found& found : brute.all()) {
    if (objective == Objective::fastest) {
      order.emplace_back(found.cost, 0);
    } else {
      order.emplace_back(found.risk, found.cost);
    }
  }
  std::sort(order.begin(), order.end());
  const Values got = values_of(brute, ranking.configurations);
  for (std::size_t k = 0; k < expected; ++k) {
    const bool fastest = objective == Objective::fastest;
    const Rational cost = brute.cycles(fastest ? order[k].first : order[k].second);
    const bool right =
        got[k].first == cost && (fastest || got[k].second == brute.risk(order[k].first));
    if (!right) {
      return "rank differs at place " + std::to_string(k + 1) + ": got" + shown({got[k]}) +
             ", expected cost " + std::to_string(static_cast<double>(cost)) +
             (fastest
                  ? ""
                  : " at risk " + std::to_string(static_cast<double>(brute.risk(order[k].first))));
    }
  }
  return "";
}

std::string rank_agrees(const Spec& spec, std::uint64_t seed) {
  Brute brute(spec);
  if (spec.profile) {
    std::string wrong = ranked(spec, brute, Objective::fastest, 1, seed);
    if (wrong.empty()) wrong = ranked(spec, brute, Objective::fastest, spec.top, seed);
    if (!wrong.empty()) return "fastest-" + wrong;
  }
  const std::string wrong = ranked(spec, brute, Objective::safest, spec.top, seed);
  return wrong.empty() ? "" : "safest-" + wrong;
}

/// Of each layout the first in an order; nullopt: two of a layout are.
template <typename Key>
std::optional<std::map<std::uint32_t, Found>> first_of_layouts(Brute& brute, const Key& key) {
  std::map<std::uint32_t, Found> first;
  std::set<std::uint32_t> twins;
  for (const Found& found : brute.all()) {
    const auto [entry, fresh] = first.emplace(found.matrix, found);
    if (fresh) continue;
    if (key(found) == key(entry->second)) twins.insert(found.matrix);
    if (key(found) >= key(entry->second)) continue;
    entry->second = found;
    twins.erase(found.matrix);
  }
  if (!twins.empty()) return std::nullopt;
  return first;
}

/// `rank --distinct`: the cheapest of each layout (ties: least risk) but for those that another of
/// them, or what is built of the same in another layout, beats: no dearer, and at least as safe in
/// every coordinate. "ambiguous" where a layout has two that are cheapest and of equal risk: either
/// may stand for it.
std::string expected_distinct(const Spec& spec, Brute& brute, std::vector<Integer>& costs) {
  const auto cheapest =
      first_of_layouts(brute, [](const Found& found) { return std::pair(found.cost, found.risk); });
  if (!cheapest) return "ambiguous";
  std::vector<std::pair<Found, Configuration>> layouts;
  for (const auto& [matrix, found] : *cheapest) {
    layouts.emplace_back(found, brute.configuration(found));
  }
  std::map<decltype(Found::ways), std::vector<std::pair<Found, Configuration>>> built_alike;
  for (const auto& [found, c] : layouts) built_alike[found.ways];
  for (const Found& found : brute.all()) {
    const auto entry = built_alike.find(found.ways);
    if (entry != built_alike.end()) entry->second.emplace_back(found, brute.configuration(found));
  }
  for (const auto& [found, c] : layouts) {
    const auto beats = [&](const auto& other) {
      return other.first.matrix != found.matrix && other.first.cost <= found.cost &&
             brute.at_least_as_safe(other.second, c);
    };
    const auto& alike = built_alike[found.ways];
    if (std::none_of(layouts.begin(), layouts.end(), beats) &&
        std::none_of(alike.begin(), alike.end(), beats)) {
      costs.push_back(found.cost);
    }
  }
  std::sort(costs.begin(), costs.end());
  costs.resize(std::min(costs.size(), static_cast<std::size_t>(spec.top)));
  return "";
}

/// The same in the other order: the least risky of each layout (ties: cheapest), but for those that
/// another of them beats.
std::string expected_safest_distinct(const Spec& spec, Brute& brute,
                                     std::vector<std::pair<Integer, Integer>>& values) {
  const auto safest =
      first_of_layouts(brute, [](const Found& found) { return std::pair(found.risk, found.cost); });
  if (!safest) return "ambiguous";
  for (const auto& [matrix, found] : *safest) {
    const Configuration c = brute.configuration(found);
    const auto beats = [&](const auto& other) {
      return other.first != found.matrix && other.second.cost <= found.cost &&
             brute.at_least_as_safe(brute.configuration(other.second), c);
    };
    if (std::none_of(safest->begin(), safest->end(), beats)) {
      values.emplace_back(found.risk, found.cost);
    }
  }
  std::sort(values.begin(), values.end());
  values.resize(std::min(values.size(), static_cast<std::size_t>(spec.top)));
  return "";
}

std::string safest_distinct_agrees(const Spec& spec, std::uint64_t seed) {
  Brute brute(spec);
  RankRequest request;
  request.top = spec.top;
  request.distinct = true;
  request.objective = Objective::safest;
  request.certify = certify(seed);
  const Ranking ranking = rank(spec, request);
  if (ranking.error) return "error instead of a ranking: " + *ranking.error;
  if (ranking.feasible != brute.feasible()) return "feasibility differs";
  if (!ranking.optimal) return "optimality not proven";
  const std::string unsound = sound(spec, brute, ranking.configurations);
  if (!unsound.empty()) return unsound;
  std::vector<std::pair<Integer, Integer>> expected;
  if (!expected_safest_distinct(spec, brute, expected).empty()) return "";
  const Values got = values_of(brute, ranking.configurations);
  if (got.size() != expected.size()) {
    return "size differs: " + std::to_string(got.size()) + " instead of " +
           std::to_string(expected.size());
  }
  for (std::size_t k = 0; k < got.size(); ++k) {
    if (got[k].second != brute.risk(expected[k].first) ||
        got[k].first != brute.cycles(expected[k].second)) {
      return "risk or cost differs at place " + std::to_string(k + 1);
    }
  }
  return evidence(ranking.certificate, seed);
}

std::string distinct_agrees(const Spec& spec, std::uint64_t seed) {
  if (!spec.profile) return "";
  Brute brute(spec);
  RankRequest request;
  request.top = spec.top;
  request.distinct = true;
  request.certify = certify(seed);
  const Ranking ranking = rank(spec, request);
  if (ranking.error) return "error instead of a ranking: " + *ranking.error;
  if (ranking.feasible != brute.feasible()) return "feasibility differs";
  if (!ranking.optimal) return "optimality not proven";
  const std::string unsound = sound(spec, brute, ranking.configurations);
  if (!unsound.empty()) return unsound;
  const Values got = values_of(brute, ranking.configurations);
  std::set<std::vector<Level>> layouts;
  for (const Configuration& c : ranking.configurations) {
    if (!layouts.insert(c.levels).second) return "layout occurs twice";
  }
  std::vector<Integer> expected;
  if (!expected_distinct(spec, brute, expected).empty()) return "";
  if (got.size() != expected.size()) {
    return "size differs: " + std::to_string(got.size()) + " instead of " +
           std::to_string(expected.size());
  }
  for (std::size_t k = 0; k < got.size(); ++k) {
    if (got[k].first != brute.cycles(expected[k])) {
      return "cost differs at place " + std::to_string(k + 1);
    }
  }
  return evidence(ranking.certificate, seed);
}

std::string frontier_agrees(const Spec& spec, std::uint64_t seed) {
  if (!spec.profile) return "";
  Brute brute(spec);
  Ask request;
  request.certify = certify(seed);
  const Frontier answer = frontier(spec, request);
  if (answer.error) return "error instead of a frontier: " + *answer.error;
  if (!answer.complete) return "incomplete frontier";
  const std::string unsound = sound(spec, brute, answer.points);
  if (!unsound.empty()) return unsound;
  const Values got = values_of(brute, answer.points);
  Values expected;
  for (const auto& [cost, risk] : brute.frontier()) {
    expected.emplace_back(brute.cycles(cost), brute.risk(risk));
  }
  if (got == expected) return evidence(answer.certificate, seed);
  return "frontier differs: got" + shown(got) + ", expected" + shown(expected);
}

std::string safest_agrees(const Spec& spec, const std::optional<Decimal>& slowdown, int limit,
                          std::uint64_t seed) {
  Spec bounded = spec;
  if (slowdown) {
    std::erase_if(bounded.statements,
                  [](const Statement& s) { return s.kind == StatementKind::budget_slowdown; });
    Statement budget;
    budget.kind = StatementKind::budget_slowdown;
    budget.decimal = *slowdown;
    bounded.statements.push_back(budget);
  }
  Brute brute(bounded);
  SafestRequest request;
  request.certify = certify(seed);
  request.slowdown = slowdown;
  request.limit = limit;
  const Safest answer = safest(spec, request);
  if (answer.error) return "error instead of the safest: " + *answer.error;
  const std::string unsound = sound(bounded, brute, answer.maximal);
  if (!unsound.empty()) return unsound;
  std::set<std::string> expected;
  std::vector<decltype(brute.residual_risk(Configuration{}))> risks;
  for (const Configuration& c : brute.maximal()) {
    expected.insert(canonical_text(spec, c));
    risks.push_back(brute.residual_risk(c));
  }
  std::sort(risks.begin(), risks.end());
  for (std::size_t k = 0; k < answer.maximal.size(); ++k) {
    const std::string text = canonical_text(spec, answer.maximal[k]);
    if (expected.count(text) == 0) return "maximal is not, something is safer than:\n" + text;
    if (k > 0 &&
        brute.residual_risk(answer.maximal[k]) < brute.residual_risk(answer.maximal[k - 1])) {
      return "order is not by falling score";
    }
  }
  const std::size_t size = std::min(expected.size(), static_cast<std::size_t>(limit));
  if (answer.maximal.size() != size) {
    return "maximal elements are missing: " + std::to_string(answer.maximal.size()) +
           " instead of " + std::to_string(expected.size());
  }
  if (!answer.exact) return "not said that these are the best by score";
  for (std::size_t k = 0; k < size; ++k) {
    if (brute.residual_risk(answer.maximal[k]) != risks[k]) return "a better score is left out";
  }
  if (expected.size() < static_cast<std::size_t>(limit) && !answer.complete) {
    return "completeness not said";
  }
  if (expected.size() > static_cast<std::size_t>(limit) && answer.complete) {
    return "completeness said of a part";
  }
  // Of a part Z3 says nothing where what is safer may be riskier.
  return answer.complete || risk_follows_order(spec) ? evidence(answer.certificate, seed) : "";
}

std::string safest_agrees(const Spec& spec, std::uint64_t seed) {
  std::string wrong = safest_agrees(spec, std::nullopt, 100000, seed);
  if (wrong.empty() && spec.profile) {
    const auto tight = Decimal::make(1050 + static_cast<int>(seed % 400), 3);
    wrong = safest_agrees(spec, tight, seed / 8 % 2 == 0 ? 100000 : 1 + static_cast<int>(seed % 3),
                          seed);
  }
  return wrong;
}

std::string compartments_agree(const Spec& spec, std::uint64_t seed) {
  Brute brute(spec);
  Ask request;
  request.certify = certify(seed);
  const Compartments answer = fewest_compartments(spec, request);
  if (answer.error) return "error instead of a number: " + *answer.error;
  const auto fewest = brute.fewest_compartments();
  if (answer.feasible != fewest.has_value()) return "feasibility differs";
  if (!fewest) return "";
  if (!answer.optimal) return "optimality not proven";
  if (answer.minimum != *fewest) {
    return "minimum differs: " + std::to_string(answer.minimum) + " instead of " +
           std::to_string(*fewest);
  }
  if (!brute.admissible(answer.witness)) return "witness is not admissible";
  if (brute.compartments(answer.witness) != *fewest) return "witness has too many compartments";
  if (static_cast<int>(answer.clique.size()) > *fewest) return "clique is larger than the minimum";
  for (const Found& found : brute.all()) {
    const Configuration c = brute.configuration(found);
    for (const int i : answer.clique) {
      for (const int j : answer.clique) {
        if (i != j && c.level(i, j) == 0) {
          return "clique has two that can share a compartment:\n" + canonical_text(spec, c);
        }
      }
    }
  }
  return "";
}

std::string indices(const std::vector<int>& set) {
  std::string result;
  for (const int i : set) result += " " + std::to_string(i);
  return result;
}

std::string explanation_agrees(const Spec& spec, std::uint64_t seed) {
  Ask request;
  request.certify = certify(seed);
  const Explanation answer = explain(spec, request);
  if (answer.error) return "error instead of an explanation: " + *answer.error;
  if (!answer.decided) return "undecided explanation";
  const auto feasible_without = [&](const std::set<int>& dropped) {
    return Brute(without(spec, dropped)).feasible();
  };
  const bool feasible = feasible_without({});
  if (answer.feasible != feasible) return "feasibility differs";
  if (feasible) {
    if (!answer.conflict.empty() || !answer.corrections.empty()) return "conflict without need";
    return "";
  }
  const int statements = static_cast<int>(spec.statements.size());
  std::set<int> all;
  for (int i = 0; i < statements; ++i) all.insert(i);

  std::set<int> others = all;
  for (const int i : answer.conflict) {
    if (others.erase(i) == 0) return "conflict names a statement twice or one that is not there";
  }
  if (feasible_without(others)) return "conflict is none:" + indices(answer.conflict);
  for (const int i : answer.conflict) {
    std::set<int> dropped = others;
    dropped.insert(i);
    if (!feasible_without(dropped)) {
      return "conflict is not minimal:" + indices(answer.conflict) + ", " + std::to_string(i) +
             " can go";
    }
  }
  if (answer.corrections.empty() && feasible_without(all)) return "no correction is offered";
  std::set<std::set<int>> seen;
  for (const auto& correction : answer.corrections) {
    const std::set<int> dropped(correction.begin(), correction.end());
    if (!seen.insert(dropped).second) return "correction occurs twice:" + indices(correction);
    if (!feasible_without(dropped)) return "correction does not help:" + indices(correction);
    for (const int i : correction) {
      std::set<int> fewer = dropped;
      fewer.erase(i);
      if (feasible_without(fewer)) {
        return "correction is not minimal:" + indices(correction) + ", " + std::to_string(i) +
               " can stay";
      }
    }
    const Spec relaxed = without_statements(spec, correction);
    if (!Brute(relaxed).feasible()) return "relaxing takes back something else";
  }
  return "";
}

class SolverOracle : public testing::TestWithParam<std::uint64_t> {
 protected:
  static void run(const Check& check) { compare(GetParam() * kShard, kShard, {}, check); }
};

TEST_P(SolverOracle, Rank) { run(rank_agrees); }
TEST_P(SolverOracle, RankDistinct) { run(distinct_agrees); }
TEST_P(SolverOracle, RankSafestDistinct) { run(safest_distinct_agrees); }
TEST_P(SolverOracle, Frontier) { run(frontier_agrees); }
TEST_P(SolverOracle, Safest) {
  run([](const Spec& spec, std::uint64_t seed) { return safest_agrees(spec, seed); });
}
TEST_P(SolverOracle, Compartments) { run(compartments_agree); }
TEST_P(SolverOracle, Explain) { run(explanation_agrees); }

INSTANTIATE_TEST_SUITE_P(Seeds, SolverOracle, testing::Range<std::uint64_t>(0, kSpecs / kShard));

}  // namespace
}  // namespace flexos::oracle
