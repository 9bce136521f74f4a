#include <algorithm>
#include <limits>
#include <tuple>

#include "solver/domain.h"
#include "solver/packings.h"
#include "solver/placement.h"
#include "solver/tradeoff.h"

/// The maximal elements of the safety order within the budget: "the safest you can afford".
///
/// The problem. Safety is a product order; what cannot be made safer in any coordinate without
/// leaving the budget is maximal, and there are as many such elements as maximal packings of a
/// knapsack: all of them for small systems, the least risky of them for larger ones.
///
/// The idea. Layouts come from the placement search, in each are few option sets that no single
/// step makes safer (packings.h). One that is not below a known element climbs: as long as
/// something strictly safer is affordable, go there. "Strictly safer" is asked coordinate by
/// coordinate (some pair one rung up, some component's option stronger), a cheapest-solution search
/// each, most of which the sum of the cheapest parts already answers with no.
namespace flexos {

namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

class MaximalGoal : public Goal, private Packings::Receiver {
 public:
  MaximalGoal(const Instance& instance, const MaximalRequest& request)
      : in_(instance), request_(request), packings_(instance, request.option_at_least) {
    refresh();
  }

  const std::vector<Corner>& corners() override { return corners_; }

  bool pause(std::int64_t nodes) override {
    nodes_ = nodes;
    return out_of_effort();
  }

  void layout(const std::vector<Rung>& rungs) override {
    if (gave_up_) return;
    ++layouts_;
    packings_.look_in(rungs, *this);
  }

  // Of few, and of as many more as it turns out to be worth it.
  bool asks_of_boxes() const override {
    constexpr std::int64_t kFew = 4;
    return tried_ <= layouts_ / kFew + saved_;
  }

  /// Is all of it below known elements?
  bool nothing_in(const RungBox& box) override {
    ++tried_;
    CoverCheck check(*this, box);
    const bool covered = packings_.look_in(box, check);
    if (covered) ++saved_;
    return covered;
  }

  // Until there are as many as are kept, nothing is too risky: the sooner the right ones are.
  bool least_risk_first() const override { return true; }

  const std::vector<Solution>& elements() const { return kept_; }
  bool gave_up() const { return gave_up_; }
  bool unfinished() const { return unfinished_; }
  std::int64_t looked_at() const { return looked_at_; }

 private:
  /// Stops at what is not below a known element.
  class CoverCheck : public Packings::Receiver {
   public:
    CoverCheck(MaximalGoal& goal, const RungBox& box) : goal_(goal) {
      goal.looked_at_ += static_cast<std::int64_t>(goal.known_.size());
      for (const Solution& m : goal.known_) {
        if (std::equal(box.high.begin(), box.high.end(), m.rungs.begin(), std::less_equal<>())) {
          above_.push_back(&m);
        }
      }
    }
    Units most_risk() override { return goal_.most_risk(); }
    bool enough(std::int64_t looked_at) override { return goal_.enough(looked_at); }
    bool packing(const Solution& solution) override {
      const auto found = std::find_if(above_.begin(), above_.end(), [&](const Solution* m) {
        return goal_.options_at_least(*m, solution);
      });
      goal_.looked_at_ += found - above_.begin();
      if (found == above_.end()) return false;
      std::rotate(above_.begin(), found, found + 1);  // likely to be above the next one too
      return true;
    }

   private:
    MaximalGoal& goal_;
    std::vector<const Solution*> above_;
  };

  const Option& option(int i, const std::array<int, 2>& which) const {
    return in_.classes[at(i)][at(which[0])].options[at(which[1])];
  }

  bool full() const { return !kept_.empty() && static_cast<int>(kept_.size()) >= request_.limit; }

  bool out_of_effort() const {
    // A node takes about as long as this many looks.
    const std::int64_t node = std::int64_t{2} * in_.n * in_.n;
    return request_.effort > 0 && node * nodes_ + looked_at_ + climbed_ > request_.effort;
  }

  bool exhausted() const { return request_.deadline.passed() || out_of_effort(); }

  Units most_risk() override { return full() ? kept_.back().risk : -1; }

  bool enough(std::int64_t looked_at) override {
    looked_at_ += looked_at;
    gave_up_ = gave_up_ || exhausted();
    return gave_up_;
  }

  bool at_least(const Solution& b, const Solution& a) const {
    for (std::size_t p = 0; p < a.rungs.size(); ++p) {
      if (b.rungs[p] < a.rungs[p]) return false;
    }
    return options_at_least(b, a);
  }

  bool options_at_least(const Solution& b, const Solution& a) const {
    for (int i = 0; i < in_.n; ++i) {
      if (a.options[at(i)] != b.options[at(i)] &&
          !request_.option_at_least(i, option(i, b.options[at(i)]), option(i, a.options[at(i)]))) {
        return false;
      }
    }
    return true;
  }

  bool packing(const Solution& solution) override {
    for (const Solution& m : known_) {
      ++looked_at_;
      if (at_least(m, solution)) return true;
    }
    Solution top = solution;
    while (const auto higher = safer(top)) top = *higher;
    // Cut short, the climb may have stopped below something.
    if (exhausted()) {
      gave_up_ = true;
      if (!kept_.empty()) return false;
      unfinished_ = true;
    }
    known_.push_back(top);
    const auto before = [](const Solution& a, const Solution& b) {
      return std::tie(a.risk, a.cost, a.rungs, a.options) <
             std::tie(b.risk, b.cost, b.rungs, b.options);
    };
    kept_.insert(std::lower_bound(kept_.begin(), kept_.end(), top, before), top);
    if (static_cast<int>(kept_.size()) > request_.limit) kept_.pop_back();
    refresh();
    return true;
  }

  /// An admissible solution strictly above `low`; nullopt: there is none, or time is up.
  std::optional<Solution> safer(const Solution& low) {
    for (std::size_t p = 0; p < in_.pairs(); ++p) {
      if (low.rungs[p] >= in_.upper[p]) continue;
      if (exhausted()) return std::nullopt;
      if (auto found = above(low, static_cast<int>(p), -1)) return found;
    }
    for (int i = 0; i < in_.n; ++i) {
      if (exhausted()) return std::nullopt;
      if (auto found = above(low, -1, i)) return found;
    }
    return std::nullopt;
  }

  /// The cheapest solution at least as safe as `low` and strictly safer in the given pair or
  /// component.
  std::optional<Solution> above(const Solution& low, int pair, int component) {
    climbed_ += std::int64_t{3} * in_.n * in_.n;
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
    const std::int64_t propagation = std::int64_t{in_.n} * in_.n * in_.n;
    climbed_ += propagation;
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
    climbed_ += found.stats.nodes * propagation;
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
  Packings packings_;
  std::int64_t layouts_ = 0;
  std::int64_t tried_ = 0;      ///< boxes of layouts
  std::int64_t saved_ = 0;      ///< of these: nothing was in them
  std::int64_t nodes_ = 0;      ///< of the placement
  std::int64_t looked_at_ = 0;  ///< partial choices in layouts, and known elements
  std::int64_t climbed_ = 0;    ///< in climbs, as long as so many looks
  bool gave_up_ = false;
  bool unfinished_ = false;
};

}  // namespace

TradeoffResult maximal(const Instance& instance, const MaximalRequest& request) {
  MaximalGoal goal(instance, request);
  if (const auto start = cheapest_layout(instance, request.deadline)) goal.layout(*start);
  Placement placement(instance, goal, request.deadline);
  placement.run();
  TradeoffResult result;
  result.points = goal.elements();
  result.nodes = placement.nodes();
  result.sums = goal.looked_at();
  result.unfinished = goal.unfinished();
  // What is riskier than the last of a full list is all that was left out.
  result.exact = !placement.stopped() && !goal.gave_up();
  // With the limit reached, what the risk threshold cut may hold further elements.
  result.complete = result.exact && static_cast<int>(result.points.size()) < request.limit;
  return result;
}

}  // namespace flexos
