#include "solver/compartments.h"

#include <algorithm>
#include <boost/graph/bron_kerbosch_all_cliques.hpp>
#include <boost/graph/undirected_graph.hpp>
#include <deque>

#include "solver/confirm.h"
#include "solver/domain.h"
#include "solver/encoding.h"
#include "solver/judge.h"

namespace flexos {

namespace {

using Graph = boost::undirected_graph<>;
using Vertex = boost::graph_traits<Graph>::vertex_descriptor;

constexpr int kMostCliques = 200'000;

/// Thrown through Boost.Graph to leave an enumeration that grew too long; caught below.
struct EnoughCliques {};

struct KeepLargest {
  std::deque<Vertex>* best;
  int* seen;
  template <typename Clique, typename G>
  void clique(const Clique& clique, const G& /*graph*/) {
    if (clique.size() > best->size()) best->assign(clique.begin(), clique.end());
    if (++*seen > kMostCliques) throw EnoughCliques{};
  }
};

/// A large set of components of which no two can be in one compartment: the largest, unless their
/// number is beyond counting.
std::vector<int> conflict_clique(const Domain& domain) {
  const int n = domain.instance().n;
  Graph graph;
  std::vector<Vertex> vertices;
  for (int i = 0; i < n; ++i) vertices.push_back(graph.add_vertex());
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < i; ++j) {
      if (domain.low(i, j) > 0) {
        boost::add_edge(vertices[static_cast<std::size_t>(i)],
                        vertices[static_cast<std::size_t>(j)], graph);
      }
    }
  }
  std::deque<Vertex> best;
  int seen = 0;
  try {
    boost::bron_kerbosch_all_cliques(graph, KeepLargest{&best, &seen}, 1);
  } catch (const EnoughCliques&) {
    // The largest so far is still a valid bound, if perhaps not the best.
    seen = kMostCliques;
  }
  std::vector<int> result;
  for (const Vertex v : best) {
    result.push_back(
        static_cast<int>(std::find(vertices.begin(), vertices.end(), v) - vertices.begin()));
  }
  if (result.empty() && n > 0) result.push_back(0);
  std::sort(result.begin(), result.end());
  return result;
}

int compartments_of(const Configuration& c, int n) {
  return static_cast<int>(classes(c, n, 0).size());
}

/// Exactly, as the encoding is not where sums outgrow Z3's coefficients.
bool over_budget(const Spec& spec, const Configuration& c) {
  if (!spec.profile) return false;
  const auto cost = Decimal::parse(judge(spec, c).cost_exact);
  return std::any_of(spec.statements.begin(), spec.statements.end(), [&](const Statement& s) {
    if (s.kind != StatementKind::budget_slowdown || !cost) return false;
    const auto extra = subtract(s.decimal, 1);
    const auto limit = extra ? multiply(spec.profile->base, *extra) : std::nullopt;
    return limit && *cost > *limit;
  });
}

/// The same levels without what is not needed: each hardening and variant that can go, goes.
Configuration plain(const Spec& spec, Configuration c) {
  for (std::size_t i = 0; i < spec.components.size(); ++i) {
    if (c.variants[i] != 0) {
      Configuration without = c;
      without.variants[i] = 0;
      if (judge(spec, without).admissible) c = without;
    }
    for (std::size_t h = 0; h < spec.hardening.size(); ++h) {
      if ((c.hardening[i] >> h & 1U) == 0) continue;
      Configuration without = c;
      without.hardening[i] &= ~(std::uint64_t{1} << h);
      if (judge(spec, without).admissible) c = std::move(without);
    }
  }
  return c;
}

}  // namespace

Compartments fewest_compartments(const Spec& spec, const Ask& request) {
  Compartments result;
  const BuiltInstance built = build_instance(spec);
  if (built.error) {
    result.error = built.error->message;
    return result;
  }
  Domain domain(built.instance);
  if (!domain.propagate()) {
    result.optimal = true;
    return result;
  }
  result.clique = conflict_clique(domain);
  const int n = spec.size();
  // From the clique upwards: the first count that Z3 can satisfy is the minimum. Triangles are
  // added as models violate them.
  z3::context context;
  Encoding encoding(context, spec, n <= 12);
  encoding.clauses().limit({.deadline = request.deadline, .each = {}, .total = {}});
  encoding.require_budget();
  const auto find = [&](int count, std::optional<Configuration>& found) {
    const Literal few = encoding.compartments_at_most(count);
    for (;;) {
      const z3::check_result verdict = encoding.clauses().check(few);
      found = verdict == z3::sat ? encoding.read() : std::nullopt;
      if (verdict != z3::sat) return verdict;
      if (found && !over_budget(spec, *found)) return verdict;
      if (request.deadline.passed()) return z3::unknown;
      if (found) encoding.forbid(*found);
    }
  };
  int best = n + 1;
  for (int count = static_cast<int>(result.clique.size()); count < best;) {
    if (request.deadline.passed()) break;
    if (request.progress) request.progress("trying " + std::to_string(count) + " compartments");
    std::optional<Configuration> found;
    const z3::check_result verdict = find(count, found);
    if (verdict == z3::unknown) break;
    if (verdict == z3::unsat) {
      if (++count > n) {
        result.optimal = true;  // not even with everybody alone
        result.certificate.proof = Proof::z3;
        return result;
      }
      continue;
    }
    best = compartments_of(*found, n);
    result.feasible = true;
    result.witness = plain(spec, *found);
    result.minimum = best;
    result.optimal = true;
    // Fewer were refuted on the way here, but for those that the clique spoke against.
    bool refuted = static_cast<int>(result.clique.size()) < best;
    if (!refuted && certifiable(spec, request)) {
      const z3::check_result fewer = find(best - 1, found);
      refuted = fewer == z3::unsat;
      if (fewer == z3::sat) {
        settle(spec, {Refutation::refuted, *found}, result.certificate, result.error);
        return result;
      }
    }
    result.certificate.proof = refuted ? Proof::z3 : Proof::bound;
    return result;
  }
  result.certificate.proof = Proof::gap;
  result.certificate.gap = 1;
  return result;
}

}  // namespace flexos
