#include "solver/tradeoff.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "solver/layout.h"
#include "solver/pool.h"
#include "solver/scalarised.h"

/// The frontier of cost against risk.
///
/// The problem. Risk is a sum of products: exposure of the attacker's option times openness of the
/// level. With the layout fixed it is additive over components, so that a layout's frontier is a
/// Minkowski sum of n small staircases; with the layout open it is not, and thousands of points
/// are non-dominated, most of them not on the convex hull, so that neither weighted sums nor a
/// budget moved step by step (naive epsilon constraint, which stalls at 8 components) will do.
///
/// The idea. Components are placed one by one into the nesting. For a handful of exchange rates
/// lambda each node has a bound on cost + lambda * risk (scalarised.h); together these bounds
/// enclose all that the subtree can reach in a convex region. The subtree is cut when no corner of
/// the archive's staircase, i.e. no place where a new non-dominated point could be, lies in that
/// region. Layouts met at the leaves add their Minkowski sums, in exact integers. The bounds are
/// in floating point with a margin far above its error, so they only ever prune what is surely out.
namespace flexos {

namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

struct Corner {
  double cost;
  double risk;
};

/// What a leaf does with its layout, and where something new could still be.
class Goal {
 public:
  virtual ~Goal() = default;
  virtual const std::vector<Corner>& corners() = 0;
  virtual void layout(const std::vector<Rung>& rungs) = 0;
};

/// Depth-first placement of components.
class Placement {
 public:
  Placement(const Instance& instance, Goal& goal, const Deadline& deadline)
      : in_(instance), goal_(goal), deadline_(deadline), bounds_(instance) {
    order_ = bounds_.order();
    rungs_.assign(in_.pairs(), 0);
    classes_.resize(at(in_.n));
    for (int i = 0; i < in_.n; ++i) classes_[at(i)] = in_.all_classes(i);
  }

  const Scalarised& bounds() const { return bounds_; }
  std::int64_t nodes() const { return nodes_; }
  bool stopped() const { return stopped_; }

  void run() {
    if (in_.infeasible) return;
    for (int i = 0; i < in_.n; ++i) {
      if (classes_[at(i)] == 0) return;
    }
    descend(1);
  }

 private:
  Rung rung(int i, int j) const { return rungs_[at(pair_index(i, j))]; }

  struct Place {
    int beside;
    Rung rung;
    double merit;
  };

  void descend(int placed) {
    ++nodes_;
    if (stopped_ || ((nodes_ & 255) == 0 && deadline_.passed())) {
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

  void put(int placed, int next, int beside, Rung r) {
    for (int b = 0; b < placed; ++b) {
      const int k = order_[at(b)];
      rungs_[at(pair_index(next, k))] = k == beside ? r : std::max(r, rung(beside, k));
    }
  }

  void consider(int placed, int next, int beside, Rung r, std::vector<Place>& places) const {
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
  bool counts_possible(int placed) const {
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

  bool nothing_new(const Scalarised::Bound& bound) {
    const auto& rates = bounds_.rates();
    for (const Corner& corner : goal_.corners()) {
      bool reachable = true;
      for (std::size_t k = 0; k < rates.size() && reachable; ++k) {
        reachable = rates[k].cost * corner.cost + rates[k].risk * corner.risk >= bound.scalar[k];
      }
      if (reachable) return false;
    }
    return true;
  }

  const Instance& in_;
  Goal& goal_;
  const Deadline& deadline_;
  Scalarised bounds_;
  std::vector<int> order_;
  std::vector<Rung> rungs_;
  std::vector<ClassMask> classes_;
  std::int64_t nodes_ = 0;
  bool stopped_ = false;
};

/// All options of a layout as per-component staircases of (cost, risk).
struct Step {
  Units cost;
  Units risk;
  std::array<int, 2> option;
};

std::vector<std::vector<Step>> staircases(const Instance& in, const std::vector<Rung>& rungs,
                                          const std::vector<ClassMask>& allowed) {
  std::vector<std::vector<Step>> result(at(in.n));
  for (int i = 0; i < in.n; ++i) {
    Units open = 0;
    for (int v = 0; v < in.n; ++v) {
      if (v != i) open += in.weight[at(i * in.n + v)] * in.openness[rungs[at(pair_index(i, v))]];
    }
    std::vector<Step> steps;
    for (std::size_t c = 0; c < in.classes[at(i)].size(); ++c) {
      if ((allowed[at(i)] >> c & 1U) == 0) continue;
      for (std::size_t o = 0; o < in.classes[at(i)][c].options.size(); ++o) {
        const Option& option = in.classes[at(i)][c].options[o];
        steps.push_back(
            {option.cost, open * option.exposure, {static_cast<int>(c), static_cast<int>(o)}});
      }
    }
    std::sort(steps.begin(), steps.end(), [](const Step& a, const Step& b) {
      return std::tie(a.cost, a.risk, a.option) < std::tie(b.cost, b.risk, b.option);
    });
    for (const Step& s : steps) {
      if (result[at(i)].empty() || s.risk < result[at(i)].back().risk) result[at(i)].push_back(s);
    }
  }
  return result;
}

class FrontierGoal : public Goal {
 public:
  FrontierGoal(const Instance& instance, const TradeoffRequest& request)
      : in_(instance), request_(request) {
    refresh();
  }

  const std::vector<Corner>& corners() override {
    if (stale_) refresh();
    return corners_;
  }

  void layout(const std::vector<Rung>& rungs) override {
    const auto allowed = classes_of_layout(in_, rungs);
    if (!allowed) return;
    const auto stairs = staircases(in_, rungs, *allowed);
    // Partial sums, cheapest first, none dominated by another; each remembers its picks.
    struct Partial {
      Units cost;
      Units risk;
      int from;
      int pick;
    };
    std::vector<std::vector<Partial>> stages(at(in_.n) + 1);
    Units gates = 0;
    for (std::size_t p = 0; p < in_.pairs(); ++p) gates += in_.gate[p][rungs[p]];
    stages[0].push_back({gates, 0, -1, -1});
    // What the components still to come add at least.
    std::vector<Units> least_cost(at(in_.n) + 1, 0);
    std::vector<Units> least_risk(at(in_.n) + 1, 0);
    for (int i = in_.n - 1; i >= 0; --i) {
      least_cost[at(i)] = least_cost[at(i) + 1] + stairs[at(i)].front().cost;
      least_risk[at(i)] = least_risk[at(i) + 1] + stairs[at(i)].back().risk;
    }
    for (int i = 0; i < in_.n; ++i) {
      std::vector<Partial> sums;
      const auto& from = stages[at(i)];
      sums.reserve(from.size() * stairs[at(i)].size());
      for (std::size_t f = 0; f < from.size(); ++f) {
        for (std::size_t s = 0; s < stairs[at(i)].size(); ++s) {
          const Units cost = from[f].cost + stairs[at(i)][s].cost;
          if (in_.budget >= 0 && cost + least_cost[at(i) + 1] > in_.budget) break;
          sums.push_back({cost, from[f].risk + stairs[at(i)][s].risk, static_cast<int>(f),
                          static_cast<int>(s)});
        }
      }
      std::sort(sums.begin(), sums.end(), [](const Partial& a, const Partial& b) {
        return std::tie(a.cost, a.risk, a.from, a.pick) < std::tie(b.cost, b.risk, b.from, b.pick);
      });
      auto& kept = stages[at(i) + 1];
      for (const Partial& s : sums) {
        if (!kept.empty() && s.risk >= kept.back().risk) continue;
        if (archive_.dominates(s.cost + least_cost[at(i) + 1], s.risk + least_risk[at(i) + 1])) {
          continue;
        }
        kept.push_back(s);
      }
      if (kept.empty()) return;
    }
    bool changed = false;
    for (const Partial& end : stages[at(in_.n)]) {
      if (archive_.dominates(end.cost, end.risk)) continue;
      Solution solution{rungs, std::vector<std::array<int, 2>>(at(in_.n)), end.cost, end.risk};
      const Partial* step = &end;
      for (int i = in_.n - 1; i >= 0; --i) {
        solution.options[at(i)] = stairs[at(i)][at(step->pick)].option;
        step = &stages[at(i)][at(step->from)];
      }
      changed |= archive_.offer(solution);
    }
    stale_ |= changed;
  }

  const Archive& archive() const { return archive_; }

 private:
  /// Places where a new point could be: strictly better than both neighbours on the staircase.
  void refresh() {
    corners_.clear();
    constexpr double kFar = 1e300;
    double risk_above = kFar;
    for (const Solution& s : archive_.points()) {
      corners_.push_back({below(static_cast<double>(s.cost)), risk_above});
      risk_above = below(static_cast<double>(s.risk));
    }
    corners_.push_back({in_.budget >= 0 ? static_cast<double>(in_.budget) : kFar, risk_above});
    stale_ = false;
  }

  /// A new point must be better by one unit; the bounds carry the floating-point margin.
  static double below(double value) { return value - 0.5; }

  const Instance& in_;
  const TradeoffRequest& request_;
  Archive archive_;
  std::vector<Corner> corners_;
  bool stale_ = false;
};

class LeastRiskGoal : public Goal {
 public:
  LeastRiskGoal(const Instance& instance, const SearchRequest& request)
      : in_(instance), request_(request) {
    refresh();
  }

  const std::vector<Corner>& corners() override { return corners_; }

  void layout(const std::vector<Rung>& rungs) override {
    const auto allowed = classes_of_layout(in_, rungs);
    if (!allowed) return;
    // All sums in order of (risk, cost), depth first with the least that is still to come.
    std::vector<std::vector<Step>> options(at(in_.n));
    for (int i = 0; i < in_.n; ++i) {
      Units open = 0;
      for (int v = 0; v < in_.n; ++v) {
        if (v != i) {
          open += in_.weight[at(i * in_.n + v)] * in_.openness[rungs[at(pair_index(i, v))]];
        }
      }
      for (std::size_t c = 0; c < in_.classes[at(i)].size(); ++c) {
        if (((*allowed)[at(i)] >> c & 1U) == 0) continue;
        for (std::size_t o = 0; o < in_.classes[at(i)][c].options.size(); ++o) {
          const Option& option = in_.classes[at(i)][c].options[o];
          options[at(i)].push_back(
              {option.cost, open * option.exposure, {static_cast<int>(c), static_cast<int>(o)}});
        }
      }
      std::sort(options[at(i)].begin(), options[at(i)].end(), [](const Step& a, const Step& b) {
        return std::tie(a.risk, a.cost, a.option) < std::tie(b.risk, b.cost, b.option);
      });
    }
    std::vector<Units> least_cost(at(in_.n) + 1, 0);
    std::vector<Units> least_risk(at(in_.n) + 1, 0);
    for (int i = in_.n - 1; i >= 0; --i) {
      Units cheapest = options[at(i)].front().cost;
      for (const Step& s : options[at(i)]) cheapest = std::min(cheapest, s.cost);
      least_cost[at(i)] = least_cost[at(i) + 1] + cheapest;
      least_risk[at(i)] = least_risk[at(i) + 1] + options[at(i)].front().risk;
    }
    Solution solution{rungs, std::vector<std::array<int, 2>>(at(in_.n)), 0, 0};
    for (std::size_t p = 0; p < in_.pairs(); ++p) solution.cost += in_.gate[p][rungs[p]];
    pick(0, options, least_cost, least_risk, solution);
  }

  /// Least risk first; within equal risk cheaper first.
  static bool safer(const Solution& a, const Solution& b) {
    return std::tie(a.risk, a.cost, a.rungs, a.options) <
           std::tie(b.risk, b.cost, b.rungs, b.options);
  }

  std::vector<Solution> take() { return best_; }

 private:
  bool full() const { return static_cast<int>(best_.size()) >= std::max(1, request_.top); }

  void pick(int i, const std::vector<std::vector<Step>>& options,
            const std::vector<Units>& least_cost, const std::vector<Units>& least_risk,
            Solution& solution) {
    if (in_.budget >= 0 && solution.cost + least_cost[at(i)] > in_.budget) return;
    if (full() && solution.risk + least_risk[at(i)] > best_.back().risk) return;
    if (i == in_.n) {
      keep(solution);
      return;
    }
    for (const Step& s : options[at(i)]) {
      if (full() && solution.risk + s.risk + least_risk[at(i) + 1] > best_.back().risk) break;
      solution.cost += s.cost;
      solution.risk += s.risk;
      solution.options[at(i)] = s.option;
      pick(i + 1, options, least_cost, least_risk, solution);
      solution.cost -= s.cost;
      solution.risk -= s.risk;
    }
  }

  void keep(const Solution& solution) {
    if (full() && !safer(solution, best_.back())) return;
    if (request_.one_per_layout) {
      const auto twin = std::find_if(best_.begin(), best_.end(),
                                     [&](const Solution& s) { return s.rungs == solution.rungs; });
      if (twin != best_.end()) {
        if (!safer(solution, *twin)) return;
        best_.erase(twin);
      }
    }
    best_.insert(std::lower_bound(best_.begin(), best_.end(), solution, safer), solution);
    if (static_cast<int>(best_.size()) > std::max(1, request_.top)) best_.pop_back();
    refresh();
  }

  void refresh() {
    constexpr double kFar = 1e300;
    const double cost = in_.budget >= 0 ? static_cast<double>(in_.budget) : kFar;
    const double risk = full() ? static_cast<double>(best_.back().risk) - 0.5 : kFar;
    corners_.assign(1, {cost, risk});
  }

  const Instance& in_;
  const SearchRequest& request_;
  std::vector<Solution> best_;
  std::vector<Corner> corners_;
};

}  // namespace

bool Archive::dominates(Units cost, Units risk) const {
  // The last point that is not dearer has the least risk among those.
  const auto next = std::upper_bound(points_.begin(), points_.end(), cost,
                                     [](Units c, const Solution& s) { return c < s.cost; });
  return next != points_.begin() && std::prev(next)->risk <= risk;
}

bool Archive::offer(const Solution& solution) {
  if (dominates(solution.cost, solution.risk)) return false;
  auto first = std::lower_bound(points_.begin(), points_.end(), solution.cost,
                                [](const Solution& s, Units c) { return s.cost < c; });
  auto last = first;
  while (last != points_.end() && last->risk >= solution.risk) ++last;
  first = points_.erase(first, last);
  points_.insert(first, solution);
  return true;
}

TradeoffResult tradeoff(const Instance& instance, const TradeoffRequest& request) {
  FrontierGoal goal(instance, request);
  Placement placement(instance, goal, request.deadline);
  for (const auto& rungs : placement.bounds().seeds()) {
    if (within_limits(instance, rungs)) goal.layout(rungs);
  }
  placement.run();
  return {goal.archive().points(), !placement.stopped(), placement.nodes()};
}

SearchResult least_risk(const Instance& instance, const SearchRequest& request) {
  LeastRiskGoal goal(instance, request);
  Placement placement(instance, goal, request.deadline);
  for (const auto& rungs : placement.bounds().seeds()) {
    if (within_limits(instance, rungs)) goal.layout(rungs);
  }
  placement.run();
  SearchResult result;
  result.solutions = goal.take();
  result.complete = !placement.stopped();
  result.exhausted =
      result.complete && static_cast<int>(result.solutions.size()) < std::max(1, request.top);
  result.stats.nodes = placement.nodes();
  return result;
}

}  // namespace flexos
