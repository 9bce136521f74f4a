#include "solver/certify.h"

#include <algorithm>

#include "solver/judge.h"
#include "solver/refuter.h"

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
/// the small gap that is left. What a configuration pays beyond a cut's 1 (two edges of a path
/// cut) stays in the sum as a literal of its own, so that a case split propagates as in the
/// search. Nothing is taken on trust: a cut that Z3 does not prove is left out, and the original
/// inequality stays beside the derived one. What the encoding holds back is added as models break
/// it.
namespace flexos {

namespace {

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

/// Those of the lemmas that Z3 proves.
std::vector<Encoding::WeightedCut> proven(Refuter& refuter,
                                          std::vector<Encoding::WeightedCut> cuts) {
  if (refuter.encoding().prove(cuts)) return cuts;
  std::vector<Encoding::WeightedCut> result;
  for (const auto& cut : cuts) {
    if (refuter.deadline().passed()) break;
    if (refuter.encoding().prove({cut})) result.push_back(cut);
  }
  return result;
}

}  // namespace

bool cheaper(const std::string& a, const std::string& b) {
  const auto x = Decimal::parse(a);
  const auto y = Decimal::parse(b);
  return x && y && *x < *y;
}

void require_cheaper(Refuter& refuter, const Configuration& bar, const Advice* advice) {
  Encoding& encoding = refuter.encoding();
  if (advice != nullptr) {
    const auto cuts = proven(refuter, cuts_of(advice->instance, advice->dual));
    encoding.require_weighted_cheaper(bar, cuts, advice->instance.cost_scale);
  }
  encoding.require_cheaper_than(bar);
}

Certifier::Certifier(const Spec& spec, const Deadline& deadline)
    : refuter_(std::make_unique<Refuter>(spec, deadline)) {}

Certifier::~Certifier() = default;

void Certifier::leave_standing() {
  static auto& standing = *new std::vector<std::unique_ptr<Refuter>>;
  if (refuter_) standing.push_back(std::move(refuter_));
}

RefutationResult Certifier::refute_cheaper(const std::vector<Configuration>& listed, bool all,
                                           const Advice* advice) {
  const Spec& spec = refuter_->spec();
  Encoding& encoding = refuter_->encoding();
  const bool bounded = !all && !listed.empty() && spec.profile.has_value();
  const std::string bar = listed.empty() ? "" : judge(spec, listed.back()).cost_exact;
  if (bounded) require_cheaper(*refuter_, listed.back(), advice);
  if (spec.profile) encoding.require_budget();
  for (const Configuration& c : listed) {
    // What is as dear as the bar is out already.
    if (!bounded || cheaper(judge(spec, c).cost_exact, bar)) encoding.forbid(c);
  }
  return refuter_->refute([&](const Configuration&, const Evaluation& found) {
    return !bounded || cheaper(found.cost_exact, bar);
  });
}

RefutationResult refute_admissible(const Spec& spec, const Deadline& deadline) {
  return Certifier(spec, deadline).refute_cheaper({}, true, nullptr);
}

}  // namespace flexos
