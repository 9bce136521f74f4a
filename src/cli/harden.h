#pragma once

#include <string>
#include <vector>

#include "cli/app.h"

namespace flexos {

/// Adds to a configuration what `--harden sqlite+libc=asan+ubsan` says; `*=asan` is every component
/// that can be built with it. False, after saying why: a name is unknown, the component cannot be
/// built with the hardening, or two of its hardenings exclude each other.
bool add_hardening(App& app, const Spec& spec, const std::vector<std::string>& texts,
                   Configuration& configuration);

}  // namespace flexos
