#include "bench/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace flexos {

namespace {

std::optional<std::size_t> column(const Measured& measured, const std::string& name) {
  const auto found = std::find(measured.metrics.begin(), measured.metrics.end(), name);
  if (found == measured.metrics.end()) return std::nullopt;
  return static_cast<std::size_t>(found - measured.metrics.begin());
}

}  // namespace

Result<Replay> replay_of(const Spec& spec, const Measured& measured, const std::string& metric,
                         double noise) {
  const auto value = column(measured, metric);
  if (!value) return Error{fmt::format("no column `{}`", metric)};
  const auto low = column(measured, metric + "_low");
  const auto high = column(measured, metric + "_high");
  Replay replay;
  for (const MeasuredRow& row : measured.rows) {
    const auto refuse = [&](const std::string& why, const std::string& hint = "") {
      return Error{fmt::format("line {}: `{}` {}", row.line, metric, why), hint};
    };
    Observation seen{row.metrics[*value], 0, 0};
    if (seen.value < 0) {
      return refuse("is negative", "a search needs a performance: more is better, 0 is a failure");
    }
    if (low && high) {
      seen.low = row.metrics[*low];
      seen.high = row.metrics[*high];
      if (seen.low > seen.value || seen.high < seen.value) {
        return refuse(fmt::format("is outside of `{0}_low`..`{0}_high`", metric));
      }
    } else {
      constexpr double kSigmas = 1.96;  // of a 95 % interval
      seen.low = seen.value * std::max(0.0, 1 - kSigmas * noise);
      seen.high = seen.value * (1 + kSigmas * noise);
    }
    replay.observations.push_back(seen);
  }
  replay.space = space_of(spec, measured);
  return replay;
}

MeasureCandidate Replay::measure() const {
  return [this](int candidate) -> std::optional<Observation> {
    return observations[static_cast<std::size_t>(candidate)];
  };
}

}  // namespace flexos
