#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "cli/calibrated.h"
#include "cli/exploring.h"
#include "cli/files.h"
#include "report/junit.h"
#include "report/outcome.h"
#include "report/sarif.h"
#include "solver/explain.h"
#include "spec/edit_distance.h"

namespace flexos {

namespace {

constexpr const char* kAsWritten = "as-written";

struct Options {
  std::vector<std::string> specs;
  std::vector<std::string> presets;
  ExploringOptions exploring;
  bool no_measure = false;
  std::string junit;
  std::string sarif;
};

/// One spec under one isolation strategy.
struct Row {
  TestCase test;
  std::string file;
  std::string id;  ///< of the best
  double predicted = 0;
  std::string measured;
  double score = 0;
  std::string report;  ///< its data; empty: none was written
  int code = kDone;
};

/// The statements that contradict each other, a line each.
std::string contradiction(App& app, const Spec& spec) {
  std::string text;
  for (const int s : explain(spec, app.ask()).conflict) {
    const Origin& origin = spec.statements[static_cast<std::size_t>(s)].origin;
    text += fmt::format("{}:{}: {}\n", origin.file, origin.line, origin.text);
  }
  return text;
}

void fail(Row& row, int code, const std::string& cause, const std::string& message,
          const std::string& details = {}) {
  row.code = code;
  row.test.result = code == kEnvironment ? TestCase::Result::error : TestCase::Result::failed;
  row.test.cause = cause;
  row.test.message = message;
  row.test.details = details;
}

void skip(Row& row, const std::string& cause, const std::string& message) {
  row.test.result = TestCase::Result::skipped;
  row.test.cause = cause;
  row.test.message = message;
}

/// What the best of an exploration says of the whole row.
void judge_best(Row& row, const Exploration& x) {
  if (x.entries.empty()) return;
  const auto& best = x.entries.front();
  row.id = configuration_id(x.spec, best.judged.configuration);
  row.predicted = best.judged.evaluation.slowdown;
  row.score = best.judged.evaluation.safety_score;
  row.measured = measured_text(x, best);
  row.test.details = draw_layout(x.spec, best.judged.configuration);
  if (best.image && !best.image->scan_clean) {
    fail(row, kNo, "scan", "the image holds what only gates and platform may hold");
  }
  if (!best.measurement) return;
  const Measurement& m = *best.measurement;
  if (m.failure != Failure::none) {
    const bool host = m.failure == Failure::environment || m.failure == Failure::no_keys;
    fail(row, host ? kEnvironment : kNo, std::string(name(m.failure)),
         fmt::format("image {}: {}: {}", row.id, name(m.failure), m.detail), row.test.details);
    return;
  }
  const auto budget = x.slowdown_budget();
  const auto slowdown = best_known_slowdown(x.spec, best);
  if (m.ok() && budget && slowdown && *slowdown > *budget) {
    fail(row, kNo, "budget", fmt::format("measured {:.4f}x, the budget is {}x", *slowdown, *budget),
         row.test.details);
  }
}

class Sweep {
 public:
  Sweep(App& app, Options& options) : app_(app), options_(options) {}

  int run() {
    if (const int code = check_presets(); code != kDone) return code;
    options_.exploring.measure = !options_.no_measure;
    if (options_.exploring.top == 0) options_.exploring.top = 1;
    std::vector<std::string> presets = options_.presets;
    if (presets.empty()) presets.emplace_back();
    const std::size_t all = options_.specs.size() * presets.size();
    for (const std::string& file : options_.specs) {
      for (const std::string& preset : presets) {
        Row row;
        row.file = file;
        row.test.suite = file;
        row.test.name = preset.empty() ? kAsWritten : preset;
        if (interrupted_) {
          skip(row, "interrupted", "interrupted before its turn");
        } else {
          app_.say(fmt::format("({} of {}) {}, {}", rows_.size() + 1, all, file, row.test.name));
          const double started = app_.seconds();
          explore(row, preset);
          row.test.seconds = app_.seconds() - started;
        }
        rows_.push_back(std::move(row));
        // Whoever is killed leaves what was known until then.
        if (const int code = write_files(); code != kDone) return code;
      }
    }
    return answer();
  }

 private:
  int check_presets() {
    const std::vector<std::string> known = preset_names(app_.library());
    for (const std::string& preset : options_.presets) {
      if (std::find(known.begin(), known.end(), preset) != known.end()) continue;
      return app_.fail(kUsage, "--preset: there is no `" + preset + "`",
                       did_you_mean(preset, known, list_names("there are", known)));
    }
    return kDone;
  }

  void explore(Row& row, const std::string& preset) {
    Loaded loaded = load_spec(row.file, app_.library(), preset);
    for (const Diagnostic& d : loaded.diagnostics) {
      std::fprintf(stderr, "%s\n", render(d, app_.err_color()).c_str());
      // The same spec under another strategy says the same again.
      if (said_.insert(fmt::format("{}:{}:{}:{}", d.file, d.line, d.column, d.message)).second) {
        diagnostics_.push_back(d);
      }
    }
    if (!loaded.spec) {
      std::string text;
      for (const Diagnostic& d : loaded.diagnostics) text += render(d, false) + "\n";
      fail(row, kNo, "spec", "the spec has errors", text);
      return;
    }
    if (auto used = use_calibrated_costs(*loaded.spec); !used) {
      fail(row, kEnvironment, "environment", used.error().message);
      return;
    }
    const Spec& spec = *loaded.spec;
    row.test.suite = spec.name;
    if (!spec.profile) {
      fail(row, kNo, "spec", "the spec has no `profile`, which costs are computed from");
      return;
    }
    options_.exploring.preset = preset;
    Explored end = explore_spec(app_, spec, options_.exploring);
    if (!end.exploration) {
      fail(row, end.code, end.cause, end.message,
           end.cause == "infeasible" ? contradiction(app_, spec) : std::string());
      return;
    }
    Exploration& x = *end.exploration;
    judge_best(row, x);
    const std::string name = unique_name(spec.name, preset);
    const ReportFiles report = write_report(app_, x, options_.exploring.measuring.out, name);
    if (!report.files.empty()) row.report = report.files.front().string();
    interrupted_ |= end.code == 130;
    const bool passed = row.test.result == TestCase::Result::passed;
    if (end.cause == "interrupted") {
      if (!(passed && !x.entries.empty() && x.entries.front().measurement)) {
        skip(row, "interrupted", "interrupted");
      }
    } else if (end.cause == "unsupported") {
      skip(row, "unsupported", x.not_measured);
    } else if (end.code != kDone && passed) {
      fail(row, end.code, end.cause, end.message, row.test.details);
    } else if (passed && options_.exploring.measure && !x.not_measured.empty()) {
      skip(row, "not-measured", "only predicted: " + x.not_measured);
    }
    if (report.code != kDone && row.code == kDone) row.code = report.code;
  }

  /// Two specs of one name in one sweep must not write over each other.
  std::string unique_name(const std::string& spec, const std::string& preset) {
    const std::string wanted = file_name(preset.empty() ? spec : spec + "-" + preset);
    std::string name = wanted;
    for (int i = 2; !names_.insert(name).second; ++i) name = fmt::format("{}-{}", wanted, i);
    return name;
  }

  int write_files() {
    std::vector<TestCase> tests;
    for (const Row& row : rows_) tests.push_back(row.test);
    const auto write = [&](const std::string& file, const std::string& content) {
      if (file.empty()) return static_cast<int>(kDone);
      const auto done = write_file(file, content);
      return done ? static_cast<int>(kDone)
                  : app_.fail(kEnvironment, done.error().message, done.error().hint);
    };
    if (const int code = write(options_.junit, to_junit("flexos-explore sweep", tests));
        code != kDone) {
      return code;
    }
    return write(options_.sarif, to_sarif(diagnostics_, FLEXOS_VERSION).dump(2) + "\n");
  }

  int answer() {
    int code = kDone;
    std::size_t passed = 0;
    for (const Row& row : rows_) {
      passed += row.test.result == TestCase::Result::passed ? 1 : 0;
      // An answer that is no is worth more than one that could not be had.
      if (row.code == kNo || code == kDone) code = row.code;
    }
    const int printed =
        app_.format == Format::json ? app_.print(json()) : app_.print(table(passed));
    if (printed != kDone) return printed;
    if (interrupted_) {
      app_.note(
          fmt::format("interrupted; what is measured is kept in {}: the same command goes on "
                      "from there",
                      options_.exploring.measuring.database().string()));
      return 130;
    }
    return code;
  }

  static const char* word(TestCase::Result result) {
    switch (result) {
      case TestCase::Result::passed:
        return "passed";
      case TestCase::Result::failed:
        return "failed";
      case TestCase::Result::error:
        return "error";
      case TestCase::Result::skipped:
        return "skipped";
    }
    return "?";
  }

  Json json() const {
    Json list = Json::array();
    for (const Row& row : rows_) {
      list.push_back({{"spec", row.test.suite},
                      {"file", row.file},
                      {"preset", row.test.name == kAsWritten ? Json(nullptr) : Json(row.test.name)},
                      {"result", word(row.test.result)},
                      {"cause", row.test.cause.empty() ? Json(nullptr) : Json(row.test.cause)},
                      {"message", row.test.message},
                      {"id", row.id.empty() ? Json(nullptr) : Json(row.id)},
                      {"predicted", row.predicted > 0 ? Json(row.predicted) : Json(nullptr)},
                      {"safety_score", row.id.empty() ? Json(nullptr) : Json(row.score)},
                      {"report", row.report.empty() ? Json(nullptr) : Json(row.report)},
                      {"seconds", row.test.seconds}});
    }
    return {
        {"results", std::move(list)}, {"interrupted", interrupted_}, {"seconds", app_.seconds()}};
  }

  std::string table(std::size_t passed) const {
    std::size_t widest = 4;
    for (const Row& row : rows_) widest = std::max(widest, row.test.suite.size());
    std::string text =
        emphasis(
            fmt::format("{:<{}}  {:<12}  {:<8}  {:<12}  {:>9}  {:<24}  {:>5}  {}", "spec", widest,
                        "strategy", "result", "id", "predicted", "measured", "score", "why"),
            app_.out_style()) +
        "\n";
    for (const Row& row : rows_) {
      std::string why = row.test.cause;
      if (!row.test.message.empty()) why += (why.empty() ? "" : ": ") + row.test.message;
      text += fmt::format("{:<{}}  {:<12}  {:<8}  {:<12}  {:>9}  {:<24}  {:>5}  {}\n",
                          row.test.suite, widest, row.test.name, word(row.test.result), row.id,
                          row.id.empty() ? "" : slowdown_text(row.predicted), row.measured,
                          row.id.empty() ? "" : fmt::format("{:.3f}", row.score), why);
    }
    return text + fmt::format("\n{} of {} passed; reports in {}\n", passed, rows_.size(),
                              options_.exploring.measuring.out);
  }

  App& app_;
  Options& options_;
  std::vector<Row> rows_;
  std::vector<Diagnostic> diagnostics_;
  std::set<std::string> said_;
  std::set<std::string> names_;
  bool interrupted_ = false;
};

}  // namespace

void add_sweep(CLI::App& root, App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      root, app, "sweep", "Measures the best image of each spec under each isolation strategy",
      [&app, options] { return Sweep(app, *options).run(); }, exit_code);
  command->add_option("SPEC", options->specs, "the specs")->required();
  command
      ->add_option("--preset", options->presets,
                   "strategies of specs/presets in place of each spec's own (default: as written)")
      ->option_text("NAME...");
  command->add_option("--top", options->exploring.top, "images of each (default: 1)")
      ->check(CLI::Range(1, 10000))
      ->option_text("N");
  command->add_flag("--no-measure", options->no_measure, "build the images and do not run them");
  command->add_flag("--attack", options->exploring.attack, "attack each image as well");
  command->add_option("--junit", options->junit, "write the results there as JUnit XML")
      ->option_text("FILE");
  command->add_option("--sarif", options->sarif, "write findings about the specs there as SARIF")
      ->option_text("FILE");
  add_measuring_options(*command, options->exploring.measuring);
}

}  // namespace flexos
