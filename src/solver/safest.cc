#include "solver/safest.h"

#include <algorithm>

#include "model/order.h"
#include "solver/confirm.h"
#include "solver/tradeoff.h"

namespace flexos {

namespace {

/// What is looked at before a large system's answer is given as it stands: up to half a minute's
/// work.
constexpr std::int64_t kEffort = 600'000'000;

/// Z3's share where everything is listed, in its own unit (a second has some two millions): about
/// 300 an element are needed, which is less than what it took to find them.
constexpr std::int64_t kCertify = 400'000;
constexpr std::int64_t kCertifyElement = 1'000;
/// Where it is asked for by name, this many times as much.
constexpr std::int64_t kCertifyAsked = 100;

/// `spec` with its slowdown budget replaced.
Spec with_budget(const Spec& spec, const Decimal& slowdown) {
  Spec result = spec;
  std::erase_if(result.statements,
                [](const Statement& s) { return s.kind == StatementKind::budget_slowdown; });
  Statement budget;
  budget.kind = StatementKind::budget_slowdown;
  budget.decimal = slowdown;
  budget.origin.file = "--slowdown";
  budget.origin.text = "--slowdown " + slowdown.to_string();
  result.statements.push_back(budget);
  return result;
}

}  // namespace

Safest safest(const Spec& spec, const SafestRequest& request) {
  Safest result;
  const Spec asked = request.slowdown ? with_budget(spec, *request.slowdown) : spec;
  const BuiltInstance built = build_instance(asked);
  if (built.error) {
    result.error = built.error->message;
    return result;
  }
  std::optional<Certifier> certifier;
  if (certifiable(asked, request)) certifier.emplace(asked, request.deadline);
  MaximalRequest ask;
  ask.deadline = request.deadline;
  ask.limit = request.limit;
  ask.effort = kEffort;
  ask.option_at_least = [&](int component, const Option& b, const Option& a) {
    return (a.hardening & ~b.hardening) == 0 &&
           variant_at_least(spec.components[static_cast<std::size_t>(component)], b.variant,
                            a.variant);
  };
  const TradeoffResult found = maximal(built.instance, ask);
  for (const Solution& s : found.points) {
    result.maximal.push_back(to_configuration(built.instance, s));
  }
  result.complete = found.complete;
  result.exact = found.exact;
  result.unfinished = found.unfinished;
  result.certificate.proof = found.exact ? Proof::bound : Proof::gap;
  result.certificate.gap = found.exact ? 0 : 1;
  if (found.exact) result.certificate.note = why_not_certified(asked, request);
  if (found.unfinished) {
    result.certificate.note =
        "time was up before anything was known to be maximal: something "
        "safer than what is listed may be affordable";
  }
  if (certifier && found.complete) {
    auto effort = kCertify + kCertifyElement * static_cast<std::int64_t>(result.maximal.size());
    if (request.certify == Certify::always) effort *= kCertifyAsked;
    settle(asked, certifier->refute_not_below(result.maximal, effort), result.certificate,
           result.error);
  }
  if (certifier && found.exact && !found.complete) {
    if (risk_follows_order(asked)) {
      settle(asked,
             certifier->refute_missing_maximal(
                 result.maximal, built.instance,
                 share_of_search(found.nodes, found.sums, request, result.maximal.size())),
             result.certificate, result.error);
    } else {
      result.certificate.note = "what is safer may be riskier here: Z3 is not asked about a part";
    }
  }
  if (certifier && request.process_ends) certifier->leave_standing();
  return result;
}

}  // namespace flexos
