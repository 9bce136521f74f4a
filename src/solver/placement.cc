#include "solver/placement.h"

#include <algorithm>
#include <tuple>

namespace flexos {

namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

}  // namespace

Placement::Placement(const Instance& instance, Goal& goal, const Deadline& deadline,
                     int most_nested)
    : in_(instance), goal_(goal), deadline_(deadline), bounds_(instance, most_nested) {
  order_ = bounds_.order();
  rungs_.assign(in_.pairs(), 0);
  places_.resize(at(in_.n) + 1);
  above_.resize(at(in_.n) + 1);
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
  bounds_.follow(places_[at(placed) - 1], rungs_, placed, places_[at(placed)]);
  bounds_.bound(classes_, placed, places_[at(placed)], bound_);
  if (!bound_.feasible) return;
  // Most nodes fall to what their parent knew already.
  const std::vector<double>& known = above_[at(placed) - 1];
  for (std::size_t k = 0; k < known.size(); ++k) bound_.scalar[k] += known[k];
  if (nothing_new(bound_.scalar)) return;
  std::vector<double>& now = above_[at(placed)];
  bounds_.narrow(rungs_, classes_, placed, now);
  for (std::size_t k = 0; k < now.size(); ++k) {
    bound_.scalar[k] += now[k] - (known.empty() ? 0.0 : known[k]);
  }
  if (nothing_new(bound_.scalar)) return;
  if (placed == in_.n) {
    if (within_limits(in_, rungs_)) goal_.layout(rungs_);
    return;
  }
  if (nothing_below(placed)) return;
  const int next = order_[at(placed)];
  auto choices = bounds_.choices(places_[at(placed)], placed);
  for (Scalarised::Choice& choice : choices) {
    for (std::size_t k = 0; k < choice.added.size(); ++k) {
      choice.added[k] += bound_.scalar[k] - bound_.next[k];
    }
    if (goal_.least_risk_first()) choice.merit = choice.added.back();
  }
  std::sort(choices.begin(), choices.end(), [](const auto& a, const auto& b) {
    return std::tie(a.merit, a.place.beside, a.place.rung) <
           std::tie(b.merit, b.place.beside, b.place.rung);
  });
  const std::vector<ClassMask> before = classes_;
  for (const Scalarised::Choice& choice : choices) {
    if (nothing_new(choice.added)) continue;
    put(placed, next, choice.place.beside, choice.place.rung);
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

bool Placement::nothing_below(int placed) {
  if (!goal_.asks_of_boxes()) return false;
  box_.low = in_.lower;
  box_.high = in_.upper;
  for (int a = 0; a < placed; ++a) {
    for (int b = 0; b < a; ++b) {
      const auto p = at(pair_index(order_[at(a)], order_[at(b)]));
      box_.low[p] = box_.high[p] = rungs_[p];
    }
  }
  return goal_.nothing_in(box_);
}

void Placement::put(int placed, int next, int beside, Rung r) {
  for (int b = 0; b < placed; ++b) {
    const int k = order_[at(b)];
    rungs_[at(pair_index(next, k))] = k == beside ? r : std::max(r, rung(beside, k));
  }
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

bool Placement::nothing_new(const std::vector<double>& bound) {
  const auto& rates = bounds_.rates();
  const std::vector<Corner>& corners = goal_.corners();
  // By rising cost and falling risk: the first and last rate, cost alone and risk alone, leave a
  // run of corners.
  const auto first = std::partition_point(corners.begin(), corners.end(),
                                          [&](const Corner& c) { return c.cost < bound.front(); });
  const auto last = std::partition_point(first, corners.end(),
                                         [&](const Corner& c) { return c.risk >= bound.back(); });
  // Neighbouring corners mostly fall to the same rate.
  const auto excluded = [&](const Corner& corner) {
    const auto by = [&](std::size_t k) {
      return rates[k].cost * corner.cost + rates[k].risk * corner.risk < bound[k];
    };
    if (by(last_rate_)) return true;
    for (std::size_t k = 1; k + 1 < rates.size(); ++k) {
      if (!by(k)) continue;
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

std::optional<std::vector<Rung>> cheapest_layout(const Instance& instance,
                                                 const Deadline& deadline) {
  SearchRequest request;
  request.deadline = deadline;
  SearchResult found = search(instance, request);
  if (found.solutions.empty()) return std::nullopt;
  return std::move(found.solutions.front().rungs);
}

}  // namespace flexos
