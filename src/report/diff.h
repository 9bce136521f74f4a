#pragma once

#include <string>
#include <vector>

#include "codegen/result.h"
#include "report/json.h"
#include "report/table.h"

namespace flexos {

/// One thing that is not as it was.
struct Change {
  enum class Kind : std::uint8_t {
    slower,       ///< beyond noise and tolerance: a regression
    less_safe,    ///< isolation or hardening that was there is gone: a regression
    attack_open,  ///< an attack succeeds that did not: a regression
    not_clean,    ///< the scan finds what it did not: a regression
    failed,       ///< what ran does not: a regression
    faster,
    safer,
    added,
    removed,
    uncertain,  ///< said for information: changed, and within noise or not comparable
  };
  Kind kind{};
  std::string id;  ///< of the configuration, in the result where it is in both
  std::string text;
  bool regression() const { return kind <= Kind::failed; }
};
const char* name(Change::Kind kind);

struct ReportDiff {
  std::vector<Change> changes;
  std::vector<std::string> notes;  ///< what could not be compared, and why
  int compared = 0;                ///< configurations that are in both
  int measured = 0;                ///< of these, measured in both
  bool regression() const;
};

/// Holds one report's data against an earlier one of the same spec. Slower is what is slower by
/// more than `tolerance` (a part of 1) where the two intervals do not overlap. Configurations are
/// the same by id; a layout whose hardening or mechanism changed is found by its compartments.
Result<ReportDiff> diff_reports(const Json& baseline, const Json& result, double tolerance);

std::string draw_diff(const ReportDiff& diff, const Style& style);
Json to_json(const ReportDiff& diff);

}  // namespace flexos
