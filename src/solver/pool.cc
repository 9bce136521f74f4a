#include "solver/pool.h"

#include <algorithm>
#include <tuple>

namespace flexos {

bool before(const Solution& a, const Solution& b) {
  return std::tie(a.cost, a.risk, a.rungs, a.options) <
         std::tie(b.cost, b.risk, b.rungs, b.options);
}

bool Pool::offer(Solution solution) {
  if (full() && !before(solution, worst())) {
    overflowed_ = overflowed_ || best_.count(solution) == 0;
    return false;
  }
  if (layouts_) {
    const auto twin = std::find_if(best_.begin(), best_.end(),
                                   [&](const Solution& s) { return s.rungs == solution.rungs; });
    if (twin != best_.end()) {
      if (!before(solution, *twin)) return false;
      best_.erase(twin);
    }
  }
  if (!best_.insert(std::move(solution)).second) return false;
  if (static_cast<int>(best_.size()) > capacity_) {
    best_.erase(std::prev(best_.end()));
    overflowed_ = true;
  }
  return true;
}

}  // namespace flexos
