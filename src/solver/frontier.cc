#include "solver/frontier.h"

#include "solver/confirm.h"
#include "solver/tradeoff.h"

namespace flexos {

namespace {

/// What may be spent on the certificate: about twice what the search has, counted, not timed, and
/// a twentieth of a second to start with, so that where it does not suffice little is lost. Sums
/// are formed at thirty millions a second, Z3 has two million units in one.
struct Share {
  std::int64_t effort;  ///< Z3's
  std::int64_t work;    ///< sums
};

Share share_of(const TradeoffResult& found, bool asked) {
  constexpr std::int64_t kAsked = 1000;
  const Share usual{150'000 + found.sums / 3 + 15 * found.nodes,
                    1'500'000 + 2 * found.sums + 150 * found.nodes};
  return asked ? Share{usual.effort * kAsked, usual.work * kAsked} : usual;
}

}  // namespace

Frontier frontier(const Spec& spec, const Ask& request) {
  Frontier result;
  const BuiltInstance built = build_instance(spec);
  if (built.error) {
    result.error = built.error->message;
    return result;
  }
  std::optional<Certifier> certifier;
  if (certifiable(spec, request)) certifier.emplace(spec, request.deadline);
  TradeoffRequest ask;
  ask.deadline = request.deadline;
  if (request.progress) {
    ask.progress = [&](std::size_t points, std::int64_t nodes) {
      request.progress(std::to_string(points) + " points, " + std::to_string(nodes) + " nodes");
    };
  }
  const TradeoffResult found = tradeoff(built.instance, ask);
  for (const Solution& s : found.points) {
    result.points.push_back(to_configuration(built.instance, s));
  }
  result.complete = found.complete;
  result.certificate.proof = found.complete ? Proof::bound : Proof::gap;
  result.certificate.gap = found.complete ? 0.0 : 1.0;
  if (found.complete) result.certificate.note = why_not_certified(spec, request);
  if (certifier && found.complete) {
    const Share share = share_of(found, request.certify == Certify::always);
    settle(spec,
           certifier->refute_frontier(result.points, built.instance, share.effort, share.work),
           result.certificate, result.error);
  }
  if (certifier && request.process_ends) certifier->leave_standing();
  return result;
}

}  // namespace flexos
