#include "report/points.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace flexos {

const Json& json_member(const Json& object, const char* key) {
  static const Json nothing;
  if (!object.is_object()) return nothing;
  const auto found = object.find(key);
  return found == object.end() ? nothing : *found;
}

std::optional<double> json_number(const Json& value) {
  if (!value.is_number()) return std::nullopt;
  const double number = value.get<double>();
  return std::isfinite(number) ? std::optional<double>(number) : std::nullopt;
}

std::string json_text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : std::string();
}

namespace {

std::optional<double> predicted_performance(const Json& c) {
  if (const auto performance = json_number(json_member(c, "relative_performance"))) {
    return performance;
  }
  const auto slowdown = json_number(json_member(c, "slowdown"));
  return slowdown && *slowdown > 0 ? std::optional<double>(1 / *slowdown) : std::nullopt;
}

std::string proof_text(const Json& data) {
  const std::string proof = json_text(json_member(data, "proof"));
  if (proof == "z3" || proof == "bound") return "proven";
  const auto gap = json_number(json_member(data, "gap"));
  if (proof == "gap" && gap && *gap < 1) return fmt::format("gap {:.2f} %", 100 * *gap);
  return "unproven";
}

/// What nothing beats in both, slowest first.
std::vector<ReportStep> corners(std::vector<ReportStep> steps) {
  std::sort(steps.begin(), steps.end(), [](const ReportStep& a, const ReportStep& b) {
    return a.performance != b.performance ? a.performance > b.performance : a.score > b.score;
  });
  std::vector<ReportStep> kept;
  for (const ReportStep& step : steps) {
    if (kept.empty() || step.score > kept.back().score) kept.push_back(step);
  }
  std::reverse(kept.begin(), kept.end());
  return kept;
}

}  // namespace

ReportPlane report_plane(const Json& data) {
  ReportPlane plane;
  plane.spec = json_text(json_member(data, "spec"));
  const Json& platform = json_member(data, "platform");
  plane.platform = json_text(json_member(platform, "key"));
  plane.machine = json_text(json_member(platform, "machine"));
  plane.proof = proof_text(data);
  const auto slowdown = json_number(json_member(json_member(data, "budget"), "slowdown"));
  if (slowdown && *slowdown > 0) plane.least = 1 / *slowdown;

  std::set<std::string> stars;
  for (const Json& id : json_member(data, "stars")) stars.insert(json_text(id));
  std::map<std::string, std::size_t> by_id;
  for (const Json& c : json_member(data, "configurations")) {
    const auto score = json_number(json_member(c, "safety_score"));
    if (!score) continue;
    ReportPoint point;
    point.id = json_text(json_member(c, "id"));
    point.score = *score;
    point.predicted = predicted_performance(c);
    point.failed = !json_member(c, "failure").is_null();
    point.within_budget = json_member(c, "within_budget") != Json(false);
    point.star = stars.count(point.id) > 0;
    const Json& relative = json_member(json_member(c, "measured"), "relative");
    if (const auto median = json_number(json_member(relative, "median")); median && !point.failed) {
      point.measured = median;
      point.low = json_number(json_member(relative, "low")).value_or(*median);
      point.high = json_number(json_member(relative, "high")).value_or(*median);
    }
    if (!point.performance()) continue;
    by_id[point.id] = plane.points.size();
    plane.points.push_back(std::move(point));
  }

  std::vector<ReportStep> steps;
  for (const Json& c : json_member(json_member(data, "frontier"), "points")) {
    const auto performance = predicted_performance(c);
    const auto score = json_number(json_member(c, "safety_score"));
    if (performance && score) steps.push_back({*performance, *score});
  }
  plane.predicted = corners(std::move(steps));
  steps.clear();
  for (const Json& id : json_member(data, "measured_frontier")) {
    const auto found = by_id.find(json_text(id));
    if (found == by_id.end()) continue;
    const ReportPoint& point = plane.points[found->second];
    if (point.measured) steps.push_back({*point.measured, point.score});
  }
  plane.measured = corners(std::move(steps));
  return plane;
}

}  // namespace flexos
