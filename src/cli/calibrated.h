#pragma once

#include <optional>
#include <string>

#include "codegen/result.h"
#include "report/json.h"

namespace flexos {

/// Gates cost what `calibrate` found on this machine, for the platform and clock of the spec's
/// profile. What the spec itself says about a gate stays; so does everything where nothing was
/// calibrated. The error: the file that calibrations are kept in is broken.
Result<Done> use_calibrated_costs(Spec& spec);

/// Where the costs of gates come from: {"source", "platform", "clock", "costs"}.
Json gates_json(const Spec& spec);

/// The same for a person; empty where it is as the definitions say.
std::string gates_text(const Spec& spec);

}  // namespace flexos
