#include "bench/search.h"

namespace flexos {

std::string_view name(SearchStrategy strategy) {
  switch (strategy) {
    case SearchStrategy::exhaustive:
      return "exhaustive";
    case SearchStrategy::poset:
      return "poset";
    case SearchStrategy::model:
      return "model";
  }
  return "";
}

std::optional<SearchStrategy> strategy_from(std::string_view text) {
  for (const auto s : {SearchStrategy::exhaustive, SearchStrategy::poset, SearchStrategy::model}) {
    if (name(s) == text) return s;
  }
  return std::nullopt;
}

SearchState::SearchState(const SearchSpace& space, double limit)
    : space_(space),
      limit_(limit),
      observed_(index(space.size)),
      dominated_(index(space.size), 0) {}

void SearchState::add(int candidate, const Observation& seen) {
  observed_[index(candidate)] = seen;
  order_.push_back(candidate);
  if (!feasible(candidate)) return;
  for (int c = 0; c < space_.size; ++c) {
    if (space_.safer[index(candidate)][index(c)]) dominated_[index(c)] = 1;
  }
}

GuidedAnswer guided_search(const SearchSpace& space, const GuidedRequest& request,
                           const MeasureCandidate& measure) {
  GuidedAnswer answer;
  answer.limit = request.at_least;
  std::optional<Observation> reference;
  if (request.relative_to) {
    reference = measure(*request.relative_to);
    if (!reference) return answer;
    answer.limit = request.at_least * reference->value;
  }
  SearchState state(space, answer.limit);
  const auto seen = [&](int candidate, const Observation& observation) {
    state.add(candidate, observation);
    if (request.progress) request.progress(state);
  };
  if (reference) seen(*request.relative_to, *reference);
  std::unique_ptr<Strategist> strategist =
      request.strategy == SearchStrategy::exhaustive ? make_exhaustive()
      : request.strategy == SearchStrategy::poset    ? make_poset()
                                                     : make_model(space);
  for (;;) {
    const std::optional<int> next = strategist->next(state);
    if (!next) {
      answer.complete = true;
      break;
    }
    const std::optional<Observation> observation = measure(*next);
    if (!observation) break;
    seen(*next, *observation);
  }
  std::vector<char> feasible(static_cast<std::size_t>(space.size));
  for (int c = 0; c < space.size; ++c) {
    feasible[static_cast<std::size_t>(c)] = state.feasible(c) ? 1 : 0;
    answer.feasible += state.feasible(c) ? 1 : 0;
    answer.excluded += answer.complete && state.open(c) ? 1 : 0;
  }
  answer.maximal = maximal_of(space, feasible);
  answer.order = state.order();
  for (const int c : answer.order) {
    const Observation& o = state.observed(c);
    if (o.value > 0 && o.low < answer.limit && answer.limit <= o.high)
      answer.borderline.push_back(c);
  }
  if (answer.complete) answer.doubt = strategist->doubt();
  return answer;
}

}  // namespace flexos
