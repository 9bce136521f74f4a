#include "solver/layout.h"

#include <algorithm>
#include <queue>
#include <set>

namespace flexos {

namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

/// One way to build a component in a given layout.
struct Choice {
  Units cost;
  Units risk;
  std::array<int, 2> option;
};

Units gates(const Instance& instance, const std::vector<Rung>& rungs) {
  Units cost = 0;
  for (std::size_t p = 0; p < instance.pairs(); ++p) cost += instance.gate[p][rungs[p]];
  return cost;
}

std::vector<std::vector<Choice>> choices_of(const Instance& instance,
                                            const std::vector<Rung>& rungs,
                                            const std::vector<ClassMask>& allowed) {
  std::vector<std::vector<Choice>> result(at(instance.n));
  for (int i = 0; i < instance.n; ++i) {
    Units open = 0;
    for (int v = 0; v < instance.n; ++v) {
      if (v == i) continue;
      open +=
          instance.weight[at(i * instance.n + v)] * instance.openness[rungs[at(pair_index(i, v))]];
    }
    const auto& classes = instance.classes[at(i)];
    for (std::size_t c = 0; c < classes.size(); ++c) {
      if ((allowed[at(i)] >> c & 1U) == 0) continue;
      for (std::size_t o = 0; o < classes[c].options.size(); ++o) {
        const Option& option = classes[c].options[o];
        result[at(i)].push_back(
            {option.cost, open * option.exposure, {static_cast<int>(c), static_cast<int>(o)}});
      }
    }
    std::sort(result[at(i)].begin(), result[at(i)].end(), [](const Choice& a, const Choice& b) {
      return std::tie(a.cost, a.risk, a.option) < std::tie(b.cost, b.risk, b.option);
    });
  }
  return result;
}

}  // namespace

std::optional<std::vector<ClassMask>> classes_of_layout(const Instance& instance,
                                                        const std::vector<Rung>& rungs) {
  std::vector<ClassMask> allowed(at(instance.n));
  for (int i = 0; i < instance.n; ++i) {
    allowed[at(i)] = instance.all_classes(i);
    for (int j = 0; j < instance.n; ++j) {
      if (j != i && rungs[at(pair_index(i, j))] == 0) {
        allowed[at(i)] &= instance.co_resident[at(i * instance.n + j)];
      }
    }
    if (allowed[at(i)] == 0) return std::nullopt;
  }
  return allowed;
}

std::optional<Solution> cheapest(const Instance& instance, const std::vector<Rung>& rungs) {
  const auto allowed = classes_of_layout(instance, rungs);
  if (!allowed) return std::nullopt;
  Solution solution{rungs, {}, gates(instance, rungs), 0};
  for (const auto& choices : choices_of(instance, rungs, *allowed)) {
    solution.cost += choices.front().cost;
    solution.risk += choices.front().risk;
    solution.options.push_back(choices.front().option);
  }
  return solution;
}

std::optional<Units> cheapest_step_apart(const Instance& instance, const std::vector<Rung>& rungs) {
  std::optional<Units> least;
  std::vector<std::size_t> moved;
  const auto rung = [&](int i, int j) { return rungs[at(pair_index(i, j))]; };
  for (Rung r = 0; r < instance.top_rung(); ++r) {
    for (int i = 0; i < instance.n; ++i) {
      // The part is who is nearer to i than r, and i is the first of it.
      const auto inside = [&](int k) { return k == i || rung(i, k) < r; };
      bool first = true;
      for (int k = 0; k < i && first; ++k) first = !inside(k);
      if (!first) continue;
      moved.clear();
      Units extra = 0;
      bool possible = true;
      for (int k = 0; k < instance.n && possible; ++k) {
        if (!inside(k)) continue;
        for (int j = 0; j < instance.n && possible; ++j) {
          if (inside(j) || rung(i, j) != r) continue;
          const auto p = at(pair_index(k, j));
          possible = r < instance.upper[p];
          if (!possible) break;
          moved.push_back(p);
          extra += instance.gate[p][r + 1U] - instance.gate[p][r];
        }
      }
      extra = std::max(extra, Units{0});
      if (!possible || moved.empty() || (least && extra >= *least)) continue;
      std::vector<Rung> apart = rungs;
      for (const std::size_t p : moved) apart[p] = static_cast<Rung>(r + 1);
      if (within_limits(instance, apart)) least = extra;
    }
  }
  return least;
}

void enumerate(const Instance& instance, const std::vector<Rung>& rungs,
               const std::function<bool(const Solution&)>& accept) {
  const auto allowed = classes_of_layout(instance, rungs);
  if (!allowed) return;
  const auto choices = choices_of(instance, rungs, *allowed);
  const auto n = at(instance.n);

  // The k cheapest sums, one choice from each sorted list: a state steps one list on, and only
  // lists from the last one stepped, so that every combination is reached exactly once.
  struct State {
    Units cost;
    Units risk;
    std::vector<int> picks;
    std::size_t last;
  };
  const auto later = [](const State& a, const State& b) {
    return std::tie(a.cost, a.risk, a.picks) > std::tie(b.cost, b.risk, b.picks);
  };
  std::priority_queue<State, std::vector<State>, decltype(later)> queue(later);
  State first{gates(instance, rungs), 0, std::vector<int>(n, 0), 0};
  for (std::size_t i = 0; i < n; ++i) {
    first.cost += choices[i].front().cost;
    first.risk += choices[i].front().risk;
  }
  queue.push(std::move(first));
  while (!queue.empty()) {
    State state = queue.top();
    queue.pop();
    Solution solution{rungs, {}, state.cost, state.risk};
    for (std::size_t i = 0; i < n; ++i) {
      solution.options.push_back(choices[i][at(state.picks[i])].option);
    }
    if (!accept(solution)) return;
    for (std::size_t i = state.last; i < n; ++i) {
      const auto pick = at(state.picks[i]);
      if (pick + 1 >= choices[i].size()) continue;
      State next = state;
      next.picks[i] += 1;
      next.last = i;
      next.cost += choices[i][pick + 1].cost - choices[i][pick].cost;
      next.risk += choices[i][pick + 1].risk - choices[i][pick].risk;
      queue.push(std::move(next));
    }
  }
}

}  // namespace flexos
