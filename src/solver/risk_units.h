#pragma once

#include <vector>

#include "solver/encoding.h"

namespace flexos {

/// Risks as whole numbers, from their definition (LANGUAGE, safety score) and not from the search's
/// tables. The risk of a configuration is the sum, over attackers and victims, of
/// weight * openness * exposure, in units of the product of the three.
struct RiskUnits {
  using Units = __int128;

  bool fits = true;                          ///< false: out of range, there is nothing to be read
  std::vector<Units> weight;                 ///< [attacker * n + victim]
  std::vector<Units> openness;               ///< by level
  std::vector<std::vector<Units>> exposure;  ///< [component][option, as Encoding::options]
};

RiskUnits risk_units(const Spec& spec, const Encoding& encoding);

}  // namespace flexos
