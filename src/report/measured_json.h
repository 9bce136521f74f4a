#pragma once

#include "bench/machine.h"
#include "bench/measure.h"
#include "report/json.h"

/// Measurements for machines. What is unknown is null, never 0.
namespace flexos {

Json platform_json(const BenchPlatform& platform, const Machine& machine, const std::string& why);
Json interval_json(const Interval& interval);
/// With `id`, `image` and, where it failed, `failure`.
Json measured_json(const Measurement& measurement);

}  // namespace flexos
