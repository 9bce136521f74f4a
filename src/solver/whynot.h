#pragma once

#include "model/verdict.h"
#include "solver/answer.h"

namespace flexos {

/// One part of a configuration's cost.
struct CostItem {
  enum class Kind { edge, hardening, variant };
  Kind kind = Kind::edge;
  std::string what;    ///< "redis|lwip" or "vfs"
  std::string choice;  ///< mechanism, hardening set or variant
  double cycles = 0;   ///< an operation
};

/// All parts that are not 0, dearest first.
std::vector<CostItem> cost_items(const Spec& spec, const Configuration& c);

/// A difference to the best: the same part in both.
struct DeltaItem {
  CostItem mine;
  CostItem best;
  double cycles = 0;  ///< mine - best
};

struct WhyNot {
  std::optional<std::string> error;
  bool found = false;           ///< the configuration asked about exists
  Configuration configuration;  ///< the one asked about, completed where only a layout was given
  std::vector<Violation> violations;  ///< empty: it is admissible
  std::vector<DeltaItem> delta;       ///< against the best, by falling difference; needs a profile
  Configuration best;
  bool best_known = false;
};

/// Why not the layout in which exactly these groups are the compartments?
WhyNot why_not_layout(const Spec& spec, const std::vector<std::vector<int>>& groups,
                      const Ask& request);

/// Why not the configuration with this id? Looked for among the `depth` cheapest, the frontier and
/// the safest.
WhyNot why_not_id(const Spec& spec, const std::string& id, int depth, const Ask& request);

}  // namespace flexos
