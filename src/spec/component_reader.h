#pragma once

#include <optional>
#include <vector>

#include "model/spec.h"
#include "spec/scope.h"
#include "spec/yaml_tree.h"

namespace flexos {

/// A function that somebody named; whether it exists is known once all components are.
struct PendingCall {
  FunctionRef function;
  Span span;            ///< the whole reference
  Span component_span;  ///< the component's part of it
};

/// A component as its file, and what the spec adds to that, describe it.
struct ComponentInput {
  std::string name;
  NodePtr node;  ///< merged
  Span span;     ///< where the spec lists it
  bool from_spec = false;
};

struct ComponentResult {
  Component component;
  std::vector<PendingCall> calls;       ///< of behaviours, variants and the call graph
  std::vector<Statement> requirements;  ///< `requires` that the spec itself says
  bool has_call_graph = false;
};

/// Reads one component. Hardening must be in the scope already.
ComponentResult read_component(Report& report, Scope& scope, const ComponentInput& input);

/// Checks the calls of all components against each other, and drops those to components that the
/// spec leaves out.
void resolve_calls(Report& report, Scope& scope, std::vector<ComponentResult>& components);

/// Whether "*" makes sense where regions are listed.
enum class Star { allowed, refused };

/// "*" or a list out of [own, shared].
std::optional<Regions> read_regions(Report& report, const Node& node, std::string_view what,
                                    Star star = Star::allowed);

/// "*" or a list of component.function.
std::optional<Calls> read_calls(Report& report, const Node& node, std::string_view what,
                                std::vector<PendingCall>& pending);

}  // namespace flexos
