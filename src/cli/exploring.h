#pragma once

#include <optional>
#include <string>

#include "cli/measuring.h"
#include "report/data.h"

namespace flexos {

struct ExploringOptions {
  MeasuringOptions measuring;
  int top = 0;  ///< 0: the spec's
  /// Also what others beat in cost and safety: for whoever wants all of a small space measured.
  bool all = false;
  /// What counts as affordable, in place of the spec's budget.
  std::optional<double> slowdown;
  bool build = true;
  bool measure = true;
  bool attack = false;
  std::string preset;  ///< for the report alone: the spec was loaded with it
};

/// How an exploration ended.
struct Explored {
  int code = kDone;
  /// Why `code` is not 0, in a word: infeasible, unsupported, build, environment, interrupted.
  std::string cause;
  std::string message;
  std::string hint;
  std::optional<Exploration> exploration;  ///< what there is; absent where there is nothing
};

/// Check, rank, build, measure: each step says on stderr what it does, how long that may take and
/// how long it took. What cannot be built or measured is left out and named; the rest goes on.
/// Ctrl-C ends it after the run that is going on, with what there is.
Explored explore_spec(App& app, const Spec& spec, const ExploringOptions& options);

/// The last step: DIR/NAME.json, .csv and .html, each whole or not at all. Adds itself to the
/// exploration's steps. What could be written is in `files`, the page last.
struct ReportFiles {
  int code = kDone;
  std::vector<std::filesystem::path> files;
  Json data;
};
ReportFiles write_report(App& app, Exploration& exploration, const std::filesystem::path& folder,
                         const std::string& name);

/// A spec's name as the name of a file.
std::string file_name(const std::string& name);

}  // namespace flexos
