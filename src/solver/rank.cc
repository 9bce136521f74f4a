#include "solver/rank.h"

#include <fmt/format.h>

#include <algorithm>

#include "model/order.h"
#include "solver/confirm.h"
#include "solver/tradeoff.h"

namespace flexos {

namespace {

constexpr int kMostLayouts = 1 << 16;

double relative_gap(const Instance& instance, const SearchResult& found) {
  if (found.solutions.empty()) return 1;
  const double best = cycles(instance, found.solutions.front().cost);
  const double bound = cycles(instance, found.lower_bound);
  return best > 0 ? std::max(0.0, (best - bound) / best) : 0.0;
}

/// Drops what another of the list beats in cost and safety; the list is in order of preference.
std::vector<Configuration> undominated(const Spec& spec, const Instance& instance,
                                       const std::vector<Solution>& solutions) {
  std::vector<Configuration> all;
  all.reserve(solutions.size());
  for (const Solution& s : solutions) all.push_back(to_configuration(instance, s));
  std::vector<Configuration> kept;
  for (std::size_t i = 0; i < all.size(); ++i) {
    bool beaten = false;
    for (std::size_t k = 0; k < all.size() && !beaten; ++k) {
      beaten = k != i && solutions[k].cost <= solutions[i].cost &&
               at_least_as_safe(spec, all[k], all[i]);
    }
    if (!beaten) kept.push_back(all[i]);
  }
  return kept;
}

SearchResult run(const Instance& instance, const RankRequest& request, int top) {
  SearchRequest ask;
  ask.top = top;
  ask.one_per_layout = request.distinct;
  ask.deadline = request.deadline;
  if (request.progress) {
    ask.progress = [&](const SearchResult& now) {
      request.progress(fmt::format("best {:.6g} cycles, bound {:.6g}, {} nodes",
                                   cycles(instance, now.solutions.front().cost),
                                   cycles(instance, now.lower_bound), now.stats.nodes));
    };
  }
  return request.objective == Objective::fastest ? search(instance, ask)
                                                 : least_risk(instance, ask);
}

/// Z3's share of `--distinct`, in its own unit (a second has some two millions), and where it is
/// asked for by name.
constexpr std::int64_t kDistinctEffort = 4'000'000;
constexpr std::int64_t kDistinctEffortAsked = 400'000'000;

/// What Z3 needs to know of an answer to `--distinct`.
Distinct distinct(const Instance& instance, const SearchResult& found, const Ranking& ranking) {
  Distinct result;
  result.listed = ranking.configurations;
  result.all = ranking.exhausted;
  for (const Solution& s : found.solutions) result.known.push_back(to_configuration(instance, s));
  for (const auto& rungs : found.covering) {
    Configuration layout;
    for (const Rung rung : rungs) layout.levels.push_back(instance.levels[rung]);
    result.covering.push_back(std::move(layout));
  }
  return result;
}

LeastRisk least_risk_answer(const Instance& instance, const SearchResult& found,
                            const Ranking& ranking, const RankRequest& request) {
  LeastRisk result;
  result.listed = ranking.configurations;
  result.all = ranking.exhausted;
  result.distinct = request.distinct;
  if (!request.distinct) return result;
  result.known_all = found.exhausted;
  for (const Solution& s : found.solutions) result.known.push_back(to_configuration(instance, s));
  return result;
}

void certify(const Spec& spec, const RankRequest& request, std::optional<Certifier>& certifier,
             const Instance& instance, const SearchResult& found, Ranking& ranking) {
  if (!ranking.optimal || request.certify == Certify::never) return;
  if (!certifiable(spec, request)) {
    ranking.certificate.note = why_not_certified(spec, request);
    return;
  }
  if (!certifier) certifier.emplace(spec, request.deadline);
  if (ranking.feasible && request.objective == Objective::safest) {
    settle(spec,
           certifier->refute_safer(least_risk_answer(instance, found, ranking, request), instance,
                                   share_of_search(found.stats.nodes, 0, request)),
           ranking.certificate, ranking.error);
    return;
  }
  const Advice advice{instance, found.root};
  const auto effort = request.certify == Certify::always ? kDistinctEffortAsked : kDistinctEffort;
  const RefutationResult verdict =
      ranking.feasible && request.distinct
          ? certifier->refute_distinct(distinct(instance, found, ranking), &advice, effort)
          : certifier->refute_cheaper(ranking.configurations, ranking.exhausted, &advice);
  settle(spec, verdict, ranking.certificate, ranking.error);
}

/// Is everything known that could beat one of those to be listed, or take its place?
bool enough(const Spec& spec, const Instance& instance, const RankRequest& request,
            const SearchResult& found, const std::vector<Configuration>& kept) {
  if (static_cast<int>(kept.size()) < request.top) return false;
  if (request.objective == Objective::fastest) return true;
  // The least risky: what beats one of them is as risky and as dear at most, so all of those must
  // be known, and not only some of them.
  if (!risk_follows_order(spec)) return false;
  const Configuration& last = kept[static_cast<std::size_t>(request.top) - 1];
  const auto listed =
      std::find_if(found.solutions.begin(), found.solutions.end(),
                   [&](const Solution& s) { return to_configuration(instance, s) == last; });
  return listed->risk < found.solutions.back().risk ||
         (listed->risk == found.solutions.back().risk &&
          listed->cost < found.solutions.back().cost);
}

/// `--distinct`. Those that are beaten take places: widen until enough others are left.
void rank_distinct(const Spec& spec, const Instance& instance, const RankRequest& request,
                   SearchResult& found, Ranking& ranking) {
  for (int top = request.top;; top *= 4) {
    if (top != request.top) {
      SearchResult wider = run(instance, request, top);
      // Half of a wider search is worth less than all of this one.
      if (!wider.complete) {
        found.complete = false;
        break;
      }
      found = std::move(wider);
    }
    ranking.configurations = undominated(spec, instance, found.solutions);
    if (!found.complete || found.exhausted ||
        enough(spec, instance, request, found, ranking.configurations)) {
      break;
    }
    if (top >= kMostLayouts) {
      found.complete = false;
      break;
    }
  }
  const auto most = static_cast<std::size_t>(std::max(1, request.top));
  ranking.exhausted = found.exhausted && ranking.configurations.size() <= most;
  if (ranking.configurations.size() > most) ranking.configurations.resize(most);
}

}  // namespace

Ranking rank(const Spec& spec, const RankRequest& request) {
  Ranking ranking;
  const BuiltInstance built = build_instance(spec);
  if (built.error) {
    ranking.error = built.error->message;
    return ranking;
  }
  const Instance& instance = built.instance;
  std::optional<Certifier> certifier;
  if (certifiable(spec, request)) certifier.emplace(spec, request.deadline);
  SearchResult found = run(instance, request, request.top);
  if (request.distinct) {
    rank_distinct(spec, instance, request, found, ranking);
  } else {
    for (const Solution& s : found.solutions) {
      ranking.configurations.push_back(to_configuration(instance, s));
    }
    ranking.exhausted = found.exhausted;
  }
  ranking.feasible = !found.solutions.empty();
  ranking.optimal = found.complete;
  ranking.stats = found.stats;
  ranking.certificate.proof = found.complete ? Proof::bound : Proof::gap;
  ranking.certificate.gap = found.complete ? 0.0
                            : request.objective == Objective::safest
                                ? 1.0
                                : relative_gap(instance, found);
  certify(spec, request, certifier, instance, found, ranking);
  if (certifier && request.process_ends) certifier->leave_standing();
  return ranking;
}

}  // namespace flexos
