#pragma once

#include <vector>

#include "model/spec.h"
#include "spec/scope.h"
#include "spec/yaml_tree.h"

namespace flexos {

/// Marks the components of the `- untrusted: [...]` statements of a `security` list.
void read_untrusted(Report& report, Scope& scope, const Node& security,
                    std::vector<Component>& components);

/// The statements of a `security` list, in order, names resolved. `untrusted` must be final.
std::vector<Statement> read_security(Report& report, Scope& scope, const Node& security,
                                     const Spec& spec);

}  // namespace flexos
