#include <algorithm>

#include "model/order.h"
#include "solver/judge.h"
#include "solver/refuter.h"

/// One configuration a layout, without those beaten, confirmed.
///
/// The claim. Below the cost of the last listed, the cheapest configuration of each layout is
/// listed, or beaten: something in another layout costs no more and is at least as safe.
///
/// The argument. Let layout P be above L in every pair, at boundaries that cost no more in sum, and
/// something admissible be built with P. Whatever is admissible with L is so with P in its place
/// (statements about levels P meets, limits too; who shares a compartment in P does so in L; the
/// budget holds as the cost does not rise), and is beaten by that. So only three things are left:
///   - each known configuration is the cheapest of its layout: given its levels, the cost is a sum
///     over components, and Z3 refutes that one of them could take a cheaper option beside those
///     in its compartment;
///   - each known one that is not listed is beaten by another known one, none that is listed is:
///     that is looked at;
///   - every other layout has nothing cheaper, or is covered by a P as above: Z3 is asked for one
///     that is neither known nor covered. For each that it finds, a P is looked for, and what is
///     built so judged. Layouts that are below P because each pair by itself is as dear go at once.
namespace flexos {

namespace {

struct Priced {
  const Configuration* configuration;
  std::string cost;
};

bool beats(const Spec& spec, const Priced& a, const Priced& b) {
  return !cheaper(b.cost, a.cost) && at_least_as_safe(spec, *a.configuration, *b.configuration);
}

}  // namespace

RefutationResult Certifier::refute_distinct(const Distinct& answer, const Advice* advice,
                                            std::int64_t effort) {
  const Spec& spec = refuter_->spec();
  if (!spec.profile) return {};
  const bool bounded = !answer.all && !answer.listed.empty();
  const std::string bar = bounded ? judge(spec, answer.listed.back()).cost_exact : "";
  std::vector<Priced> known;
  std::vector<Configuration> built;
  for (const Configuration& c : answer.known) {
    const bool listed =
        std::find(answer.listed.begin(), answer.listed.end(), c) != answer.listed.end();
    const Evaluation evaluation = judge(spec, c);
    if (!listed && bounded && cheaper(bar, evaluation.cost_exact)) continue;
    if (!evaluation.admissible) return {Refutation::refuted, c, listed};
    known.push_back({&c, evaluation.cost_exact});
    built.push_back(c);
  }
  for (const Configuration& c : answer.listed) {
    if (std::find(built.begin(), built.end(), c) == built.end()) {
      return {Refutation::refuted, c, true};
    }
  }
  for (const Priced& one : known) {
    const bool beaten = std::any_of(known.begin(), known.end(), [&](const Priced& other) {
      return &other != &one && beats(spec, other, one);
    });
    const bool listed = std::find(answer.listed.begin(), answer.listed.end(), *one.configuration) !=
                        answer.listed.end();
    // As dear as the last listed: there may be no room for it.
    const bool cut = bounded && !cheaper(one.cost, bar);
    if (listed ? beaten : !beaten && !cut) {
      return {Refutation::refuted, *one.configuration, listed};
    }
  }

  Encoding& encoding = refuter_->encoding();
  refuter_->limit(effort);
  if (!encoding.prove_cheapest(built)) return {};
  if (bounded) require_cheaper(*refuter_, answer.listed.back(), advice);
  encoding.require_budget();
  for (const Configuration& c : built) encoding.forbid_covered(c);
  return refuter_->refute([&](const Configuration& found, const Evaluation& evaluation) {
    if (bounded && !cheaper(evaluation.cost_exact, bar)) return false;
    for (const Configuration& layout : answer.covering) {
      Configuration above = found;
      above.levels = layout.levels;
      if (above == found || !at_least_as_safe(spec, above, found)) continue;
      const Evaluation instead = judge(spec, above);
      if (!instead.admissible || cheaper(evaluation.cost_exact, instead.cost_exact)) continue;
      encoding.forbid_covered(above);
      encoding.forbid_layout(found);
      return false;
    }
    return true;
  });
}

}  // namespace flexos
