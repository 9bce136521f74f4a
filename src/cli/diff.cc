#include "report/diff.h"

#include <fmt/format.h>

#include <filesystem>
#include <map>

#include "cli/app.h"
#include "spec/source.h"

namespace flexos {

namespace {

namespace fs = std::filesystem;

struct Options {
  std::string baseline;
  std::string result;
  double tolerance = 2;  ///< per cent
};

/// A report's data grow with its configurations and their gates: megabytes for a dozen.
constexpr std::size_t kMostBytes = std::size_t{1} << 30;

Result<Json> read_report(const fs::path& file) {
  const ReadResult read = read_file(file.string(), kMostBytes);
  if (read.status == ReadStatus::too_large) {
    return Error{fmt::format("{} is larger than {} MiB", file.string(), kMostBytes >> 20U)};
  }
  if (read.status != ReadStatus::ok) {
    return Error{"cannot read " + file.string() + (read.reason.empty() ? "" : ": " + read.reason)};
  }
  Json json = Json::parse(read.text, nullptr, false);
  if (json.is_discarded()) {
    return Error{file.string() + " is not JSON", "`flexos-explore SPEC` writes explored/NAME.json"};
  }
  return json;
}

/// The reports of a folder, by file name. Other JSON files in it are none of ours.
std::map<std::string, fs::path> reports_in(const fs::path& folder) {
  std::map<std::string, fs::path> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".json") found[entry.path().filename()] = entry.path();
  }
  return found;
}

/// What is compared with what; the second may be missing.
struct Work {
  std::string name;
  fs::path baseline;
  fs::path result;
};

int run(App& app, const Options& options) {
  std::error_code error;
  const bool folders = fs::is_directory(options.baseline, error);
  if (folders != fs::is_directory(options.result, error)) {
    return app.fail(kUsage, "one is a folder and one is not",
                    "compare two files NAME.json, or two folders of them");
  }
  std::vector<Work> work;
  std::vector<std::string> fresh;
  if (folders) {
    const auto before = reports_in(options.baseline);
    const auto now = reports_in(options.result);
    for (const auto& [file, path] : before) {
      const auto partner = now.find(file);
      work.push_back({file, path, partner == now.end() ? fs::path() : partner->second});
    }
    for (const auto& [file, path] : now) {
      if (!before.contains(file)) fresh.push_back(file);
    }
    if (work.empty()) {
      return app.fail(kNo, "there is no report's data in " + options.baseline,
                      "`flexos-explore sweep SPECS... -o DIR` writes it");
    }
  } else {
    work.push_back({fs::path(options.result).filename(), options.baseline, options.result});
  }
  Json list = Json::array();
  std::string text;
  bool regression = false;
  for (const Work& w : work) {
    if (w.result.empty()) {
      regression = true;
      list.push_back({{"name", w.name}, {"regression", true}, {"missing", true}});
      text += w.name + ": was there, and is not any more\n";
      continue;
    }
    const auto baseline = read_report(w.baseline);
    if (!baseline) return app.fail(kNo, baseline.error().message, baseline.error().hint);
    const auto result = read_report(w.result);
    if (!result) return app.fail(kNo, result.error().message, result.error().hint);
    const auto diff = diff_reports(*baseline, *result, options.tolerance / 100);
    if (!diff) {
      return app.fail(kNo, w.name + ": " + diff.error().message, diff.error().hint);
    }
    regression |= diff->regression();
    Json one{{"name", w.name}};
    one.update(to_json(*diff));
    list.push_back(std::move(one));
    text += fmt::format("{}: {} configurations in both, {} measured in both: {}\n", w.name,
                        diff->compared, diff->measured,
                        diff->regression()      ? "worse"
                        : diff->changes.empty() ? "the same"
                                                : "no worse");
    for (const std::string& note : diff->notes) text += "  note: " + note + "\n";
    text += draw_diff(*diff, app.out_style());
  }
  for (const std::string& file : fresh) text += file + ": new, nothing to compare it with\n";
  const int printed = app.format == Format::json
                          ? app.print(Json{{"regression", regression},
                                           {"tolerance", options.tolerance / 100},
                                           {"reports", std::move(list)},
                                           {"new", fresh}})
                          : app.print(text);
  if (printed != kDone) return printed;
  return regression ? kNo : kDone;
}

}  // namespace

void add_diff(CLI::App& root, App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      root, app, "diff", "Did anything get slower, or less isolated, than it was?",
      [&app, options] { return run(app, *options); }, exit_code);
  command->add_option("BASELINE", options->baseline, "a report's data, or a folder of them")
      ->required();
  command->add_option("RESULT", options->result, "the one to judge")->required();
  command->add_option("--tolerance", options->tolerance, "slower by more than this is a regression")
      ->check(CLI::NonNegativeNumber)
      ->option_text("PERCENT")
      ->capture_default_str();
}

}  // namespace flexos
