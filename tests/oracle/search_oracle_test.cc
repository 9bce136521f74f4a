#include <gtest/gtest.h>
#include <z3++.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "harness.h"
#include "solver/encoding.h"
#include "solver/search.h"
#include "solver/tradeoff.h"

// The solver's parts one by one: a wrong answer to a question is easier to find here.

namespace flexos::oracle {
namespace {

constexpr std::uint64_t kSpecs = 1200;
constexpr std::uint64_t kShard = 300;

/// Exact (cost, risk) of each solution, which must be admissible and distinct.
std::string evaluate(const Spec& spec, const Brute& brute, const Instance& instance,
                     const std::vector<Solution>& solutions,
                     std::vector<std::pair<Rational, Rational>>& values) {
  std::set<std::string> seen;
  for (const Solution& s : solutions) {
    const Configuration c = to_configuration(instance, s);
    if (!brute.admissible(c)) return "inadmissible solution:\n" + canonical_text(spec, c);
    if (!seen.insert(canonical_text(spec, c)).second) return "repeated solution";
    values.emplace_back(brute.cost(c), brute.residual_risk(c));
    if (s.cost != cost_of(instance, s) || s.risk != risk_of(instance, s)) return "stale solution";
  }
  return "";
}

std::string search_agrees(const Spec& spec, std::uint64_t seed) {
  const BuiltInstance built = build_instance(spec);
  if (built.error) return "error instead of an instance: " + built.error->message;
  Brute brute(spec);
  SearchRequest request;
  request.top = seed % 3 == 0 ? 1 : spec.top;
  const SearchResult result = search(built.instance, request);
  std::vector<std::pair<Rational, Rational>> got;
  const std::string wrong = evaluate(spec, brute, built.instance, result.solutions, got);
  if (!wrong.empty()) return wrong;
  if (!result.complete) return "incomplete search";
  const auto expected = brute.cheapest(static_cast<std::size_t>(request.top));
  if (got.size() != expected.size()) {
    return "size differs: " + std::to_string(got.size()) + " instead of " +
           std::to_string(expected.size());
  }
  for (std::size_t k = 0; k < got.size(); ++k) {
    if (got[k].first == brute.cycles(expected[k])) continue;
    std::ostringstream out;
    out << "cost differs at place " << k + 1 << ": " << static_cast<double>(got[k].first)
        << " instead of " << static_cast<double>(brute.cycles(expected[k]));
    return out.str();
  }
  return "";
}

std::string least_risk_agrees(const Spec& spec, std::uint64_t) {
  const BuiltInstance built = build_instance(spec);
  if (built.error) return "error instead of an instance: " + built.error->message;
  Brute brute(spec);
  SearchRequest request;
  request.top = spec.top;
  const SearchResult result = least_risk(built.instance, request);
  std::vector<std::pair<Rational, Rational>> got;
  const std::string wrong = evaluate(spec, brute, built.instance, result.solutions, got);
  if (!wrong.empty()) return wrong;
  std::vector<std::pair<Integer, Integer>> expected;
  for (const Found& found : brute.all()) expected.emplace_back(found.risk, found.cost);
  std::sort(expected.begin(), expected.end());
  expected.resize(std::min(expected.size(), static_cast<std::size_t>(request.top)));
  if (got.size() != expected.size()) {
    return "size differs: " + std::to_string(got.size()) + " instead of " +
           std::to_string(expected.size());
  }
  for (std::size_t k = 0; k < got.size(); ++k) {
    if (got[k].second != brute.risk(expected[k].first)) {
      return "risk differs at place " + std::to_string(k + 1);
    }
    if (spec.profile && got[k].first != brute.cycles(expected[k].second)) {
      return "tie of risks broken wrongly at place " + std::to_string(k + 1);
    }
  }
  return "";
}

std::string tradeoff_agrees(const Spec& spec, std::uint64_t) {
  const BuiltInstance built = build_instance(spec);
  if (built.error) return "error instead of an instance: " + built.error->message;
  Brute brute(spec);
  const TradeoffResult result = tradeoff(built.instance, {});
  if (!result.complete) return "incomplete frontier";
  std::vector<std::pair<Rational, Rational>> got;
  const std::string wrong = evaluate(spec, brute, built.instance, result.points, got);
  if (!wrong.empty()) return wrong;
  std::vector<std::pair<Rational, Rational>> expected;
  for (const auto& [cost, risk] : brute.frontier()) {
    expected.emplace_back(brute.cycles(cost), brute.risk(risk));
  }
  if (got == expected) return "";
  return "frontier differs: " + std::to_string(got.size()) + " points instead of " +
         std::to_string(expected.size());
}

/// Z3's models, all of them.
std::string encoding_agrees(const Spec& spec, std::uint64_t seed) {
  Brute brute(spec);
  std::set<std::string> missing;
  for (const Found& found : brute.all()) {
    missing.insert(canonical_text(spec, brute.configuration(found)));
  }
  if (missing.size() > 120) return "";
  z3::context context;
  Encoding encoding(context, spec, seed % 2 == 0);
  encoding.require_budget();
  while (encoding.clauses().check() == z3::sat) {
    const auto c = encoding.read();
    if (!c) continue;  // Z3 has been told what it broke
    const std::string text = canonical_text(spec, *c);
    if (missing.erase(text) == 0) return "model that is not admissible:\n" + text;
    encoding.forbid(*c);
  }
  return missing.empty() ? "" : "model that is missing:\n" + *missing.begin();
}

/// The whole set, so that no slip hides behind the best few.
std::string whole_search_agrees(const Spec& spec, std::uint64_t) {
  const BuiltInstance built = build_instance(spec);
  if (built.error) return "error instead of an instance: " + built.error->message;
  Brute brute(spec);
  std::set<std::string> missing;
  for (const Found& found : brute.all()) {
    missing.insert(canonical_text(spec, brute.configuration(found)));
  }
  SearchRequest request;
  request.top = 100000;
  const SearchResult result = search(built.instance, request);
  if (!result.complete || !result.exhausted) return "incomplete search";
  for (const Solution& s : result.solutions) {
    const std::string text = canonical_text(spec, to_configuration(built.instance, s));
    if (missing.erase(text) == 0) return "solution that is repeated or not admissible:\n" + text;
  }
  return missing.empty() ? "" : "solution that is missing:\n" + *missing.begin();
}

class SearchOracle : public testing::TestWithParam<std::uint64_t> {
 protected:
  static void run(const Check& check) { compare(GetParam() * kShard, kShard, {}, check); }
};

TEST_P(SearchOracle, Search) { run(search_agrees); }
TEST_P(SearchOracle, LeastRisk) { run(least_risk_agrees); }
TEST_P(SearchOracle, Tradeoff) { run(tradeoff_agrees); }

INSTANTIATE_TEST_SUITE_P(Seeds, SearchOracle, testing::Range<std::uint64_t>(0, kSpecs / kShard));

class WholeOracle : public testing::TestWithParam<std::uint64_t> {
 protected:
  static void run(const Check& check) {
    Shape shape;
    shape.max_configurations = 400;
    compare(20000 + GetParam() * 200, 200, shape, check);
  }
};

TEST_P(WholeOracle, Encoding) { run(encoding_agrees); }
TEST_P(WholeOracle, Search) { run(whole_search_agrees); }

INSTANTIATE_TEST_SUITE_P(Seeds, WholeOracle, testing::Range<std::uint64_t>(0, 8));

}  // namespace
}  // namespace flexos::oracle
