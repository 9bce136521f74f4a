#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "codegen/result.h"
#include "report/json.h"

/// The report as one file: the data (specs/schema/report.json) and the page that shows it, with no
/// connection to anything.
namespace flexos {

/// The page's script and style sheet, made from src/report/web by scripts/build-report.
struct ReportBundle {
  std::string script;
  std::string style;
};

/// Reads bundle.js and bundle.css from the first of `folders` that has them.
Result<ReportBundle> read_bundle(const std::vector<std::filesystem::path>& folders);

/// Where a program that stands in `program` finds the bundle: installed beside it, or in the
/// source tree that it was built in.
std::vector<std::filesystem::path> bundle_folders(const std::filesystem::path& program);

/// Nothing of `data` can become markup or code: it is embedded as a block of JSON in which no
/// character has a meaning for HTML, and the policy of the page allows no script but the bundle's
/// and no connection at all.
Result<std::string> html_report(const Json& data, const ReportBundle& bundle);

/// What the page needs of the data: without what it can tell from the rest, and of a long frontier
/// the whole curve but only so many configurations.
Json for_page(const Json& data);

/// JSON in which no character means anything to HTML or to a reader of lines: <, >, & and all that
/// is not ASCII are \u escapes. Bytes that are no UTF-8 become U+FFFD.
std::string json_for_html(const Json& data);

}  // namespace flexos
