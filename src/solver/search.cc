#include "solver/search.h"

#include <algorithm>
#include <cmath>

#include "solver/covering.h"
#include "solver/domain.h"
#include "solver/improve.h"
#include "solver/layout.h"
#include "solver/pool.h"
#include "solver/relaxation.h"

/// Depth-first branch and bound over the level domains.
///
/// A node is a propagated domain. Its bound is the last LP's dual weights evaluated exactly on the
/// smaller domain (relaxation.h), microseconds instead of an LP. When a subtree outgrows what
/// those weights can prune (kPatience nodes), the LP is solved anew for that subtree. Branching
/// follows the LP: the pair and rung whose x is most undecided and dearest; when all priced pairs
/// are decided, remaining pairs are split high first, so that among equal costs the safer layout is
/// met first. Reduced costs remove decisions that cannot pay (filter). Where one solution a layout
/// is asked for, subtrees whose layouts a known one covers are left out (covering.h).
namespace flexos {

namespace {

constexpr int kPatience = 60;
constexpr int kDiveEvery = 32;

std::size_t at(int i) { return static_cast<std::size_t>(i); }

class Search {
 public:
  Search(const Instance& instance, const SearchRequest& request)
      : in_(instance),
        request_(request),
        pool_(std::max(1, request.top), request.one_per_layout),
        domain_(instance),
        relaxation_(instance),
        covering_(instance) {}

  SearchResult run() {
    SearchResult result;
    if (!domain_.propagate() || domain_.limits_exceeded()) {
      result.complete = true;
      result.exhausted = true;
      return result;
    }
    if (request_.any) {
      simple_layouts();
      if (!pool_.empty()) {
        result.solutions = pool_.sorted();
        return result;
      }
    }
    Bounded root;
    solve_relaxation(root, 200);
    result_bound_ = root.dual.bound(domain_);
    stats_.root_bound = result_bound_;
    if (request_.any && in_.budget >= 0 && result_bound_ > in_.budget) {
      result.complete = true;
      result.exhausted = true;
      return result;
    }
    warm_start(root);
    descend(root);
    result.solutions = pool_.sorted();
    if (request_.one_per_layout) {
      covering_.drop_covered(result.solutions);
      result.covering = covering_.layouts();
    }
    result.complete = !stopped_;
    result.exhausted = result.complete && !pruned_by_pool_ && !pool_.overflowed();
    result.lower_bound = result.complete && !pool_.empty() ? pool_.front().cost : result_bound_;
    result.root = std::move(root.dual);
    result.stats = stats_;
    return result;
  }

 private:
  /// A subtree's weights and how many nodes have used them.
  struct Bounded {
    DualBound dual;
    LpPoint point;
    int used = 0;
  };

  /// Costs at or above it are of no interest; nullopt = everything is.
  std::optional<Units> cutoff() const {
    std::optional<Units> cut;
    if (in_.costs_known && in_.budget >= 0) cut = in_.budget + 1;
    if (pool_.full() && (!cut || pool_.worst().cost < *cut)) cut = pool_.worst().cost;
    return cut;
  }

  bool over_budget(Units cost) const { return in_.budget >= 0 && cost > in_.budget; }

  void offer(const Solution& solution) {
    if (over_budget(solution.cost)) return;
    if (request_.one_per_layout) covering_.add(solution.rungs);
    if (pool_.offer(solution) && request_.progress) report();
  }

  void report() {
    SearchResult now;
    now.solutions = pool_.sorted();
    now.lower_bound = result_bound_;
    now.stats = stats_;
    request_.progress(now);
  }

  void solve_relaxation(Bounded& to, int rounds) {
    ++stats_.relaxations;
    auto answer = relaxation_.solve(domain_, rounds, cutoff(), request_.deadline);
    to.used = 0;
    // An LP that calls a propagated domain infeasible speaks in floating point: not a proof.
    if (answer.infeasible) return;
    to.dual = std::move(answer.dual);
    to.point = std::move(answer.point);
  }

  /// The highest levels still possible are themselves an ultrametric: only what counts classes or
  /// adds cycles can object. Then the same below each lower ceiling.
  void simple_layouts() {
    for (int ceiling = in_.top_rung(); ceiling >= 0 && pool_.empty(); --ceiling) {
      const std::size_t mark = domain_.mark();
      for (int i = 0; i < in_.n; ++i) {
        for (int j = 0; j < i; ++j) {
          if (domain_.high(i, j) <= ceiling) continue;
          const std::size_t before_pair = domain_.mark();
          if (!domain_.lower(i, j, std::max(static_cast<Rung>(ceiling), domain_.low(i, j)))) {
            domain_.restore(before_pair);
          }
        }
      }
      std::vector<Rung> rungs(in_.pairs());
      for (int i = 0; i < in_.n; ++i) {
        for (int j = 0; j < i; ++j) rungs[at(pair_index(i, j))] = domain_.high(i, j);
      }
      domain_.restore(mark);
      if (!within_limits(in_, rungs)) continue;
      if (const auto solution = cheapest(in_, rungs)) offer(*solution);
    }
  }

  /// A good first solution: dive along the LP, then climb.
  void warm_start(const Bounded& root) {
    std::optional<Solution> found = dive(root);
    if (!found) {
      simple_layouts();
      if (pool_.empty()) return;
      found = pool_.front();
    }
    if (in_.budget < 0 || found->cost <= in_.budget) offer(*found);
    if (request_.any && !pool_.empty()) return;
    const int kicks = in_.n <= 40 ? 20 : 200;
    Deadline share = request_.deadline;
    if (share.at != std::chrono::steady_clock::time_point::max()) {
      const auto now = std::chrono::steady_clock::now();
      if (share.at > now) share.at = now + (share.at - now) / 2;
    }
    offer(improve_repeatedly(in_, *found, kicks, result_bound_, share));
  }

  std::optional<Solution> dive(const Bounded& root) {
    const std::size_t mark = domain_.mark();
    std::optional<Solution> result;
    int failures = 0;
    if (dive_step(root, failures)) result = cheapest(in_, levels());
    domain_.restore(mark);
    return result;
  }

  /// Decides everything along the LP's values; backtracks a bounded number of times.
  bool dive_step(const Bounded& bounded, int& failures) {
    if (domain_.limits_exceeded()) return false;
    const auto branch = choose(bounded);
    if (!branch) return within_limits(in_, levels());
    for (const bool up : {branch->up_first, !branch->up_first}) {
      const std::size_t mark = domain_.mark();
      if (apply(*branch, up) && dive_step(bounded, failures)) return true;
      domain_.restore(mark);
      if (++failures > 2000 || request_.deadline.passed()) return false;
    }
    return false;
  }

  std::vector<Rung> levels() const {
    std::vector<Rung> rungs(in_.pairs());
    for (int i = 0; i < in_.n; ++i) {
      for (int j = 0; j < i; ++j) rungs[at(pair_index(i, j))] = domain_.low(i, j);
    }
    return rungs;
  }

  struct Branch {
    int i;
    int j;
    Rung rung;  ///< up: level >= rung; down: level < rung
    bool up_first;
  };

  bool apply(const Branch& branch, bool up) {
    return up ? domain_.raise(branch.i, branch.j, branch.rung)
              : domain_.lower(branch.i, branch.j, static_cast<Rung>(branch.rung - 1));
  }

  std::optional<Branch> choose(const Bounded& bounded) const {
    std::optional<Branch> best;
    double best_score = -1;
    for (const LpPoint::Value& v : bounded.point.values) {
      if (domain_.low(v.i, v.j) >= v.rung || domain_.high(v.i, v.j) < v.rung) continue;
      const double middle = 0.5 - std::abs(0.5 - v.x);
      const double score = (middle + 1e-3) * (v.weight + 1e-9);
      if (score > best_score) {
        best_score = score;
        best = Branch{v.i, v.j, v.rung, v.x > 0.5};
      }
    }
    if (best) return best;
    // Unpriced pairs: all that is left is which of the equally dear layouts. Safer first.
    for (int i = 1; i < in_.n; ++i) {
      for (int j = 0; j < i; ++j) {
        if (!domain_.decided(i, j)) return Branch{i, j, domain_.high(i, j), true};
      }
    }
    return std::nullopt;
  }

  void leaf() {
    ++stats_.leaves;
    const std::vector<Rung> rungs = levels();
    if (!within_limits(in_, rungs)) return;
    if (request_.any || request_.one_per_layout) {
      if (const auto solution = cheapest(in_, rungs)) offer(*solution);
      return;
    }
    int taken = 0;
    enumerate(in_, rungs, [&](const Solution& solution) {
      if (over_budget(solution.cost)) return false;
      if (pool_.full() && !before(solution, pool_.worst())) {
        pruned_by_pool_ = true;
        return false;
      }
      offer(solution);
      if (++taken >= request_.top) {
        pruned_by_pool_ = true;
        return false;
      }
      return true;
    });
  }

  void descend(Bounded& inherited) {
    ++stats_.nodes;
    if (stopped_ || (request_.any && !pool_.empty())) return;
    if ((stats_.nodes & 63) == 0 && request_.deadline.passed()) {
      stopped_ = true;
      return;
    }
    if (domain_.limits_exceeded()) return;
    if (request_.one_per_layout && covering_.covers(domain_)) return;
    if (pruned(inherited.dual)) return;
    Bounded fresh;
    Bounded* bounded = &inherited;
    if (++inherited.used > kPatience && in_.costs_known) {
      inherited.used = 0;
      solve_relaxation(fresh, 20);
      if (!fresh.point.values.empty()) {
        bounded = &fresh;
        if (pruned(fresh.dual)) return;
        if (stats_.relaxations % kDiveEvery == 0 && !request_.any) {
          if (const auto found = dive(fresh)) offer(improve(in_, *found, request_.deadline));
        }
      }
    }
    const auto branch = choose(*bounded);
    if (!branch) {
      leaf();
      return;
    }
    for (const bool up : {branch->up_first, !branch->up_first}) {
      const std::size_t mark = domain_.mark();
      if (apply(*branch, up)) descend(*bounded);
      domain_.restore(mark);
    }
  }

  bool pruned(const DualBound& dual) {
    const auto cut = cutoff();
    if (!cut) return false;
    const std::size_t mark = domain_.mark();
    const bool survives = dual.filter(domain_, *cut);
    // Whatever the pool's threshold removed is admissible but uninteresting.
    if (pool_.full() && (!survives || domain_.mark() != mark)) pruned_by_pool_ = true;
    return !survives;
  }

  const Instance& in_;
  const SearchRequest& request_;
  Pool pool_;
  Domain domain_;
  Relaxation relaxation_;
  Covering covering_;
  SearchStats stats_;
  Units result_bound_ = 0;
  bool stopped_ = false;
  bool pruned_by_pool_ = false;
};

}  // namespace

SearchResult search(const Instance& instance, const SearchRequest& request) {
  return Search(instance, request).run();
}

}  // namespace flexos
