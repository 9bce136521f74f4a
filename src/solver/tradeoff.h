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
  std::function<void(std::size_t points, std::int64_t nodes)> progress;  ///< now and then
};

struct TradeoffResult {
  std::vector<Solution> points;
  bool complete = false;
  bool exact = false;       ///< proven to be the first of all there are; complete implies it
  bool unfinished = false;  ///< maximal: time ended the climb to the only point there is
  std::int64_t nodes = 0;
  std::int64_t sums =
      0;  ///< of costs and risks, formed in layouts; maximal: what is looked at there
};

/// The complete frontier of (cost, risk) among the admissible solutions.
TradeoffResult tradeoff(const Instance& instance, const TradeoffRequest& request);

/// The `top` solutions of least risk (ties: cheaper), within the budget. Without profile all costs
/// are 0.
SearchResult least_risk(const Instance& instance, const SearchRequest& request);

/// Is option `b` of a component at least as safe as its option `a` (not asked where they are
/// equal)?
using OptionOrder = std::function<bool(int component, const Option& b, const Option& a)>;

struct MaximalRequest {
  Deadline deadline;
  int limit = 100;          ///< keep the least risky
  std::int64_t effort = 0;  ///< most that is looked at, nodes and climbs weighted; 0 = no limit
  OptionOrder option_at_least;
};

/// The maximal elements of the safety order among the admissible solutions, by rising risk.
TradeoffResult maximal(const Instance& instance, const MaximalRequest& request);

}  // namespace flexos
