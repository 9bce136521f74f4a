#pragma once

#include <string>
#include <vector>

#include "bench/measure.h"
#include "bench/store.h"

/// From runs in the database to the numbers of a measurement: nothing but arithmetic.
namespace flexos {

/// Runs that count for speed: good ones that were no warm-up.
std::vector<RunRecord> counted(const std::vector<RunRecord>& runs);

/// Performance relative to the unprotected image, block by block: its time / this time. Where the
/// clock is exact, blocks mean nothing, and there is one ratio.
std::vector<double> paired_ratios(const BenchPlatform& platform, const std::vector<RunRecord>& runs,
                                  const std::vector<RunRecord>& baseline);

/// The failure that stands: the last one, where no run of its kind was good after it.
/// `transient`: causes that are the host's count as well.
const RunRecord* standing_failure(const std::vector<RunRecord>& runs, bool transient);

/// All numbers that runs tell. `width`: what makes it `tight`.
void summarise(const BenchPlatform& platform, const std::vector<RunRecord>& runs,
               const std::vector<RunRecord>& baseline, double width, Measurement& into);

}  // namespace flexos
