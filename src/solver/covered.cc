#include "solver/covered.h"

#include <algorithm>
#include <tuple>

#include "model/order.h"

namespace flexos {

namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

}  // namespace

Covered::Covered(const Spec& spec, Encoding& encoding, LayoutSums& sums,
                 const std::vector<Configuration>& known, Units most_risk)
    : spec_(spec), encoding_(encoding), sums_(sums), known_(known), most_risk_(most_risk) {}

bool Covered::at_least(int i, const Encoding::Option& b, const Encoding::Option& a) const {
  return (a.hardening & ~b.hardening) == 0 &&
         variant_at_least(spec_.components[at(i)], b.variant, a.variant);
}

const Covered::Choices& Covered::choices(int i, const std::vector<int>& mates) {
  std::vector<int> key{i};
  key.insert(key.end(), mates.begin(), mates.end());
  const auto [entry, made] = choices_.try_emplace(std::move(key));
  Choices& result = entry->second;
  if (!made) return result;
  const auto steps = sums_.lists().all(i, mates);
  sums_.spend(steps.size() * steps.size());
  for (const auto& low : steps) {
    Choice choice{low.cost, low.exposure, low.option, -1};
    const Encoding::Option& mine = encoding_.options(i)[low.option];
    for (const auto& high : steps) {
      const Encoding::Option& other = encoding_.options(i)[high.option];
      // Strictly: from what is stronger no way leads back.
      if (high.exposure > low.exposure || !at_least(i, other, mine) || at_least(i, mine, other)) {
        continue;
      }
      const Units extra = std::max(Units{0}, high.cost - low.cost);
      if (choice.upgrade < 0 || extra < choice.upgrade) choice.upgrade = extra;
    }
    // What is stronger and no dearer is always to be had in its place.
    if (choice.upgrade == 0) continue;
    if (result.list.empty()) result.cheapest = result.dearest = choice.cost;
    result.cheapest = std::min(result.cheapest, choice.cost);
    result.dearest = std::max(result.dearest, choice.cost);
    result.list.push_back(choice);
  }
  return result;
}

std::optional<std::vector<Configuration>> Covered::left_in(const Box& box, std::size_t most) {
  const int n = spec_.size();
  left_.clear();
  most_left_ = most;
  complete_ = true;
  parts_.clear();
  Units gates = 0;
  std::vector<Units> open(at(n), 0);
  std::vector<std::vector<int>> mates(at(n));
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < i; ++j) {
      const auto p = at(pair_index(i, j));
      Units least = encoding_.gate(pair_index(i, j), box.low[p]);
      Units openness = sums_.risks().openness[box.low[p]];
      for (const Level l : sums_.levels()) {
        if (l <= box.low[p] || l > box.high[p]) continue;
        least = std::min(least, Units{encoding_.gate(pair_index(i, j), l)});
        openness = std::min(openness, sums_.risks().openness[l]);
      }
      gates += least;
      open[at(i)] += openness * sums_.risks().weight[at(i * n + j)];
      open[at(j)] += openness * sums_.risks().weight[at(j * n + i)];
      if (box.high[p] != 0) continue;
      mates[at(i)].push_back(j);
      mates[at(j)].push_back(i);
    }
  }
  for (int i = 0; i < n; ++i) {
    parts_.push_back({&choices(i, mates[at(i)]), i, open[at(i)]});
    if (parts_.back().choices->list.empty()) return left_;  // no option: nothing is admissible
  }
  std::stable_sort(parts_.begin(), parts_.end(), [](const Part& a, const Part& b) {
    return a.choices->dearest - a.choices->cheapest > b.choices->dearest - b.choices->cheapest;
  });
  rest_.assign(at(n) + 1, {});
  for (std::size_t k = parts_.size(); k-- > 0;) {
    const Part& part = parts_[k];
    rest_[k].cheapest = rest_[k + 1].cheapest + part.choices->cheapest;
    rest_[k].dearest = rest_[k + 1].dearest + part.choices->dearest;
    rest_[k].least_risk = rest_[k + 1].least_risk + part.choices->list.front().exposure * part.open;
  }
  above_.clear();
  for (const Configuration& c : known_) {
    if (std::equal(box.high.begin(), box.high.end(), c.levels.begin(), std::less_equal<>())) {
      above_.push_back(&c);
    }
  }
  sums_.spend(at(n * n) + known_.size());
  picked_.levels = box.high;
  picked_.variants.assign(at(n), 0);
  picked_.hardening.assign(at(n), 0);
  pick(0, {gates, 0}, -1);
  if (!complete_) return std::nullopt;
  return left_;
}

/// `upgrade`: the least that a stronger option costs of one of those chosen.
void Covered::pick(std::size_t k, LayoutSums::Value sum, Units upgrade) {
  const auto most = encoding_.most_cost();
  if (most && sum.cost + rest_[k].cheapest > *most) return;
  // However dear the rest becomes, one of them could still be stronger, as far as the box's bounds
  // say: what is then is looked at, and is above this in all its layouts.
  if (upgrade >= 0 && (!most || sum.cost + rest_[k].dearest + upgrade <= *most)) return;
  if (sums_.exhausted() || above_.size() + most_left_ == 0) {
    complete_ = false;
    return;
  }
  if (k == parts_.size()) {
    if (covered()) return;
    left_.push_back(picked_);
    complete_ = left_.size() <= most_left_;
    return;
  }
  const Part& part = parts_[k];
  for (const Choice& c : part.choices->list) {
    sums_.spend(1);
    const Units risk = sum.risk + c.exposure * part.open;
    if (risk + rest_[k + 1].least_risk > most_risk_) return;  // and so for all after it
    const Encoding::Option& option = encoding_.options(part.component)[c.option];
    picked_.variants[at(part.component)] = option.variant;
    picked_.hardening[at(part.component)] = option.hardening;
    const bool least = upgrade < 0 || (c.upgrade >= 0 && c.upgrade < upgrade);
    pick(k + 1, {sum.cost + c.cost, risk}, least ? c.upgrade : upgrade);
    if (!complete_) return;
  }
}

/// Is what is picked at most as safe as something known? (Of those above, levels are.)
bool Covered::covered() {
  const auto above = [&](const Configuration* c) {
    for (std::size_t i = 0; i < picked_.hardening.size(); ++i) {
      if ((picked_.hardening[i] & ~c->hardening[i]) != 0) return false;
    }
    for (std::size_t i = 0; i < picked_.variants.size(); ++i) {
      if (!variant_at_least(spec_.components[i], c->variants[i], picked_.variants[i])) return false;
    }
    return true;
  };
  const auto found = std::find_if(above_.begin(), above_.end(), above);
  // Most comparisons end at once: a sum takes longer.
  constexpr std::size_t kFaster = 4;
  sums_.spend(static_cast<std::size_t>(found - above_.begin()) / kFaster + 1);
  if (found == above_.end()) return false;
  std::rotate(above_.begin(), found, found + 1);  // likely to cover the next one too
  return true;
}

}  // namespace flexos
