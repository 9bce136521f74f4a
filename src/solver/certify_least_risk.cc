#include <algorithm>
#include <set>
#include <tuple>

#include "model/order.h"
#include "solver/judge.h"
#include "solver/refuter.h"
#include "solver/unfold.h"

/// The least risky configurations, confirmed.
///
/// The bar is the last listed: its risk, and where that is equal its cost. Of each layout of the
/// answer everything below the bar is formed and must be listed (or, with one a layout, there must
/// be nothing below its own). Whatever part of the other layouts has bounds that the bar beats is
/// ruled out in Z3 (solver/unfold.h), and Z3 refutes that there is another admissible one.
///
/// With `distinct`, what is left out because another one beats it is looked at: another known one
/// must be no dearer and at least as safe. What is at least as safe is no riskier (where it is not
/// so, nothing is confirmed), so all that could beat one of them is known, up to those as risky and
/// as dear as the last: the search knows these, nobody proves that it does.
namespace flexos {

namespace {

constexpr std::size_t kMostUnlisted = 256;

bool contains(const std::vector<Configuration>& list, const Configuration& c) {
  return std::find(list.begin(), list.end(), c) != list.end();
}

bool below(const LayoutSums::Value& a, const LayoutSums::Value& b) {
  return std::tie(a.risk, a.cost) < std::tie(b.risk, b.cost);
}

struct Valued {
  const Configuration* configuration;
  LayoutSums::Value value;
};

/// Of those known, the first that is listed though it is beaten, or left out though it is not;
/// nullptr: there is none. As risky and as dear as the last listed: there may be no room for it.
const Configuration* misplaced(const Spec& spec, const LeastRisk& answer,
                               const std::vector<Valued>& known, const LayoutSums::Value& bar) {
  for (const Valued& one : known) {
    const bool beaten = std::any_of(known.begin(), known.end(), [&](const Valued& other) {
      return &other != &one && other.value.cost <= one.value.cost &&
             at_least_as_safe(spec, *other.configuration, *one.configuration);
    });
    const bool listed = contains(answer.listed, *one.configuration);
    const bool room = answer.all || below(one.value, bar);
    if (listed ? beaten : !beaten && room) return one.configuration;
  }
  return nullptr;
}

}  // namespace

RefutationResult Certifier::refute_safer(const LeastRisk& answer, const Instance& advice,
                                         Share share) {
  const Spec& spec = refuter_->spec();
  const auto& known = answer.distinct ? answer.known : answer.listed;
  if (answer.listed.empty()) return {};
  // Lists are compared one by one: that is work too.
  if (static_cast<std::int64_t>(known.size() * (known.size() + answer.listed.size())) >
      share.work) {
    return {};
  }
  // Else something could beat one of them and be riskier: only who knows all knows that.
  const bool all = answer.all || answer.known_all;
  if (answer.distinct && !all && !risk_follows_order(spec)) return {};
  Encoding& encoding = refuter_->encoding();
  refuter_->limit(share.effort);
  if (spec.profile) encoding.require_budget();
  LayoutSums sums(spec, encoding, advice, share.work, refuter_->deadline());
  if (!sums.fits()) return {};

  std::vector<Valued> valued;
  for (const Configuration& c : known) {
    const auto value = sums.value_of(c);
    if (!value || !judge(spec, c).admissible) return {Refutation::refuted, c, true};
    valued.push_back({&c, *value});
  }
  std::optional<LayoutSums::Value> bar;
  for (const Configuration& c : answer.listed) {
    if (!contains(known, c)) return {Refutation::refuted, c, true};
    const auto value = sums.value_of(c);
    const bool twice = std::count(answer.listed.begin(), answer.listed.end(), c) > 1;
    if (twice || (bar && below(*value, *bar))) return {Refutation::refuted, c, true};
    bar = value;
  }
  if (answer.distinct) {
    const Configuration* wrong = misplaced(spec, answer, valued, *bar);
    if (wrong != nullptr) {
      return {Refutation::refuted, *wrong, contains(answer.listed, *wrong)};
    }
  }

  // What is missing of a layout; nullopt: out of work.
  const auto missing = [&](const std::vector<Level>& levels,
                           const LayoutSums::Value& least) -> std::optional<RefutationResult> {
    const auto safer = sums.safer_in(levels, least, answer.listed.size() + kMostUnlisted);
    if (!safer) return std::nullopt;
    for (const Configuration& c : *safer) {
      if (refuter_->deadline().passed()) return std::nullopt;
      if (!contains(answer.listed, c) && judge(spec, c).admissible) {
        return RefutationResult{Refutation::refuted, c};
      }
    }
    return RefutationResult{Refutation::confirmed, {}};
  };

  sums.beats_in_risk(*bar);
  std::set<std::vector<Level>> looked_at;
  for (const Valued& one : valued) {
    const auto& levels = one.configuration->levels;
    if (!answer.distinct && answer.all) {
      encoding.forbid(*one.configuration);
      continue;
    }
    if (!looked_at.insert(levels).second) {
      if (answer.distinct) return {Refutation::refuted, *one.configuration, true};
      continue;
    }
    const auto verdict = missing(levels, answer.distinct ? one.value : *bar);
    if (!verdict) return {};
    if (verdict->verdict == Refutation::refuted) return *verdict;
    encoding.forbid_layout(*one.configuration);
  }
  if (all) {
    return refuter_->refute([](const Configuration&, const Evaluation&) { return true; });
  }
  if (!Unfolding(spec, encoding, sums, advice).run()) return {};
  for (;;) {
    const z3::check_result verdict = encoding.clauses().check();
    if (verdict == z3::unsat) return {Refutation::confirmed, {}};
    if (verdict != z3::sat) return {};
    const auto found = encoding.read();
    if (!found) continue;  // it broke what Z3 was not told yet
    std::vector<std::size_t> rest;
    if (!sums.settled({found->levels, found->levels}, rest)) {
      // Below the bar as far as the lists of options say; the judge knows.
      const auto more = missing(found->levels, *bar);
      if (!more || more->verdict == Refutation::refuted) return more.value_or(RefutationResult{});
    }
    if (sums.exhausted()) return {};
    encoding.forbid_layout(*found);
  }
}

}  // namespace flexos
