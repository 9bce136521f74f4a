#include "model/order.h"
#include "solver/judge.h"
#include "solver/refuter.h"

/// The maximal elements of the safety order, confirmed.
///
/// Elements m1 ... mk are all the maximal ones iff each is admissible, none is strictly below
/// another, and every admissible configuration is at most as safe as one of them. (Were one of them
/// not maximal, what is above it would be at most as safe as another, and so would it be itself.)
/// The first two are looked at; the third is what Z3 refutes the opposite of.
namespace flexos {

RefutationResult Certifier::refute_not_below(const std::vector<Configuration>& maximal,
                                             std::int64_t effort) {
  const Spec& spec = refuter_->spec();
  for (const Configuration& m : maximal) {
    bool wrong = !judge(spec, m).admissible;
    for (const Configuration& other : maximal) {
      wrong = wrong || (&other != &m && at_least_as_safe(spec, other, m));
    }
    if (wrong) return {Refutation::refuted, m, true};
  }
  Encoding& encoding = refuter_->encoding();
  refuter_->limit(effort);
  if (spec.profile) encoding.require_budget();
  for (const Configuration& m : maximal) encoding.require_not_below(m);
  return refuter_->refute([&](const Configuration& found, const Evaluation&) {
    for (const Configuration& m : maximal) {
      if (at_least_as_safe(spec, m, found)) return false;
    }
    return true;
  });
}

}  // namespace flexos
