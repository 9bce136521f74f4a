#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/app.h"

namespace flexos {

/// `a+b|c`: the compartments of a layout, each the indices of its components. Every component must
/// occur once; what is wrong is said (wrong usage).
std::optional<std::vector<std::vector<int>>> parse_layout(App& app, const Spec& spec,
                                                          const std::string& text);

}  // namespace flexos
