#include "bench/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "bench/drive.h"
#include "bench/statistics.h"

namespace flexos {

namespace {

bool of_kind(const RunRecord& run, RunKind kind) { return run.kind == name(kind); }

double unit_time(const RunRecord& run) {
  return run.operations > 0 ? run.units / static_cast<double>(run.operations) : 0;
}

/// The host's fault, or nobody's: the same run may go well the next time.
bool is_transient(Failure failure) {
  return failure == Failure::killed || failure == Failure::environment ||
         failure == Failure::no_keys;
}

/// Equal runs draw equal bootstrap samples.
std::uint64_t seed_of(const std::vector<RunRecord>& runs) {
  std::uint64_t seed = 1;
  if (!runs.empty()) {
    const std::string& digits = runs.front().image;
    std::from_chars(digits.data(), digits.data() + std::min<std::size_t>(16, digits.size()), seed,
                    16);
  }
  return seed;
}

/// Exact clocks have no noise to draw from: what was seen is all there is.
Interval interval_of(const BenchPlatform& platform, const std::vector<double>& values,
                     std::uint64_t seed) {
  if (!platform.exact() || values.empty()) return bootstrap_median(values, seed);
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return {median(values), *low, *high};
}

std::vector<double> walls(const std::vector<RunRecord>& runs, RunKind kind) {
  std::vector<double> values;
  for (const RunRecord& r : runs) {
    if (of_kind(r, kind) && r.good()) values.push_back(r.wall);
  }
  return values;
}

}  // namespace

std::vector<RunRecord> counted(const std::vector<RunRecord>& runs) {
  std::vector<RunRecord> list;
  std::copy_if(runs.begin(), runs.end(), std::back_inserter(list), [](const RunRecord& r) {
    return of_kind(r, RunKind::throughput) && r.good() && !r.warmup;
  });
  return list;
}

std::vector<double> paired_ratios(const BenchPlatform& platform, const std::vector<RunRecord>& runs,
                                  const std::vector<RunRecord>& baseline) {
  const std::vector<RunRecord> own = counted(runs);
  const std::vector<RunRecord> theirs = counted(baseline);
  std::vector<double> ratios;
  if (platform.exact()) {
    std::vector<double> times;
    for (const RunRecord& r : theirs) times.push_back(unit_time(r));
    const double reference = median(times);
    for (const RunRecord& r : own) {
      if (reference > 0 && r.units > 0) ratios.push_back(reference / unit_time(r));
    }
    return ratios;
  }
  for (const RunRecord& r : own) {
    const auto pair = std::find_if(theirs.begin(), theirs.end(),
                                   [&](const RunRecord& b) { return b.block == r.block; });
    if (pair != theirs.end() && r.units > 0) ratios.push_back(unit_time(*pair) / unit_time(r));
  }
  return ratios;
}

const RunRecord* standing_failure(const std::vector<RunRecord>& runs, bool transient) {
  const RunRecord* standing = nullptr;
  for (const RunRecord& r : runs) {
    if (!of_kind(r, RunKind::throughput)) continue;
    if (r.good()) {
      standing = nullptr;
    } else if (transient || !is_transient(r.failure)) {
      standing = &r;
    }
  }
  return standing;
}

void summarise(const BenchPlatform& platform, const std::vector<RunRecord>& runs,
               const std::vector<RunRecord>& baseline, double width, Measurement& into) {
  const std::vector<RunRecord> good = counted(runs);
  const std::uint64_t seed = seed_of(runs);
  std::vector<double> times;
  std::vector<double> rates;
  for (const RunRecord& r : good) {
    times.push_back(unit_time(r));
    if (r.seconds > 0) rates.push_back(static_cast<double>(r.operations) / r.seconds);
  }
  into.runs = static_cast<int>(good.size());
  into.per_operation = interval_of(platform, times, seed);
  into.throughput = median(rates);
  const std::vector<double> ratios = paired_ratios(platform, runs, baseline);
  into.relative = interval_of(platform, ratios, seed);
  into.tight = !ratios.empty() && into.relative.width() <= width;
  const std::vector<bool> far = outliers(times);
  into.outliers = static_cast<int>(std::count(far.begin(), far.end(), true));
  if (platform.exact()) {
    if (into.runs > 0) into.instructions = into.per_operation.median;
    if (into.per_operation.high > into.per_operation.low) {
      into.detail = fmt::format(
          "the clock is exact, and yet two runs differ by {:.4f} % ({:.0f} instructions)",
          into.per_operation.width() * 100,
          (into.per_operation.high - into.per_operation.low) *
              static_cast<double>(good.front().operations));
    }
  } else {
    std::vector<double> sequence;
    for (const RunRecord& r : counted(baseline)) sequence.push_back(unit_time(r));
    const Drift drift = find_drift(sequence);
    into.drift = drift.found;
    if (drift.found) {
      into.detail = fmt::format("the unprotected image drifted by {:+.1f} % meanwhile (p = {:.4f})",
                                drift.change * 100, drift.p);
    }
  }
  into.boot_seconds = median(walls(runs, RunKind::boot));
  const double rate = platform.counts_instructions() ? 1.0 : clock_rate(platform) / 1e9;
  std::map<std::string, std::vector<double>> latency;
  std::vector<double> memory;
  for (const RunRecord& r : runs) {
    if (!r.good()) continue;
    if (of_kind(r, RunKind::latency)) {
      for (const auto& [percentile, nanoseconds] : r.latency) {
        latency[percentile].push_back(nanoseconds * rate);
      }
    }
    if (of_kind(r, RunKind::memory) && r.memory > 0) {
      memory.push_back(static_cast<double>(r.memory));
    }
  }
  for (const auto& [percentile, values] : latency) into.latency[percentile] = median(values);
  if (!memory.empty()) into.memory_bytes = static_cast<std::int64_t>(median(memory));
}

}  // namespace flexos
