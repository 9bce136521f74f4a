#include "solver/packings.h"

#include <algorithm>
#include <tuple>

namespace flexos {

namespace {

/// Partial choices between two looks at effort and time.
constexpr std::int64_t kPause = 1024;

std::size_t at(int i) { return static_cast<std::size_t>(i); }

}  // namespace

Packings::Packings(const Instance& instance, const OptionOrder& at_least)
    : in_(instance), at_least_(at_least) {}

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
      // Where the stronger one is more open it may be too risky to be looked at in place of this.
      if (high.option == low.option || high.exposure > low.exposure ||
          !at_least_(i, option(high), option(low))) {
        continue;
      }
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

bool Packings::look_in(const std::vector<Rung>& rungs, Receiver& receiver) {
  receiver_ = &receiver;
  if (!prepare({rungs, rungs})) return true;
  pick(0, cheapest_step_apart(in_, rungs).value_or(-1));
  return !stopped_;
}

bool Packings::look_in(const RungBox& box, Receiver& receiver) {
  receiver_ = &receiver;
  if (prepare(box)) pick(0, -1);
  return !stopped_;
}

/// False: nothing in the box is of interest.
bool Packings::prepare(const RungBox& box) {
  stopped_ = false;
  // Who is surely in one compartment.
  const auto allowed = classes_of_layout(in_, box.high);
  if (!allowed) return false;
  solution_.cost = 0;
  solution_.risk = 0;
  std::vector<Units> open(at(in_.n), 0);
  for (int i = 0; i < in_.n; ++i) {
    for (int j = 0; j < i; ++j) {
      const auto p = at(pair_index(i, j));
      Units least = in_.gate[p][box.low[p]];
      Units openness = in_.openness[box.low[p]];
      for (Rung r = box.low[p]; r < box.high[p]; ++r) {
        least = std::min(least, in_.gate[p][r + 1U]);
        openness = std::min(openness, in_.openness[r + 1U]);
      }
      solution_.cost += least;
      open[at(i)] += in_.weight[at(i * in_.n + j)] * openness;
      open[at(j)] += in_.weight[at(j * in_.n + i)] * openness;
    }
  }
  parts_.clear();
  for (int i = 0; i < in_.n; ++i) {
    parts_.push_back({&choices(i, (*allowed)[at(i)]), i, open[at(i)]});
    if (parts_.back().choices->list.empty()) return false;
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
  solution_.rungs = box.high;
  solution_.options.assign(at(in_.n), {});
  most_risk_ = receiver_->most_risk();
  if (in_.budget >= 0 && solution_.cost + cheapest_[0] > in_.budget) return false;
  return most_risk_ < 0 || least_risk_[0] <= most_risk_;
}

/// `upgrade`: the least that a step costs that is possible whatever the rest becomes.
void Packings::pick(std::size_t k, Units upgrade) {
  if (++looked_at_ == kPause) {
    stopped_ = receiver_->enough(looked_at_);
    looked_at_ = 0;
    if (stopped_) return;
  }
  if (upgrade >= 0 && (in_.budget < 0 || solution_.cost + dearest_[k] + upgrade <= in_.budget)) {
    return;
  }
  if (k == parts_.size()) {
    stopped_ = !receiver_->packing(solution_);
    most_risk_ = receiver_->most_risk();
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
