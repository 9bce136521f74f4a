#pragma once

#include <functional>
#include <vector>

#include "solver/search.h"

namespace flexos {

/// Non-dominated (cost, risk) solutions, by rising cost and falling risk.
class Archive {
 public:
  /// Keeps `solution` unless an equal or better one is known; drops what it dominates.
  bool offer(const Solution& solution);
  bool dominates(Units cost, Units risk) const;
  const std::vector<Solution>& points() const { return points_; }

 private:
  std::vector<Solution> points_;
};

struct TradeoffRequest {
  Deadline deadline;
  std::function<void(const Archive&, std::int64_t nodes)> progress;
};

struct TradeoffResult {
  std::vector<Solution> points;
  bool complete = false;
  std::int64_t nodes = 0;
};

/// The complete frontier of (cost, risk) among the admissible solutions.
TradeoffResult tradeoff(const Instance& instance, const TradeoffRequest& request);

/// The `top` solutions of least risk (ties: cheaper), within the budget. Without profile all costs
/// are 0.
SearchResult least_risk(const Instance& instance, const SearchRequest& request);

}  // namespace flexos
