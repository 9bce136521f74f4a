#include "solver/weighted_bounds.h"

#include <algorithm>
#include <array>

namespace flexos {

namespace {

using Steps = OptionLists::Steps;

std::size_t at(int i) { return static_cast<std::size_t>(i); }

/// Of one value: more than any.
constexpr Units kNone = Units{1} << 126;
constexpr int kSteps = 12;
constexpr std::size_t kMostRates = 2 * kSteps + 3;

}  // namespace

WeightedBounds::WeightedBounds(const Spec& spec, const Encoding& encoding, const RiskUnits& risks,
                               OptionLists& lists, const Box& ranges)
    : levels_(spec.mechanisms.size()) {
  const int n = spec.size();
  const auto pairs = at(pair_count(n));
  std::vector<Units> open_low(at(n), 0);
  std::vector<Units> open_high(at(n), 0);
  Units cost_span = 0;  // options may save something
  const auto explored = [&](Level l) { return l == 0 || spec.explored_mechanisms[l]; };
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < i; ++j) {
      const auto p = at(pair_index(i, j));
      Units least = kNone;
      Units most = 0;
      Units dearest = 0;
      Units farthest = 0;
      for (Level l = ranges.low[p]; l <= ranges.high[p]; ++l) {
        if (!explored(l)) continue;
        least = std::min(least, risks.openness[l]);
        most = std::max(most, risks.openness[l]);
        const Units gate = encoding.gate(pair_index(i, j), l);
        dearest = std::max(dearest, gate);
        farthest = std::max(farthest, gate < 0 ? -gate : gate);
      }
      if (least == kNone) {  // no level is left to them
        fits_ = false;
        return;
      }
      most_.cost += dearest;
      cost_span += farthest;
      for (const auto& [from, to] : {std::pair{i, j}, std::pair{j, i}}) {
        const Units weight = risks.weight[at(from * n + to)];
        open_low[at(from)] += weight * least;
        open_high[at(from)] += weight * most;
      }
    }
  }
  for (int i = 0; i < n; ++i) {
    Units dearest = 0;
    Units farthest = 0;
    Units exposed = 0;
    for (const auto& step : lists.all(i, {})) {
      dearest = std::max(dearest, step.cost);
      farthest = std::max(farthest, step.cost < 0 ? -step.cost : step.cost);
      exposed = std::max(exposed, step.exposure);
    }
    most_.cost += dearest;
    most_.risk += exposed * open_high[at(i)];
    cost_span += farthest;
  }
  choose_rates(static_cast<double>(cost_span), static_cast<double>(most_.risk));
  if (!fits_) return;

  const auto count = rates_.size();
  slope_.assign(at(n) * count, 0);
  std::vector<Units> at_low(count);
  std::vector<Units> at_high(count);
  for (int i = 0; i < n; ++i) {
    const Steps& steps = lists.of(i, {});
    if (steps.best.empty() || open_high[at(i)] == open_low[at(i)]) continue;
    phi(steps, open_low[at(i)], at_low.data());
    phi(steps, open_high[at(i)], at_high.data());
    for (std::size_t k = 0; k < count; ++k) {
      slope_[at(i) * count + k] = (at_high[k] - at_low[k]) / (open_high[at(i)] - open_low[at(i)]);
    }
  }
  pair_.assign(pairs * levels_ * count, 0);
  least_.assign(pairs * count, kNone);
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < i; ++j) {
      const auto p = at(pair_index(i, j));
      for (std::size_t l = 0; l < levels_; ++l) {
        for (std::size_t k = 0; k < count; ++k) {
          const auto level = static_cast<Level>(l);
          if (level < ranges.low[p] || level > ranges.high[p] || !explored(level)) continue;
          Units& value = pair_[(p * levels_ + l) * count + k];
          value = rates_[k].cost * encoding.gate(pair_index(i, j), static_cast<int>(l)) +
                  risks.openness[l] * (slope_[at(i) * count + k] * risks.weight[at(i * n + j)] +
                                       slope_[at(j) * count + k] * risks.weight[at(j * n + i)]);
          Units& least = least_[p * count + k];
          least = std::min(least, value);
        }
      }
    }
  }
}

void WeightedBounds::choose_rates(double cost_span, double risk_span) {
  // Along a frontier the exchange rate runs over many orders (scalarised.cc); a sixteenth is as
  // exact as it needs to be.
  constexpr double kFiner = 16;
  constexpr double kMost = 0x1p110;
  rates_.push_back({1, 0});
  if (cost_span > 0 && risk_span > 0) {
    // Products only: the same on every machine.
    constexpr double kStep = 1.7411011265922482;  // 2^0.8
    double ratio = cost_span / risk_span;
    for (int step = 0; step < kSteps; ++step) ratio /= kStep;
    for (int step = -kSteps; step <= kSteps; ++step, ratio *= kStep) {
      const double by_cost = ratio < 1 ? kFiner / ratio : kFiner;
      const double by_risk = ratio < 1 ? kFiner : kFiner * ratio;
      // A slope times an openness is at most a risk; a sum has three such terms.
      if (by_cost * cost_span + 3 * by_risk * risk_span > kMost) continue;
      rates_.push_back({static_cast<Units>(by_cost), static_cast<Units>(by_risk)});
    }
  }
  rates_.push_back({0, 1});
  fits_ = cost_span + 3 * risk_span <= kMost;
}

void WeightedBounds::look_for(const std::vector<Value>& stairs, std::optional<Units> most) {
  corners_.clear();
  Units risk = most_.risk;
  for (const Value& step : stairs) {
    corners_.push_back({step.cost - 1, risk});
    risk = step.risk - 1;
  }
  corners_.push_back({std::min(most.value_or(most_.cost), most_.cost), risk});
}

const Units* WeightedBounds::pair(std::size_t p, Level level) const {
  return pair_.data() + (p * levels_ + level) * rates_.size();
}

const Units* WeightedBounds::least(std::size_t p) const {
  return least_.data() + p * rates_.size();
}

void WeightedBounds::phi(const Steps& steps, Units openness, Units* least) const {
  const auto count = rates_.size();
  std::fill(least, least + count, kNone);
  for (const auto& line : steps.hull) {
    const Units risk = line.exposure * openness;
    for (std::size_t k = 0; k < count; ++k) {
      least[k] = std::min(least[k], rates_[k].cost * line.cost + rates_[k].risk * risk);
    }
  }
}

void WeightedBounds::own(int i, const Steps& steps, Units low, Units high, Units* least) const {
  const auto count = rates_.size();
  const Units* slope = slope_.data() + at(i) * count;
  std::array<Units, kMostRates> at_high;
  phi(steps, low, least);
  if (low == high) {
    for (std::size_t k = 0; k < count; ++k) least[k] -= slope[k] * low;
    return;
  }
  phi(steps, high, at_high.data());
  for (std::size_t k = 0; k < count; ++k) {
    least[k] = std::min(least[k] - slope[k] * low, at_high[k] - slope[k] * high);
  }
}

bool WeightedBounds::excludes(std::size_t rate, const Value& corner, const Units* bounds) const {
  return rates_[rate].cost * corner.cost + rates_[rate].risk * corner.risk < bounds[rate];
}

/// As in placement.cc, and not the same code: what confirms the search does not rest on it.
bool WeightedBounds::nothing_new(const Units* bounds, std::size_t& work) {
  // Cost alone and risk alone leave a run of corners.
  const Units least_cost = bounds[0];
  const Units least_risk = bounds[rates_.size() - 1];
  const auto first = std::partition_point(corners_.begin(), corners_.end(),
                                          [&](const Value& c) { return c.cost < least_cost; });
  const auto last = std::partition_point(first, corners_.end(),
                                         [&](const Value& c) { return c.risk >= least_risk; });
  // Neighbouring corners mostly fall to the same weighting.
  const auto excluded = [&](const Value& corner) {
    ++work;
    if (excludes(last_rate_, corner, bounds)) return true;
    for (std::size_t k = 0; k < rates_.size(); ++k) {
      ++work;
      if (!excludes(k, corner, bounds)) continue;
      last_rate_ = k;
      return true;
    }
    return false;
  };
  // And mostly together: what excludes a run's highest cost with its highest risk excludes it all.
  constexpr std::ptrdiff_t kRun = 16;
  for (auto run = first; run != last;) {
    const auto end = run + std::min(kRun, last - run);
    if (!excluded({std::prev(end)->cost, run->risk}) && !std::all_of(run, end, excluded)) {
      return false;
    }
    run = end;
  }
  return true;
}

}  // namespace flexos
