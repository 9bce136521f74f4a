#include "solver/packings.h"

#include <algorithm>
#include <tuple>

#include "solver/layout.h"

namespace flexos {

namespace {

/// Partial choices between two looks at effort and time.
constexpr std::int64_t kPause = 1024;

std::size_t at(int i) { return static_cast<std::size_t>(i); }

}  // namespace

Packings::Packings(const Instance& instance, const OptionOrder& at_least, Receiver& receiver)
    : in_(instance), at_least_(at_least), receiver_(receiver) {}

const Packings::Choices& Packings::choices(int i, ClassMask allowed) {
  const auto [entry, created] = choices_.try_emplace({i, allowed});
  Choices& result = entry->second;
  if (!created) return result;
  const auto& classes = in_.classes[at(i)];
  std::vector<Choice> all;
  for (std::size_t c = 0; c < classes.size(); ++c) {
    if ((allowed >> c & 1U) == 0) continue;
    for (std::size_t o = 0; o < classes[c].options.size(); ++o) {
      const Option& option = classes[c].options[o];
      all.push_back({option.cost, option.exposure, {static_cast<int>(c), static_cast<int>(o)}, -1});
    }
  }
  const auto option = [&](const Choice& c) -> const Option& {
    return classes[at(c.option[0])].options[at(c.option[1])];
  };
  for (Choice& low : all) {
    for (const Choice& high : all) {
      if (high.option == low.option || !at_least_(i, option(high), option(low))) continue;
      const Units extra = std::max(Units{0}, high.cost - low.cost);
      if (low.upgrade < 0 || extra < low.upgrade) low.upgrade = extra;
    }
    if (low.upgrade != 0) result.list.push_back(low);
  }
  std::sort(result.list.begin(), result.list.end(), [](const Choice& a, const Choice& b) {
    return std::tie(a.exposure, a.cost, a.option) < std::tie(b.exposure, b.cost, b.option);
  });
  if (result.list.empty()) return result;
  const auto [least, most] =
      std::minmax_element(result.list.begin(), result.list.end(),
                          [](const Choice& a, const Choice& b) { return a.cost < b.cost; });
  result.cheapest = least->cost;
  result.dearest = most->cost;
  return result;
}

void Packings::look_in(const std::vector<Rung>& rungs) {
  const auto allowed = classes_of_layout(in_, rungs);
  if (!allowed) return;
  parts_.clear();
  for (int i = 0; i < in_.n; ++i) {
    Units open = 0;
    for (int v = 0; v < in_.n; ++v) {
      if (v != i) open += in_.weight[at(i * in_.n + v)] * in_.openness[rungs[at(pair_index(i, v))]];
    }
    parts_.push_back({&choices(i, (*allowed)[at(i)]), i, open});
    if (parts_.back().choices->list.empty()) return;
  }
  std::stable_sort(parts_.begin(), parts_.end(), [](const Part& a, const Part& b) {
    return a.choices->dearest - a.choices->cheapest > b.choices->dearest - b.choices->cheapest;
  });
  cheapest_.assign(at(in_.n) + 1, 0);
  dearest_.assign(at(in_.n) + 1, 0);
  least_risk_.assign(at(in_.n) + 1, 0);
  for (std::size_t k = parts_.size(); k-- > 0;) {
    const Part& part = parts_[k];
    cheapest_[k] = cheapest_[k + 1] + part.choices->cheapest;
    dearest_[k] = dearest_[k + 1] + part.choices->dearest;
    least_risk_[k] = least_risk_[k + 1] + part.choices->list.front().exposure * part.open;
  }
  solution_.rungs = rungs;
  solution_.options.assign(at(in_.n), {});
  solution_.cost = 0;
  solution_.risk = 0;
  for (std::size_t p = 0; p < in_.pairs(); ++p) solution_.cost += in_.gate[p][rungs[p]];
  most_risk_ = receiver_.most_risk();
  if (in_.budget >= 0 && solution_.cost + cheapest_[0] > in_.budget) return;
  if (most_risk_ >= 0 && least_risk_[0] > most_risk_) return;
  stopped_ = false;
  pick(0, cheapest_step_apart(in_, rungs).value_or(-1));
}

/// `upgrade`: the least that a step costs that is possible whatever the rest becomes.
void Packings::pick(std::size_t k, Units upgrade) {
  if (++looked_at_ == kPause) {
    stopped_ = receiver_.enough(looked_at_);
    looked_at_ = 0;
    if (stopped_) return;
  }
  if (upgrade >= 0 && (in_.budget < 0 || solution_.cost + dearest_[k] + upgrade <= in_.budget)) {
    return;
  }
  if (k == parts_.size()) {
    receiver_.packing(solution_);
    most_risk_ = receiver_.most_risk();
    return;
  }
  const Part& part = parts_[k];
  const Units cost = solution_.cost;
  const Units risk = solution_.risk;
  for (const Choice& c : part.choices->list) {
    solution_.cost = cost + c.cost;
    solution_.risk = risk + c.exposure * part.open;
    if (most_risk_ >= 0 && solution_.risk + least_risk_[k + 1] > most_risk_) break;
    if (in_.budget >= 0 && solution_.cost + cheapest_[k + 1] > in_.budget) continue;
    solution_.options[at(part.component)] = c.option;
    const Units next = c.upgrade < 0 ? upgrade
                       : upgrade < 0 ? c.upgrade
                                     : std::min(upgrade, c.upgrade);
    pick(k + 1, next);
    if (stopped_) break;
  }
  solution_.cost = cost;
  solution_.risk = risk;
}

}  // namespace flexos
