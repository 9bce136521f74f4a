#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/json.h"

/// The report's data as points of the plane performance x safety score, for whoever draws them.
namespace flexos {

/// A configuration. Performance is relative to the unprotected image's.
struct ReportPoint {
  std::string id;
  std::optional<double> predicted;
  std::optional<double> measured;
  double low = 0;  ///< of the measured interval
  double high = 0;
  double score = 0;
  bool failed = false;
  bool within_budget = true;
  bool star = false;  ///< nothing affordable is safer in every respect

  /// Measured where it was measured.
  std::optional<double> performance() const { return measured ? measured : predicted; }
};

/// A corner of a frontier.
struct ReportStep {
  double performance = 0;
  double score = 0;
};

struct ReportPlane {
  std::string spec;
  std::string platform;  ///< "qemu/tcg/instructions"; empty where nothing says so
  std::string machine;
  std::string proof;            ///< in a word or two
  std::optional<double> least;  ///< performance that the budget asks for
  std::vector<ReportPoint> points;
  std::vector<ReportStep> predicted;  ///< the frontier, slowest first
  std::vector<ReportStep> measured;
};

/// Reads what NAME.json holds; what is missing or of another type is left out.
ReportPlane report_plane(const Json& data);

/// A member of an object, or null: whatever the text holds, asking is safe.
const Json& json_member(const Json& object, const char* key);
std::optional<double> json_number(const Json& value);
std::string json_text(const Json& value);

}  // namespace flexos
