#include <algorithm>
#include <limits>
#include <tuple>

#include "solver/domain.h"
#include "solver/layout.h"
#include "solver/placement.h"
#include "solver/tradeoff.h"

/// The maximal elements of the safety order within the budget: "the safest you can afford".
///
/// The problem. Safety is a product order; what cannot be made safer in any coordinate without
/// leaving the budget is maximal, and there are as many such elements as maximal packings of a
/// knapsack: all of them for small systems, the least risky of them for larger ones.
///
/// The idea. Layouts come from the placement search. In a layout, option sets are maximal iff no
/// single component can take a stronger option within what is left of the budget; a depth-first
/// choice cuts what would leave too much. What is left and is not below a known element climbs: as
/// long as something strictly safer is affordable, go there. "Strictly safer" is asked coordinate
/// by coordinate (some pair one rung up, some component's option stronger), a cheapest-solution
/// search each, most of which the sum of the cheapest parts already answers with no.
namespace flexos {

namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

struct Choice {
  Units cost;
  Units risk;
  std::array<int, 2> option;
  Units upgrade;  ///< least extra cost of a strictly stronger option; -1 = there is none
};

class MaximalGoal : public Goal {
 public:
  MaximalGoal(const Instance& instance, const MaximalRequest& request)
      : in_(instance), request_(request) {
    refresh();
  }

  const std::vector<Corner>& corners() override { return corners_; }

  bool pause(std::int64_t nodes) override {
    return request_.effort > 0 && nodes + looked_at_ > request_.effort;
  }

  void layout(const std::vector<Rung>& rungs) override {
    if (gave_up_) return;
    const auto allowed = classes_of_layout(in_, rungs);
    if (!allowed) return;
    choices_.assign(at(in_.n), {});
    for (int i = 0; i < in_.n; ++i) list_choices(i, rungs, (*allowed)[at(i)]);
    dearest_.assign(at(in_.n) + 1, 0);
    cheapest_.assign(at(in_.n) + 1, 0);
    least_risk_.assign(at(in_.n) + 1, 0);
    for (int i = in_.n - 1; i >= 0; --i) {
      Units most = choices_[at(i)].front().cost;
      Units least = most;
      for (const Choice& c : choices_[at(i)]) {
        most = std::max(most, c.cost);
        least = std::min(least, c.cost);
      }
      dearest_[at(i)] = dearest_[at(i) + 1] + most;
      cheapest_[at(i)] = cheapest_[at(i) + 1] + least;
      least_risk_[at(i)] = least_risk_[at(i) + 1] + choices_[at(i)].front().risk;
    }
    Solution solution{rungs, std::vector<std::array<int, 2>>(at(in_.n)), 0, 0};
    for (std::size_t p = 0; p < in_.pairs(); ++p) solution.cost += in_.gate[p][rungs[p]];
    pick(0, -1, solution);
  }

  const std::vector<Solution>& elements() const { return kept_; }
  bool everything() const { return !dropped_ && !gave_up_; }
  bool gave_up() const { return gave_up_; }
  bool unfinished() const { return unfinished_; }

 private:
  const Option& option(int i, const std::array<int, 2>& which) const {
    return in_.classes[at(i)][at(which[0])].options[at(which[1])];
  }

  void list_choices(int i, const std::vector<Rung>& rungs, ClassMask allowed) {
    Units open = 0;
    for (int v = 0; v < in_.n; ++v) {
      if (v != i) open += in_.weight[at(i * in_.n + v)] * in_.openness[rungs[at(pair_index(i, v))]];
    }
    auto& list = choices_[at(i)];
    for (std::size_t c = 0; c < in_.classes[at(i)].size(); ++c) {
      if ((allowed >> c & 1U) == 0) continue;
      for (std::size_t o = 0; o < in_.classes[at(i)][c].options.size(); ++o) {
        const Option& candidate = in_.classes[at(i)][c].options[o];
        list.push_back({candidate.cost,
                        open * candidate.exposure,
                        {static_cast<int>(c), static_cast<int>(o)},
                        -1});
      }
    }
    for (Choice& low : list) {
      for (const Choice& high : list) {
        if (high.option == low.option) continue;
        if (!request_.option_at_least(i, option(i, high.option), option(i, low.option))) continue;
        const Units extra = std::max(Units{0}, high.cost - low.cost);
        if (low.upgrade < 0 || extra < low.upgrade) low.upgrade = extra;
      }
    }
    std::sort(list.begin(), list.end(), [](const Choice& a, const Choice& b) {
      return std::tie(a.risk, a.cost, a.option) < std::tie(b.risk, b.cost, b.option);
    });
  }

  bool full() const { return !kept_.empty() && static_cast<int>(kept_.size()) >= request_.limit; }

  /// `upgrade`: the least that strengthening one of the components chosen so far would cost.
  void pick(int i, Units upgrade, Solution& solution) {
    ++looked_at_;
    if (request_.effort > 0 && looked_at_ > request_.effort) {
      gave_up_ = true;
      return;
    }
    if ((looked_at_ & 1023) == 0 && request_.deadline.passed()) {
      gave_up_ = true;
      return;
    }
    if (in_.budget >= 0 && solution.cost + cheapest_[at(i)] > in_.budget) return;
    if (full() && solution.risk + least_risk_[at(i)] > kept_.back().risk) {
      dropped_ = true;
      return;
    }
    // However dear the rest becomes, something chosen could still be stronger.
    if (upgrade >= 0 &&
        (in_.budget < 0 || solution.cost + dearest_[at(i)] + upgrade <= in_.budget)) {
      return;
    }
    if (i == in_.n) {
      candidate(solution);
      return;
    }
    for (const Choice& c : choices_[at(i)]) {
      const Units next = c.upgrade < 0 ? upgrade
                         : upgrade < 0 ? c.upgrade
                                       : std::min(upgrade, c.upgrade);
      solution.cost += c.cost;
      solution.risk += c.risk;
      solution.options[at(i)] = c.option;
      pick(i + 1, next, solution);
      solution.cost -= c.cost;
      solution.risk -= c.risk;
      if (gave_up_) return;
    }
  }

  bool at_least(const Solution& b, const Solution& a) const {
    for (std::size_t p = 0; p < a.rungs.size(); ++p) {
      if (b.rungs[p] < a.rungs[p]) return false;
    }
    for (int i = 0; i < in_.n; ++i) {
      if (a.options[at(i)] != b.options[at(i)] &&
          !request_.option_at_least(i, option(i, b.options[at(i)]), option(i, a.options[at(i)]))) {
        return false;
      }
    }
    return true;
  }

  void candidate(const Solution& solution) {
    for (const Solution& m : known_) {
      if (at_least(m, solution)) return;
    }
    Solution top = solution;
    while (const auto higher = safer(top)) top = *higher;
    // Cut short, the climb may have stopped below something.
    if (request_.deadline.passed()) {
      gave_up_ = true;
      if (!kept_.empty()) return;
      unfinished_ = true;
    }
    known_.push_back(top);
    const auto before = [](const Solution& a, const Solution& b) {
      return std::tie(a.risk, a.cost, a.rungs, a.options) <
             std::tie(b.risk, b.cost, b.rungs, b.options);
    };
    kept_.insert(std::lower_bound(kept_.begin(), kept_.end(), top, before), top);
    if (static_cast<int>(kept_.size()) > request_.limit) {
      kept_.pop_back();
      dropped_ = true;
    }
    refresh();
  }

  /// An admissible solution strictly above `low`; nullopt: there is none, or time is up.
  std::optional<Solution> safer(const Solution& low) const {
    for (std::size_t p = 0; p < in_.pairs(); ++p) {
      if (low.rungs[p] >= in_.upper[p]) continue;
      if (request_.deadline.passed()) return std::nullopt;
      if (auto found = above(low, static_cast<int>(p), -1)) return found;
    }
    for (int i = 0; i < in_.n; ++i) {
      if (request_.deadline.passed()) return std::nullopt;
      if (auto found = above(low, -1, i)) return found;
    }
    return std::nullopt;
  }

  /// The cheapest solution at least as safe as `low` and strictly safer in the given pair or
  /// component.
  std::optional<Solution> above(const Solution& low, int pair, int component) const {
    Instance up = in_;
    up.lower = low.rungs;
    if (pair >= 0) up.lower[at(pair)] = static_cast<Rung>(low.rungs[at(pair)] + 1);
    // Keep the stronger options only; classes that become empty are renumbered away.
    std::vector<std::vector<std::array<int, 2>>> back(at(in_.n));
    std::vector<std::vector<int>> renumbered(at(in_.n));
    std::vector<std::vector<std::vector<int>>> index(at(in_.n));
    for (int i = 0; i < in_.n; ++i) {
      const Option& mine = option(i, low.options[at(i)]);
      std::vector<OptionClass> classes;
      renumbered[at(i)].assign(in_.classes[at(i)].size(), -1);
      for (std::size_t c = 0; c < in_.classes[at(i)].size(); ++c) {
        OptionClass kept;
        std::vector<int> from;
        for (std::size_t o = 0; o < in_.classes[at(i)][c].options.size(); ++o) {
          const Option& other = in_.classes[at(i)][c].options[o];
          const bool same =
              low.options[at(i)] == std::array<int, 2>{static_cast<int>(c), static_cast<int>(o)};
          if (same ? i == component : !request_.option_at_least(i, other, mine)) continue;
          kept.options.push_back(other);
          from.push_back(static_cast<int>(o));
        }
        if (kept.options.empty()) continue;
        renumbered[at(i)][c] = static_cast<int>(classes.size());
        back[at(i)].push_back({static_cast<int>(c), 0});
        index[at(i)].push_back(from);
        classes.push_back(std::move(kept));
      }
      if (classes.empty()) return std::nullopt;
      up.classes[at(i)] = std::move(classes);
    }
    // Mostly the sum of the cheapest parts says no.
    Units least = 0;
    for (int i = 0; i < in_.n; ++i) {
      Units cheapest = up.classes[at(i)].front().options.front().cost;
      for (const OptionClass& c : up.classes[at(i)]) {
        cheapest = std::min(cheapest, c.options.front().cost);
      }
      least += cheapest;
      for (int j = 0; j < in_.n; ++j) {
        ClassMask mask = 0;
        for (std::size_t c = 0; c < renumbered[at(i)].size(); ++c) {
          if (renumbered[at(i)][c] >= 0 && (in_.co_resident[at(i * in_.n + j)] >> c & 1U) != 0) {
            mask |= ClassMask{1} << renumbered[at(i)][c];
          }
        }
        up.co_resident[at(i * in_.n + j)] = mask;
      }
    }
    Domain domain(up);
    if (!domain.propagate()) return std::nullopt;
    for (int i = 0; i < in_.n; ++i) {
      for (int j = 0; j < i; ++j) {
        const auto& gate = in_.gate[at(pair_index(i, j))];
        Units cheapest = gate[domain.low(i, j)];
        for (Rung r = domain.low(i, j); r <= domain.high(i, j); ++r) {
          cheapest = std::min(cheapest, gate[r]);
        }
        least += cheapest;
      }
    }
    if (in_.budget >= 0 && least > in_.budget) return std::nullopt;
    SearchRequest ask;
    ask.any = true;
    ask.deadline = request_.deadline;
    SearchResult found = search(up, ask);
    if (found.solutions.empty()) return std::nullopt;
    Solution result = std::move(found.solutions.back());
    for (int i = 0; i < in_.n; ++i) {
      const auto [c, o] = result.options[at(i)];
      result.options[at(i)] = {back[at(i)][at(c)][0], index[at(i)][at(c)][at(o)]};
    }
    result.cost = cost_of(in_, result);
    result.risk = risk_of(in_, result);
    return result;
  }

  void refresh() {
    constexpr double kFar = 1e300;
    const double cost = in_.budget >= 0 ? static_cast<double>(in_.budget) : kFar;
    const double risk = full() ? static_cast<double>(kept_.back().risk) : kFar;
    corners_.assign(1, {cost, risk});
  }

  const Instance& in_;
  const MaximalRequest& request_;
  std::vector<Solution> known_;  ///< all maximal elements met
  std::vector<Solution> kept_;   ///< the least risky of them
  std::vector<Corner> corners_;
  std::vector<std::vector<Choice>> choices_;
  std::vector<Units> dearest_;
  std::vector<Units> cheapest_;
  std::vector<Units> least_risk_;
  std::int64_t looked_at_ = 0;
  bool dropped_ = false;
  bool gave_up_ = false;
  bool unfinished_ = false;
};

}  // namespace

TradeoffResult maximal(const Instance& instance, const MaximalRequest& request) {
  MaximalGoal goal(instance, request);
  Placement placement(instance, goal, request.deadline);
  placement.run();
  TradeoffResult result;
  result.points = goal.elements();
  result.nodes = placement.nodes();
  result.unfinished = goal.unfinished();
  // What is riskier than the last of a full list is all that was left out.
  result.exact = !placement.stopped() && !goal.gave_up();
  // With the limit reached, what the risk threshold cut may hold further elements.
  result.complete = !placement.stopped() && goal.everything() &&
                    static_cast<int>(result.points.size()) < request.limit;
  return result;
}

}  // namespace flexos
