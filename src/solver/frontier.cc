#include "solver/frontier.h"

#include "solver/confirm.h"
#include "solver/tradeoff.h"

namespace flexos {

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
    settle(spec,
           certifier->refute_frontier(result.points, built.instance,
                                      share_of_search(found.nodes, found.sums, request)),
           result.certificate, result.error);
  }
  if (certifier && request.process_ends) certifier->leave_standing();
  return result;
}

}  // namespace flexos
