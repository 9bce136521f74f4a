#pragma once

#include <string>
#include <vector>

#include "bench/search.h"
#include "codegen/result.h"
#include "spec/measured.h"

namespace flexos {

/// Recorded measurements, to try searches on without a machine.
struct Replay {
  SearchSpace space;                      ///< candidate = row of the table
  std::vector<Observation> observations;  ///< by candidate

  MeasureCandidate measure() const;
};

/// Reads column `metric` of a table. Where it has columns `METRIC_low` and `METRIC_high` too, they
/// are the values' 95 % intervals; else every value is known up to `noise` (standard error, as a
/// part of the value). A value of 0 is a configuration that failed.
Result<Replay> replay_of(const Spec& spec, const Measured& measured, const std::string& metric,
                         double noise);

}  // namespace flexos
