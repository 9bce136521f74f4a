#include "solver/layout_sums.h"

#include <algorithm>
#include <tuple>

namespace flexos {

namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

}  // namespace

LayoutSums::LayoutSums(const Spec& spec, Encoding& encoding, const Instance& advice,
                       std::int64_t work, const Deadline& deadline)
    : spec_(spec),
      encoding_(encoding),
      n_(spec.size()),
      work_(work),
      deadline_(deadline),
      asked_(work),
      risks_(risk_units(spec, encoding)),
      lists_(encoding, risks_, advice) {
  for (std::size_t l = 0; l < spec.mechanisms.size(); ++l) {
    if (l == 0 || spec.explored_mechanisms[l]) levels_.push_back(static_cast<Level>(l));
  }
}

void LayoutSums::spend(std::size_t work) {
  constexpr std::int64_t kBetweenLooks = 1 << 16;
  work_ -= static_cast<std::int64_t>(work);
  if (asked_ - work_ < kBetweenLooks) return;
  asked_ = work_;
  if (deadline_.passed()) work_ = 0;
}

bool LayoutSums::beats(Value value) {
  if (!stairs_.empty() &&
      (value.cost <= stairs_.back().cost || value.risk >= stairs_.back().risk)) {
    return false;
  }
  stairs_.push_back(value);
  return true;
}

void LayoutSums::beats_in_risk(Value value) {
  beats_riskier(value.risk);
  stairs_.push_back(value);
}

void LayoutSums::beats_riskier(Units risk) {
  constexpr Units kLeast = -(Units{1} << 126);
  stairs_ = {{kLeast, risk + 1}};
}

LayoutSums::Bounds LayoutSums::bounds_of(const Box& box) {
  Bounds bounds;
  bounds.open.assign(at(n_), 0);
  std::vector<std::vector<int>> mates(at(n_));
  for (int i = 0; i < n_; ++i) {
    for (int j = 0; j < i; ++j) {
      const auto p = at(pair_index(i, j));
      Units gate = encoding_.gate(pair_index(i, j), box.low[p]);
      Units openness = risks_.openness[box.low[p]];
      for (const Level l : levels_) {
        if (l <= box.low[p] || l > box.high[p]) continue;
        gate = std::min(gate, encoding_.gate(pair_index(i, j), l));
        openness = std::min(openness, risks_.openness[l]);
      }
      bounds.gates += gate;
      bounds.open[at(i)] += openness * risks_.weight[at(i * n_ + j)];
      bounds.open[at(j)] += openness * risks_.weight[at(j * n_ + i)];
      if (box.high[p] == 0) {
        mates[at(i)].push_back(j);
        mates[at(j)].push_back(i);
      }
    }
  }
  for (int i = 0; i < n_; ++i) bounds.steps.push_back(&lists_.of(i, mates[at(i)]));
  return bounds;
}

std::optional<LayoutSums::Value> LayoutSums::value_of(const Configuration& c) const {
  Value value{0, 0};
  for (int i = 0; i < n_; ++i) {
    const Encoding::Option* mine = encoding_.option_of(i, c);
    if (mine == nullptr) return std::nullopt;
    value.cost += mine->cost;
    Units open = 0;
    for (int j = 0; j < n_; ++j) {
      if (j == i) continue;
      if (j < i) value.cost += encoding_.gate(pair_index(i, j), c.level(i, j));
      open += risks_.openness[c.level(i, j)] * risks_.weight[at(i * n_ + j)];
    }
    value.risk +=
        open * risks_.exposure[at(i)][at(static_cast<int>(mine - encoding_.options(i).data()))];
  }
  return value;
}

/// What the budget forbids counts as beaten.
bool LayoutSums::beaten(Units cost, Units risk) const {
  if (encoding_.most_cost() && cost > *encoding_.most_cost()) return true;
  const auto next = std::upper_bound(stairs_.begin(), stairs_.end(), cost,
                                     [](Units c, const Value& v) { return c < v.cost; });
  return next != stairs_.begin() && std::prev(next)->risk <= risk;
}

bool LayoutSums::settled(const Box& box, std::vector<std::size_t>& rest) {
  const auto [gates, open, steps] = bounds_of(box);
  std::vector<Units> least_cost(at(n_) + 1, 0);
  std::vector<Units> least_risk(at(n_) + 1, 0);
  for (int i = n_ - 1; i >= 0; --i) {
    if (steps[at(i)]->best.empty()) return true;  // no option: nothing admissible is in the box
    least_cost[at(i)] = least_cost[at(i) + 1] + steps[at(i)]->best.front().cost;
    least_risk[at(i)] = least_risk[at(i) + 1] + steps[at(i)]->best.back().exposure * open[at(i)];
  }
  std::vector<std::vector<Partial>> stages(at(n_) + 1);
  stages[0].push_back({gates, 0, 0, 0});
  for (int i = 0; i < n_; ++i) {
    std::vector<Partial> sums;
    const auto& from = stages[at(i)];
    for (std::size_t f = 0; f < from.size(); ++f) {
      for (std::size_t s = 0; s < steps[at(i)]->best.size(); ++s) {
        const Step& step = steps[at(i)]->best[s];
        const Partial sum{from[f].cost + step.cost, from[f].risk + step.exposure * open[at(i)], f,
                          s};
        if (beaten(sum.cost + least_cost[at(i) + 1], sum.risk + least_risk[at(i) + 1])) continue;
        sums.push_back(sum);
      }
    }
    spend(from.size() * steps[at(i)]->best.size());
    if (sums.empty()) return true;
    if (exhausted()) return false;
    std::sort(sums.begin(), sums.end(), [](const Partial& a, const Partial& b) {
      return std::tie(a.cost, a.risk, a.from, a.pick) < std::tie(b.cost, b.risk, b.from, b.pick);
    });
    auto& kept = stages[at(i) + 1];
    for (const Partial& s : sums) {
      if (kept.empty() || s.risk < kept.back().risk) kept.push_back(s);
    }
  }
  rest.assign(at(n_), 0);
  std::size_t k = stages[at(n_)].size() / 2;
  for (int i = n_ - 1; i >= 0; --i) {
    const Partial& partial = stages[at(i) + 1][k];
    rest[at(i)] = steps[at(i)]->best[partial.pick].option;
    k = partial.from;
  }
  return false;
}

/// What `safer_in` has found so far, and what is the least to come from a component on.
struct LayoutSums::Enumeration {
  const Bounds& bounds;
  const std::vector<Level>& levels;
  Value bar;
  std::size_t most;
  std::vector<std::vector<Step>> steps;  ///< by component, by rising exposure
  std::vector<Value> least;              ///< by component: of it and those after it
  std::vector<std::size_t> options;
  std::vector<Configuration> found;
  bool complete = true;
};

std::optional<std::vector<Configuration>> LayoutSums::safer_in(const std::vector<Level>& levels,
                                                               Value bar, std::size_t most) {
  const Bounds bounds = bounds_of({levels, levels});
  Enumeration enumeration{bounds, levels, bar, most, {}, {}, std::vector<std::size_t>(at(n_)), {}};
  for (int i = 0; i < n_; ++i) {
    std::vector<int> mates;
    for (int j = 0; j < n_; ++j) {
      if (j != i && levels[at(pair_index(i, j))] == 0) mates.push_back(j);
    }
    enumeration.steps.push_back(lists_.all(i, mates));
  }
  enumeration.least.assign(at(n_) + 1, {0, 0});
  for (int i = n_ - 1; i >= 0; --i) {
    const Steps& steps = *bounds.steps[at(i)];
    if (steps.best.empty()) return std::vector<Configuration>{};
    const Value rest = enumeration.least[at(i) + 1];
    enumeration.least[at(i)] = {rest.cost + steps.best.front().cost,
                                rest.risk + steps.best.back().exposure * bounds.open[at(i)]};
  }
  pick(enumeration, 0, {bounds.gates, 0});
  if (!enumeration.complete) return std::nullopt;
  return std::move(enumeration.found);
}

void LayoutSums::pick(Enumeration& enumeration, int i, Value sum) {
  const auto& [bounds, levels, bar, most, steps, least, options, found, complete] = enumeration;
  const Value reached{sum.cost + least[at(i)].cost, sum.risk + least[at(i)].risk};
  if (encoding_.most_cost() && reached.cost > *encoding_.most_cost()) return;
  if (std::tie(reached.risk, reached.cost) >= std::tie(bar.risk, bar.cost)) return;
  if (found.size() >= most || exhausted()) {
    enumeration.complete = false;
    return;
  }
  if (i == n_) {
    Configuration c;
    c.levels = levels;
    for (int k = 0; k < n_; ++k) {
      const Encoding::Option& option = encoding_.options(k)[options[at(k)]];
      c.variants.push_back(option.variant);
      c.hardening.push_back(option.hardening);
    }
    enumeration.found.push_back(std::move(c));
    return;
  }
  for (const Step& s : steps[at(i)]) {
    spend(1);
    enumeration.options[at(i)] = s.option;
    const Units risk = sum.risk + s.exposure * bounds.open[at(i)];
    if (risk + least[at(i) + 1].risk > bar.risk) return;  // and so for all after it
    pick(enumeration, i + 1, {sum.cost + s.cost, risk});
    if (!complete) return;
  }
}

}  // namespace flexos
