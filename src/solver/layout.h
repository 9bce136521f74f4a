#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "solver/instance.h"

/// A layout is a configuration's levels without its options: what can be said once all levels are
/// decided.
namespace flexos {

/// Layouts: the rung of each pair is between these.
struct RungBox {
  std::vector<Rung> low;
  std::vector<Rung> high;
};

/// Option classes that each component may take in this layout; empty optional where one has none.
std::optional<std::vector<ClassMask>> classes_of_layout(const Instance& instance,
                                                        const std::vector<Rung>& rungs);

/// The cheapest solution of the layout. `rungs` must be an ultrametric within the domains.
std::optional<Solution> cheapest(const Instance& instance, const std::vector<Rung>& rungs);

/// What it costs at least to take one part of the nesting (a component, or all that are nearer to
/// each other than to the rest) one rung away from what it is nearest to: options stay possible
/// then. Not below 0; nullopt: none of these steps is within domains and limits. `rungs` must be
/// an ultrametric.
std::optional<Units> cheapest_step_apart(const Instance& instance, const std::vector<Rung>& rungs);

/// All solutions of the layout in order of (cost, risk), until `accept` says stop (false).
void enumerate(const Instance& instance, const std::vector<Rung>& rungs,
               const std::function<bool(const Solution&)>& accept);

}  // namespace flexos
