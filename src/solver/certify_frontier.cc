#include "solver/boxes.h"
#include "solver/judge.h"
#include "solver/refuter.h"

/// The frontier of cost and risk, confirmed.
///
/// The problem. Risk is a sum of products, and thousands of points are one staircase: as clauses
/// and sums for Z3 that is out of reach at five components already.
///
/// The idea. Z3 says what is not in a settled box yet (solver/boxes.h): its model's layout becomes
/// a box, as large as it can be made, and is forbidden, until Z3 refutes that there is another
/// admissible layout.
///
/// What the answer rests on, then: Z3, that the boxes hold every admissible layout and the lists of
/// options every option; and sums, from the encoding's own reading of the costs.
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
  Boxes boxes(spec, encoding, advice, share.work, refuter_->deadline());
  if (!boxes.fits()) return {};
  for (const Configuration& c : points) {
    const auto value = boxes.value_of(c);
    if (!value || !boxes.beats(*value)) return {Refutation::refuted, c, true};
  }
  for (;;) {
    const z3::check_result verdict = encoding.clauses().check();
    if (verdict == z3::unsat) break;
    if (verdict != z3::sat) return {};
    auto found = encoding.read();
    if (!found) continue;  // it broke what Z3 was not told yet
    Boxes::Box box{found->levels, found->levels};
    std::vector<std::size_t> rest;
    if (!boxes.settled(box, rest)) {
      if (boxes.exhausted()) return {};
      for (int i = 0; i < spec.size(); ++i) {
        const Encoding::Option& option = encoding.options(i)[rest[at(i)]];
        found->variants[at(i)] = option.variant;
        found->hardening[at(i)] = option.hardening;
      }
      if (!judge(spec, *found).admissible) return {};
      return {Refutation::refuted, *found};
    }
    boxes.widen(box);
    if (boxes.exhausted()) return {};
    encoding.forbid_between(box.low, box.high);
  }
  for (const Configuration& c : points) {
    if (!judge(spec, c).admissible) return {Refutation::refuted, c, true};
  }
  return {Refutation::confirmed, {}};
}

}  // namespace flexos
