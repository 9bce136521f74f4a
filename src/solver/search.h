#pragma once

#include <functional>
#include <vector>

#include "solver/deadline.h"
#include "solver/instance.h"
#include "solver/relaxation.h"

namespace flexos {

/// What a search did, for `--stats` and progress lines.
struct SearchStats {
  std::int64_t nodes = 0;
  std::int64_t leaves = 0;
  std::int64_t relaxations = 0;
  Units root_bound = 0;
};

struct SearchResult {
  std::vector<Solution> solutions;  ///< by (cost, risk, content)
  bool complete =
      false;  ///< proven: nothing cheaper is missing (fewer than asked: there are no more)
  bool exhausted = false;  ///< every admissible configuration is in `solutions`
  Units lower_bound = 0;   ///< on the cheapest admissible cost, proven
  DualBound root;          ///< the weights that its root bound rests on
  SearchStats stats;
  /// One per layout: what covers the layouts that were left out (covering.h).
  std::vector<std::vector<Rung>> covering;
};

struct SearchRequest {
  int top = 1;
  bool one_per_layout = false;  ///< keep the best of each layout only
  bool any = false;             ///< stop at the first admissible configuration
  Deadline deadline;
  std::function<void(const SearchResult&)> progress;  ///< called now and then; may be empty
};

/// The `top` cheapest admissible solutions, by branch and bound over the level domains with the
/// bounds of relaxation.h. Deterministic unless the deadline passes.
SearchResult search(const Instance& instance, const SearchRequest& request);

}  // namespace flexos
