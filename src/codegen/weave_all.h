#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "codegen/weave.h"

namespace flexos {

struct WeaveAllOptions {
  /// An image that stands in its folder and was made by this very program from the same inputs is
  /// taken as it is.
  bool reuse = false;
  /// What cannot be woven ends all; else it is that configuration's own `error`.
  bool stop_at_error = false;
  std::function<void(int done, int all)> progress = {};  ///< never twice at once
  std::function<bool()> stop = {};                       ///< true: the rest stays undone
};

struct WovenOne {
  std::optional<Woven> woven;
  std::optional<Error> error;
  std::string hash;  ///< SHA-256 of the ELF file
  double seconds = 0;
  bool reused = false;
};

/// Images of many configurations of one spec, a weaver a core: linking is most of it, and one link
/// knows nothing of another. In their order. The error: why none can be made at all.
Result<std::vector<WovenOne>> weave_all(const Spec& spec, ObjectStore& store,
                                        const WeaveOptions& options,
                                        const std::vector<Configuration>& configurations,
                                        const WeaveAllOptions& all = {});

}  // namespace flexos
