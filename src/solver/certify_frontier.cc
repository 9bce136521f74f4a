#include "solver/judge.h"
#include "solver/refuter.h"
#include "solver/unfold.h"

/// The frontier of cost and risk, confirmed.
///
/// The problem. Risk is a sum of products, and thousands of points are one staircase: as clauses
/// and sums for Z3 that is out of reach at five components already.
///
/// The idea. Layouts are unfolded component by component, as in the search, and whatever part of
/// them has bounds that leave nothing new is ruled out in Z3 (solver/unfold.h), until Z3 refutes
/// that there is another admissible layout. What it finds instead is looked at by itself.
///
/// What the answer rests on, then: Z3, that what was ruled out is every admissible layout, and that
/// the lists of options hold every option; and sums, from the encoding's own reading of the costs.
namespace flexos {

namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

}  // namespace

RefutationResult Certifier::refute_frontier(const std::vector<Configuration>& points,
                                            const Instance& advice, Share share) {
  const Spec& spec = refuter_->spec();
  if (!spec.profile) return {};
  Encoding& encoding = refuter_->encoding();
  refuter_->limit(share.effort);
  encoding.require_budget();
  LayoutSums sums(spec, encoding, advice, share.work, refuter_->deadline());
  if (!sums.fits()) return {};
  for (const Configuration& c : points) {
    const auto value = sums.value_of(c);
    if (!value || !sums.beats(*value) || !judge(spec, c).admissible) {
      return {Refutation::refuted, c, true};
    }
  }
  if (!Unfolding(spec, encoding, sums, advice).run()) return {};
  for (;;) {
    const z3::check_result verdict = encoding.clauses().check();
    if (verdict == z3::unsat) break;
    if (verdict != z3::sat) return {};
    auto found = encoding.read();
    if (!found) continue;  // it broke what Z3 was not told yet
    std::vector<std::size_t> rest;
    if (!sums.settled({found->levels, found->levels}, rest)) {
      if (sums.exhausted()) return {};
      for (int i = 0; i < spec.size(); ++i) {
        const Encoding::Option& option = encoding.options(i)[rest[at(i)]];
        found->variants[at(i)] = option.variant;
        found->hardening[at(i)] = option.hardening;
      }
      if (!judge(spec, *found).admissible) return {};
      return {Refutation::refuted, *found};
    }
    encoding.forbid_layout(*found);
  }
  return {Refutation::confirmed, {}};
}

}  // namespace flexos
