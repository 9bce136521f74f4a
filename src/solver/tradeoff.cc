#include "solver/tradeoff.h"

#include <algorithm>
#include <tuple>

#include "solver/layout.h"
#include "solver/placement.h"

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
    if (cut_short_ && !archive_.points().empty()) return;
    const auto allowed = classes_of_layout(in_, rungs);
    if (!allowed) return;
    const auto stairs = staircases(in_, rungs, *allowed);
    if (cut_short_) {
      offer_cheapest(rungs, stairs);
      return;
    }
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
      if (request_.deadline.passed()) {
        cut_short_ = true;
        if (archive_.points().empty()) offer_cheapest(rungs, stairs);
        return;
      }
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
      sums_ += static_cast<std::int64_t>(sums.size());
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

  bool pause(std::int64_t nodes) override {
    if (request_.progress && nodes % 65536 == 0) {
      request_.progress(archive_.points().size(), nodes);
    }
    return false;
  }

  const Archive& archive() const { return archive_; }
  /// Time was up in the middle of a layout.
  bool cut_short() const { return cut_short_; }
  std::int64_t sums() const { return sums_; }

 private:
  /// Better than nothing, where there is no time for a layout's frontier.
  void offer_cheapest(const std::vector<Rung>& rungs,
                      const std::vector<std::vector<Step>>& stairs) {
    Solution solution{rungs, std::vector<std::array<int, 2>>(at(in_.n)), 0, 0};
    for (std::size_t p = 0; p < in_.pairs(); ++p) solution.cost += in_.gate[p][rungs[p]];
    for (int i = 0; i < in_.n; ++i) {
      const Step& step = stairs[at(i)].front();
      solution.options[at(i)] = step.option;
      solution.cost += step.cost;
      solution.risk += step.risk;
    }
    if (in_.budget < 0 || solution.cost <= in_.budget) stale_ |= archive_.offer(solution);
  }

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
  std::int64_t sums_ = 0;
  bool stale_ = false;
  bool cut_short_ = false;
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
  placement.run();
  TradeoffResult result;
  result.points = goal.archive().points();
  result.complete = result.exact = !placement.stopped() && !goal.cut_short();
  result.nodes = placement.nodes();
  result.sums = goal.sums();
  return result;
}

}  // namespace flexos
