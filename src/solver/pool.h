#pragma once

#include <set>
#include <vector>

#include "solver/instance.h"

namespace flexos {

/// Total order of answers: cost, then risk, then content, so that equal inputs give equal answers.
bool before(const Solution& a, const Solution& b);

/// The best solutions so far, distinct, at most `capacity`.
class Pool {
 public:
  Pool(int capacity, bool one_per_layout) : capacity_(capacity), layouts_(one_per_layout) {}

  /// True iff the pool changed.
  bool offer(Solution solution);

  bool full() const { return static_cast<int>(best_.size()) >= capacity_; }
  /// True iff something distinct was turned away for want of room.
  bool overflowed() const { return overflowed_; }
  bool empty() const { return best_.empty(); }
  const Solution& front() const { return *best_.begin(); }
  const Solution& worst() const { return *best_.rbegin(); }
  std::vector<Solution> sorted() const { return {best_.begin(), best_.end()}; }

 private:
  struct Before {
    bool operator()(const Solution& a, const Solution& b) const { return before(a, b); }
  };
  std::set<Solution, Before> best_;
  int capacity_;
  bool layouts_;
  bool overflowed_ = false;
};

}  // namespace flexos
