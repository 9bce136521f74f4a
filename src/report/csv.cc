#include "report/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <vector>

#include "report/points.h"

namespace flexos {

namespace {

/// RFC 4180, and no line break whatever a name holds: a comment must stay one.
std::string cell(std::string text) {
  for (char& c : text) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  const bool plain = text.find_first_of(",\"#") == std::string::npos &&
                     (text.empty() || (text.front() != ' ' && text.back() != ' '));
  if (plain) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string compartments_text(const Json& c) {
  std::string text;
  for (const Json& compartment : json_member(c, "compartments")) {
    text += text.empty() ? "" : "|";
    bool first = true;
    for (const Json& name : json_member(compartment, "components")) {
      text += (first ? "" : "+") + json_text(name);
      first = false;
    }
  }
  return text;
}

std::string hardening_text(const Json& c) {
  std::string text;
  const Json& chosen = json_member(c, "hardening");
  if (!chosen.is_object()) return text;
  for (const auto& [component, list] : chosen.items()) {
    std::string names;
    for (const Json& name : list) names += (names.empty() ? "" : "+") + json_text(name);
    if (names.empty()) continue;
    if (!text.empty()) text += ';';
    text += component;
    text += ':';
    text += names;
  }
  return text;
}

struct Column {
  std::string name;
  std::vector<const char*> path;
};

const std::vector<Column>& columns() {
  static const std::vector<Column> all{
      {"relative", {"measured", "relative", "median"}},
      {"relative_low", {"measured", "relative", "low"}},
      {"relative_high", {"measured", "relative", "high"}},
      {"per_operation", {"measured", "per_operation", "median"}},
      {"per_operation_low", {"measured", "per_operation", "low"}},
      {"per_operation_high", {"measured", "per_operation", "high"}},
      {"throughput", {"measured", "throughput"}},
      {"latency_p50", {"measured", "latency", "p50"}},
      {"latency_p99", {"measured", "latency", "p99"}},
      {"instructions", {"measured", "instructions"}},
      {"crossings", {"measured", "crossings"}},
      {"runs", {"measured", "runs"}},
      {"outliers", {"measured", "outliers"}},
      {"boot_seconds", {"measured", "boot_seconds"}},
      {"memory_bytes", {"measured", "memory_bytes"}},
      {"image_bytes", {"measured", "image_bytes"}},
      {"predicted_relative", {"relative_performance"}},
      {"predicted_cost", {"cost_cycles"}},
      {"predicted_memory_bytes", {"memory_bytes_estimate"}},
      {"safety_score", {"safety_score"}},
  };
  return all;
}

std::optional<double> value(const Json& c, const Column& column) {
  const Json* at = &c;
  for (const char* key : column.path) at = &json_member(*at, key);
  return json_number(*at);
}

}  // namespace

std::string report_csv(const Json& data) {
  std::vector<const Json*> all;
  std::vector<const Json*> rows;
  for (const Json& c : json_member(data, "configurations")) all.push_back(&c);
  const auto measured = [](const Json* c) {
    return json_member(*c, "failure").is_null() && json_member(*c, "measured").is_object();
  };
  const bool any = std::any_of(all.begin(), all.end(), measured);
  std::copy_if(all.begin(), all.end(), std::back_inserter(rows),
               [&](const Json* c) { return !any || measured(c); });
  std::vector<const Column*> shown;
  for (const Column& column : columns()) {
    if (!rows.empty() && std::all_of(rows.begin(), rows.end(), [&](const Json* c) {
          return value(*c, column).has_value();
        })) {
      shown.push_back(&column);
    }
  }
  std::string csv = "compartments,hardening";
  for (const Column* column : shown) csv += "," + column->name;
  csv += "\n";
  for (const Json* c : rows) {
    // Every column behind the first two is a number: what is text stands in a comment.
    csv += "# " + cell(json_text(json_member(*c, "id"))) + "\n";
    csv += cell(compartments_text(*c)) + "," + cell(hardening_text(*c));
    for (const Column* column : shown) csv += fmt::format(",{}", *value(*c, *column));
    csv += "\n";
  }
  for (const Json* c : all) {
    if (!any || measured(c)) continue;
    const Json& failure = json_member(*c, "failure");
    const std::string cause = json_text(json_member(failure, "cause"));
    csv += "# " +
           (failure.is_null() ? std::string("not measured")
                              : "failed, " + (cause.empty() ? "unknown" : cause)) +
           ": " + cell(compartments_text(*c)) + "," + cell(hardening_text(*c)) + "," +
           cell(json_text(json_member(*c, "id"))) + "\n";
  }
  return csv;
}

}  // namespace flexos
