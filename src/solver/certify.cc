#include "solver/certify.h"

#include <algorithm>
#include <set>

#include "solver/encoding.h"
#include "solver/judge.h"
#include "solver/relaxation.h"

/// Z3 as the authority.
///
/// The problem. "Is there an admissible configuration cheaper than this, other than those listed?"
/// is one pseudo-Boolean inequality on top of the encoding. Z3's own reasoning about such sums is
/// weak: seconds at 15 components, minutes at 20.
///
/// The idea. The linear program knows why nothing is cheaper: a weighted sum of cuts (a path of
/// calls between two components that must be apart is cut somewhere, or one of them is hardened).
/// Each cut is a lemma that Z3 proves from the encoding by propagation; adding them, weighted, to
/// the cost inequality is exact integer arithmetic and leaves an inequality whose right side is
/// the small gap that is left. Nothing is taken on trust: a cut that Z3 does not prove is left
/// out, and the original inequality stays beside the derived one. Triangles are added as models
/// violate them.
namespace flexos {

namespace {

/// Z3 measures effort in its own deterministic unit: the same verdict on every machine.
constexpr unsigned kEffort = 400'000'000;
constexpr int kMostRounded = 500;

/// Is `a` a smaller decimal than `b`? (Both as Evaluation::cost_exact writes them.)
bool cheaper(const std::string& a, const std::string& b) {
  const auto x = Decimal::parse(a);
  const auto y = Decimal::parse(b);
  return x && y && *x < *y;
}

/// The rows of the root's dual bound as lemmas about levels and options.
std::vector<Encoding::WeightedCut> cuts_of(const Instance& instance, const DualBound& dual) {
  std::vector<Encoding::WeightedCut> cuts;
  for (const DualBound::Row& row : dual.rows) {
    Encoding::WeightedCut cut;
    cut.weight = row.weight * instance.cost_factor;
    const auto& terms = row.terms;
    if (row.at_least == 0 && terms.size() == 2 && terms[0].i == terms[1].i &&
        terms[0].j == terms[1].j) {
      cut.monotone = true;
      cut.pairs.push_back({terms[0].i, terms[0].j});
      cut.below = instance.levels[terms[0].rung];
      cut.level = instance.levels[terms[1].rung];
      cuts.push_back(std::move(cut));
      continue;
    }
    for (const DualBound::Term& t : terms) {
      cut.level = instance.levels[t.rung];
      if (t.j < 0) {
        cut.u = t.i;
        const auto& classes = instance.classes[static_cast<std::size_t>(t.i)];
        for (std::size_t c = 0; c < classes.size(); ++c) {
          if ((t.classes >> c & 1U) == 0) continue;
          for (const Option& o : classes[c].options)
            cut.options.emplace_back(o.variant, o.hardening);
        }
      } else if (t.sign > 0) {
        cut.pairs.push_back({t.i, t.j});
      }
      // A negative term is a pair that is apart at the root: the lemma holds without it.
    }
    cuts.push_back(std::move(cut));
  }
  return cuts;
}

void add_cuts(const Spec& spec, const Configuration& bar, const Deadline& deadline,
              Encoding& encoding) {
  const BuiltInstance built = build_instance(spec);
  if (built.error) return;
  Domain root(built.instance);
  if (!root.propagate()) return;
  Relaxation relaxation(built.instance);
  constexpr int kRounds = 200;
  const auto answer = relaxation.solve(root, kRounds, std::nullopt, deadline);
  if (answer.infeasible) return;
  std::vector<Encoding::WeightedCut> proven;
  for (const auto& cut : cuts_of(built.instance, answer.dual)) {
    if (deadline.passed()) return;
    if (encoding.prove(cut)) proven.push_back(cut);
  }
  encoding.require_weighted_cheaper(bar, proven, built.instance.cost_scale);
}

}  // namespace

RefutationResult refute_cheaper(const Spec& spec, const std::vector<Configuration>& listed,
                                bool all, const Deadline& deadline) {
  RefutationResult result;
  z3::context context;
  Encoding encoding(context, spec, false);
  z3::params params(context);
  params.set("rlimit", kEffort);
  if (deadline.at != std::chrono::steady_clock::time_point::max()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline.at - std::chrono::steady_clock::now());
    if (left.count() <= 0) return result;
    params.set("timeout", static_cast<unsigned>(std::min<std::int64_t>(left.count(), 1U << 30)));
  }
  encoding.solver().set(params);
  const bool bounded = !all && !listed.empty() && spec.profile.has_value();
  if (bounded) {
    add_cuts(spec, listed.back(), deadline, encoding);
    encoding.require_cheaper_than(listed.back());
  }
  for (const Configuration& c : listed) encoding.forbid(c);
  if (spec.profile) encoding.require_budget();
  const std::string bar = listed.empty() ? "" : judge(spec, listed.back()).cost_exact;
  for (int round = 0; round < kMostRounded;) {
    switch (encoding.solver().check()) {
      case z3::unsat:
        result.verdict = Refutation::confirmed;
        return result;
      case z3::unknown:
        return result;
      case z3::sat:
        break;
    }
    const Configuration found = encoding.read(encoding.solver().get_model());
    if (encoding.add_violated_triangles(found) > 0) {
      if (deadline.passed()) return result;
      continue;
    }
    // Sums beyond Z3's coefficients were rounded so that nothing better is lost; what they let
    // through is looked at exactly.
    const Evaluation evaluation = judge(spec, found);
    if (evaluation.admissible && (!bounded || cheaper(evaluation.cost_exact, bar))) {
      result.verdict = Refutation::refuted;
      result.counterexample = found;
      return result;
    }
    encoding.forbid(found);
    ++round;
  }
  return result;
}

RefutationResult refute_admissible(const Spec& spec, const Deadline& deadline) {
  return refute_cheaper(spec, {}, true, deadline);
}

}  // namespace flexos
