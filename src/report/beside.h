#pragma once

#include "codegen/result.h"
#include "report/json.h"

namespace flexos {

/// `data` with what the same choices came to in `other`, the data of another exploration: member
/// `beside` (specs/schema/report.json). Two configurations are the same choice if they part and
/// harden the same components alike, the one's application standing for the other's where both have
/// one. The error: nothing of the two is the same choice.
Result<Json> put_beside(const Json& data, const Json& other);

}  // namespace flexos
