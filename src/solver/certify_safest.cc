#include <algorithm>
#include <optional>

#include "model/order.h"
#include "solver/covered.h"
#include "solver/judge.h"
#include "solver/refuter.h"
#include "solver/unfold.h"

/// The maximal elements of the safety order, confirmed.
///
/// Elements m1 ... mk are all the maximal ones iff each is admissible, none is strictly below
/// another, and every admissible configuration is at most as safe as one of them. (Were one of them
/// not maximal, what is above it would be at most as safe as another, and so would it be itself.)
/// The first two are looked at; the third is what Z3 refutes the opposite of.
///
/// Where they are only the least risky ones, the third need hold for what is less risky than the
/// last of them (where what is safer is never riskier; else nothing is confirmed). Of what is as
/// risky as the last, nothing may be strictly above one of them. Layouts of which this follows, by
/// their bounds or by all that matters in them being at most as safe as a listed one, are ruled out
/// in Z3 (solver/unfold.h), which refutes that there is another admissible one.
namespace flexos {

namespace {

/// More left of a layout than this is not gone through.
constexpr std::size_t kMostLeft = 64;

/// Is `c` at most as safe as one of them? (Not counting itself.)
bool below_one(const Spec& spec, const std::vector<Configuration>& maximal,
               const Configuration& c) {
  return std::any_of(maximal.begin(), maximal.end(), [&](const Configuration& m) {
    return &m != &c && at_least_as_safe(spec, m, c);
  });
}

/// One of them that is not admissible, or below another; nullptr: there is none.
const Configuration* not_maximal(const Spec& spec, const std::vector<Configuration>& listed) {
  for (const Configuration& m : listed) {
    if (!judge(spec, m).admissible || below_one(spec, listed, m)) return &m;
  }
  return nullptr;
}

}  // namespace

RefutationResult Certifier::refute_not_below(const std::vector<Configuration>& maximal,
                                             std::int64_t effort) {
  const Spec& spec = refuter_->spec();
  if (const Configuration* wrong = not_maximal(spec, maximal)) {
    return {Refutation::refuted, *wrong, true};
  }
  Encoding& encoding = refuter_->encoding();
  refuter_->limit(effort);
  if (spec.profile) encoding.require_budget();
  for (const Configuration& m : maximal) encoding.require_not_below(m);
  return refuter_->refute([&](const Configuration& found, const Evaluation&) {
    return !below_one(spec, maximal, found);
  });
}

RefutationResult Certifier::refute_missing_maximal(const std::vector<Configuration>& listed,
                                                   const Instance& advice, Share share) {
  const Spec& spec = refuter_->spec();
  if (listed.empty() || !risk_follows_order(spec)) return {};
  // The list is compared with itself: that is work too.
  const auto pairs = static_cast<std::int64_t>(listed.size() * listed.size());
  if (pairs > share.work) return {};
  if (const Configuration* wrong = not_maximal(spec, listed)) {
    return {Refutation::refuted, *wrong, true};
  }
  Encoding& encoding = refuter_->encoding();
  refuter_->limit(share.effort);
  if (spec.profile) encoding.require_budget();
  LayoutSums sums(spec, encoding, advice, share.work - pairs, refuter_->deadline());
  if (!sums.fits()) return {};
  Units bar = 0;
  for (const Configuration& m : listed) {
    const auto value = sums.value_of(m);
    if (!value || value->risk < bar) return {Refutation::refuted, m, true};
    bar = value->risk;
  }
  sums.beats_riskier(bar);
  Covered covered(spec, encoding, sums, listed, bar);
  // What the layout holds that is not at most as safe as a listed one: refuted, or confirmed where
  // it may be left out.
  const auto look_in = [&](const std::vector<Level>& levels) -> RefutationResult {
    const auto left = covered.left_in({levels, levels}, kMostLeft);
    if (!left) return {};
    for (const Configuration& c : *left) {
      if (!judge(spec, c).admissible) return {};  // what is below it is not known
      const bool above = std::any_of(listed.begin(), listed.end(), [&](const Configuration& m) {
        return at_least_as_safe(spec, c, m);
      });
      if (above || sums.value_of(c)->risk < bar) return {Refutation::refuted, c};
    }
    return {Refutation::confirmed, {}};
  };
  std::optional<RefutationResult> wrong;
  Unfolding unfolding(spec, encoding, sums, advice, [&](const Box& box) {
    if (box.low != box.high) return covered.left_in(box, 0).has_value();
    const RefutationResult here = look_in(box.low);
    if (here.verdict == Refutation::refuted && !wrong) wrong = here;
    return here.verdict == Refutation::confirmed;
  });
  const bool unfolded = unfolding.run();
  if (wrong) return *wrong;
  if (!unfolded) return {};
  for (;;) {
    const z3::check_result verdict = encoding.clauses().check();
    if (verdict == z3::unsat) return {Refutation::confirmed, {}};
    if (verdict != z3::sat) return {};
    const auto found = encoding.read();
    if (!found) continue;  // it broke what Z3 was not told yet
    const RefutationResult here = look_in(found->levels);
    if (here.verdict != Refutation::confirmed) return here;
    encoding.forbid_layout(*found);
  }
}

}  // namespace flexos
