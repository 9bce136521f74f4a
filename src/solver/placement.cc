#include "solver/placement.h"

#include <algorithm>
#include <tuple>

namespace flexos {

namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

}  // namespace

Placement::Placement(const Instance& instance, Goal& goal, const Deadline& deadline)
    : in_(instance), goal_(goal), deadline_(deadline), bounds_(instance) {
  order_ = bounds_.order();
  rungs_.assign(in_.pairs(), 0);
  classes_.resize(at(in_.n));
  for (int i = 0; i < in_.n; ++i) classes_[at(i)] = in_.all_classes(i);
}

void Placement::run() {
  if (in_.infeasible) return;
  for (int i = 0; i < in_.n; ++i) {
    if (classes_[at(i)] == 0) return;
  }
  for (const auto& rungs : bounds_.seeds()) {
    if (within_limits(in_, rungs)) goal_.layout(rungs);
  }
  descend(1);
}

void Placement::descend(int placed) {
  ++nodes_;
  if (stopped_ || ((nodes_ & 255) == 0 && (deadline_.passed() || goal_.pause(nodes_)))) {
    stopped_ = true;
    return;
  }
  if (placed > 1) {
    const Scalarised::Bound bound = bounds_.bound(rungs_, classes_, placed);
    if (!bound.feasible || nothing_new(bound)) return;
  }
  if (placed == in_.n) {
    if (within_limits(in_, rungs_)) goal_.layout(rungs_);
    return;
  }
  const int next = order_[at(placed)];
  std::vector<Place> places;
  for (int b = 0; b < placed; ++b) {
    const int beside = order_[at(b)];
    for (Rung r = 0; r <= in_.top_rung(); ++r) {
      bool repeated = false;
      for (int k = 0; k < b && !repeated; ++k) repeated = rung(beside, order_[at(k)]) <= r;
      if (!repeated) consider(placed, next, beside, r, places);
    }
  }
  std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) {
    return std::tie(a.merit, a.beside, a.rung) < std::tie(b.merit, b.beside, b.rung);
  });
  const std::vector<ClassMask> before = classes_;
  for (const Place& place : places) {
    put(placed, next, place.beside, place.rung);
    bool possible = true;
    for (int b = 0; b < placed && possible; ++b) {
      const int k = order_[at(b)];
      if (rung(next, k) != 0) continue;
      classes_[at(next)] &= in_.co_resident[at(next * in_.n + k)];
      classes_[at(k)] &= in_.co_resident[at(k * in_.n + next)];
      possible = classes_[at(next)] != 0 && classes_[at(k)] != 0;
    }
    if (possible && counts_possible(placed + 1)) descend(placed + 1);
    classes_ = before;
    if (stopped_) return;
  }
}

void Placement::put(int placed, int next, int beside, Rung r) {
  for (int b = 0; b < placed; ++b) {
    const int k = order_[at(b)];
    rungs_[at(pair_index(next, k))] = k == beside ? r : std::max(r, rung(beside, k));
  }
}

void Placement::consider(int placed, int next, int beside, Rung r,
                         std::vector<Place>& places) const {
  double merit = 0;
  for (int b = 0; b < placed; ++b) {
    const int k = order_[at(b)];
    const auto p = at(pair_index(next, k));
    const Rung to = k == beside ? r : std::max(r, rung(beside, k));
    if (to < in_.lower[p] || to > in_.upper[p]) return;
    merit += bounds_.merit(next, k, to);
  }
  places.push_back({beside, r, merit});
}

/// VMs only grow in number; keys too, within an address space that stays what it is.
bool Placement::counts_possible(int placed) const {
  if (in_.vms == 0 && in_.n <= in_.keys) return true;
  std::vector<int> compartments(at(in_.n), 0);
  int vms = 0;
  for (int a = 0; a < placed; ++a) {
    bool opens = true;
    bool opens_vm = true;
    int space = a;
    for (int b = a - 1; b >= 0; --b) {
      const Rung level = rung(order_[at(a)], order_[at(b)]);
      if (level == 0) opens = false;
      if (level < in_.address_space_rungs) space = b;
      if (level < in_.vm_rungs) opens_vm = false;
    }
    if (opens && ++compartments[at(space)] > in_.keys) return false;
    if (opens_vm) ++vms;
  }
  return in_.vms == 0 || vms <= in_.vms;
}

bool Placement::nothing_new(const Scalarised::Bound& bound) {
  const auto& rates = bounds_.rates();
  const std::vector<Corner>& corners = goal_.corners();
  // By rising cost and falling risk: the first and last rate, cost alone and risk alone, leave a
  // run of corners.
  const auto first = std::partition_point(corners.begin(), corners.end(), [&](const Corner& c) {
    return c.cost < bound.scalar.front();
  });
  const auto last = std::partition_point(
      first, corners.end(), [&](const Corner& c) { return c.risk >= bound.scalar.back(); });
  for (auto corner = first; corner != last; ++corner) {
    const auto excluded_by = [&](std::size_t k) {
      return rates[k].cost * corner->cost + rates[k].risk * corner->risk < bound.scalar[k];
    };
    // Neighbouring corners mostly fall to the same rate.
    bool excluded = excluded_by(last_rate_);
    for (std::size_t k = 1; k + 1 < rates.size() && !excluded; ++k) {
      excluded = excluded_by(k);
      if (excluded) last_rate_ = k;
    }
    if (!excluded) return false;
  }
  return true;
}

}  // namespace flexos
