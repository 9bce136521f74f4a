#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "solver/layout.h"
#include "solver/placement.h"
#include "solver/tradeoff.h"

namespace flexos {

namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

struct Step {
  Units cost;
  Units risk;
  std::array<int, 2> option;
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
    if (!allowed || cut_short_) return;
    own_.reset();
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

  bool pause(std::int64_t /*nodes*/) override { return false; }

  bool least_risk_first() const override { return true; }

  /// Least risk first; within equal risk cheaper first.
  static bool safer(const Solution& a, const Solution& b) {
    return std::tie(a.risk, a.cost, a.rungs, a.options) <
           std::tie(b.risk, b.cost, b.rungs, b.options);
  }

  std::vector<Solution> take() { return best_; }
  /// Time was up in the middle of a layout.
  bool cut_short() const { return cut_short_; }

 private:
  bool full() const { return static_cast<int>(best_.size()) >= std::max(1, request_.top); }

  /// Is there no need to look at what leaves at least this risk?
  bool too_risky(Units risk) const {
    return (full() && risk > best_.back().risk) || (own_ && risk > own_->first);
  }

  void pick(int i, const std::vector<std::vector<Step>>& options,
            const std::vector<Units>& least_cost, const std::vector<Units>& least_risk,
            Solution& solution) {
    if ((++steps_ & 4095) == 0 && request_.deadline.passed()) cut_short_ = true;
    if (cut_short_) return;
    const std::pair least{solution.risk + least_risk[at(i)], solution.cost + least_cost[at(i)]};
    if (in_.budget >= 0 && least.second > in_.budget) return;
    if (too_risky(least.first) || (own_ && least >= *own_)) return;
    if (i == in_.n) {
      keep(solution);
      return;
    }
    for (const Step& s : options[at(i)]) {
      if (too_risky(solution.risk + s.risk + least_risk[at(i) + 1])) break;
      solution.cost += s.cost;
      solution.risk += s.risk;
      solution.options[at(i)] = s.option;
      pick(i + 1, options, least_cost, least_risk, solution);
      solution.cost -= s.cost;
      solution.risk -= s.risk;
    }
  }

  void keep(const Solution& solution) {
    if (request_.one_per_layout) own_ = {solution.risk, solution.cost};
    if (full() && !safer(solution, best_.back())) return;
    if (request_.one_per_layout) {
      const auto twin = std::find_if(best_.begin(), best_.end(),
                                     [&](const Solution& s) { return s.rungs == solution.rungs; });
      if (twin != best_.end()) {
        if (!safer(solution, *twin)) return;
        best_.erase(twin);
      }
    }
    const auto place = std::lower_bound(best_.begin(), best_.end(), solution, safer);
    // A good start is met again on the way.
    if (place != best_.end() && !safer(solution, *place)) return;
    best_.insert(place, solution);
    if (static_cast<int>(best_.size()) > std::max(1, request_.top)) best_.pop_back();
    refresh();
  }

  void refresh() {
    constexpr double kFar = 1e300;
    const double cost = in_.budget >= 0 ? static_cast<double>(in_.budget) : kFar;
    const double risk = full() ? static_cast<double>(best_.back().risk) - 0.5 : kFar;
    corners_.clear();
    // Equal risk at a lower cost is better too.
    if (full()) {
      corners_.push_back(
          {static_cast<double>(best_.back().cost) - 0.5, static_cast<double>(best_.back().risk)});
    }
    corners_.push_back({cost, risk});
  }

  const Instance& in_;
  const SearchRequest& request_;
  std::vector<Solution> best_;
  std::vector<Corner> corners_;
  std::optional<std::pair<Units, Units>> own_;  ///< with one a layout: (risk, cost) of this one's
  std::int64_t steps_ = 0;
  bool cut_short_ = false;
};

}  // namespace

SearchResult least_risk(const Instance& instance, const SearchRequest& request) {
  LeastRiskGoal goal(instance, request);
  SearchResult result;
  if (const auto start = cheapest_layout(instance, request.deadline)) goal.layout(*start);
  constexpr int kMostNested = 8;
  Placement placement(instance, goal, request.deadline, kMostNested);
  placement.run();
  result.solutions = goal.take();
  result.complete = !placement.stopped() && !goal.cut_short();
  result.exhausted =
      result.complete && static_cast<int>(result.solutions.size()) < std::max(1, request.top);
  result.stats.nodes = placement.nodes();
  return result;
}

}  // namespace flexos
