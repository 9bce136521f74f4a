#include "solver/nesting.h"

#include <algorithm>

namespace flexos {

namespace {

/// 3^11 ways to split a subset in two, by level.
constexpr int kMost = 11;

std::size_t at(int i) { return static_cast<std::size_t>(i); }

/// The members of a set, each a bit.
class Nesting {
 public:
  Nesting(const WeightedBounds& bounds, const std::vector<int>& members,
          const std::vector<Level>& levels, const Box& ranges)
      : bounds_(bounds),
        members_(members),
        ranges_(ranges),
        count_(bounds.weightings()),
        sets_(std::size_t{1} << members.size()) {
    for (const Level level : levels) {
      add_up(level);
      nest();
    }
  }

  /// By weighting.
  const Units* least(std::size_t set) const { return best_.data() + set * count_; }

 private:
  Units* within(std::size_t set) { return within_.data() + set * count_; }
  Units* best(std::size_t set) { return best_.data() + set * count_; }

  /// All pairs of a set at this level.
  void add_up(Level level) {
    within_.assign(sets_ * count_, 0);
    for (std::size_t set = 1; set < sets_; ++set) {
      const std::size_t rest = set & (set - 1);
      Units* sum = within(set);
      std::copy_n(within(rest), count_, sum);
      const int first = members_[at(__builtin_ctzll(set))];
      for (std::size_t left = rest; left != 0; left &= left - 1) {
        const int other = members_[at(__builtin_ctzll(left))];
        const auto p = at(pair_index(first, other));
        const bool possible = level >= ranges_.low[p] && level <= ranges_.high[p];
        const Units* pair = bounds_.pair(p, level);
        for (std::size_t k = 0; k < count_; ++k) sum[k] += possible ? pair[k] : kNowhere;
      }
    }
  }

  /// From within the rung below to within this one.
  void nest() {
    if (best_.empty()) {
      best_ = within_;
      return;
    }
    const std::vector<Units> below = best_;
    for (std::size_t set = 1; set < sets_; ++set) {
      const std::size_t rest = set & (set - 1);
      // The class of the first, and all others, which are before it in the order of sets.
      for (std::size_t part = rest; part != 0;) {
        part = (part - 1) & rest;
        const std::size_t home = (set ^ rest) | part;
        const std::size_t others = set ^ home;
        const Units* inside = below.data() + home * count_;
        const Units* outside = best(others);
        const Units* all = within(set);
        const Units* mine = within(home);
        const Units* theirs = within(others);
        Units* least = best(set);
        for (std::size_t k = 0; k < count_; ++k) {
          least[k] = std::min(least[k], inside[k] + outside[k] + all[k] - mine[k] - theirs[k]);
        }
      }
    }
  }

  const WeightedBounds& bounds_;
  const std::vector<int>& members_;
  const Box& ranges_;
  std::size_t count_;
  std::size_t sets_;
  std::vector<Units> within_;  ///< [set * weightings + weighting]
  std::vector<Units> best_;
};

}  // namespace

std::vector<std::vector<Units>> nesting_surplus(const WeightedBounds& bounds,
                                                const std::vector<int>& order,
                                                const std::vector<Level>& levels,
                                                const Box& ranges) {
  const auto n = static_cast<int>(order.size());
  const std::size_t count = bounds.weightings();
  std::vector<std::vector<Units>> surplus(at(n) + 1, std::vector<Units>(count, 0));
  const int first = std::max(n - kMost, 2);
  if (n - first < 3) return surplus;  // two of them always nest
  const std::vector<int> members(order.begin() + first, order.end());
  const Nesting nesting(bounds, members, levels, ranges);
  const std::size_t all = (std::size_t{1} << members.size()) - 1;
  for (int placed = first; placed < n; ++placed) {
    const Units* least = nesting.least(all >> at(placed - first) << at(placed - first));
    if (least[0] >= kNowhere / 2) continue;
    surplus[at(placed)].assign(least, least + count);
    for (int a = placed; a < n; ++a) {
      for (int b = placed; b < a; ++b) {
        const Units* pair = bounds.least(at(pair_index(order[at(a)], order[at(b)])));
        for (std::size_t k = 0; k < count; ++k) surplus[at(placed)][k] -= pair[k];
      }
    }
  }
  return surplus;
}

}  // namespace flexos
