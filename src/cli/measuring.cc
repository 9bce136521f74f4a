#include "cli/measuring.h"

#include <fmt/format.h>

#include <algorithm>

#include "model/configuration.h"

namespace flexos {

std::filesystem::path MeasuringOptions::database() const {
  return results.empty() ? std::filesystem::path(out) / "results.db"
                         : std::filesystem::path(results);
}

std::filesystem::path MeasuringOptions::images() const {
  return std::filesystem::path(out) / "images";
}

void add_measuring_options(CLI::App& command, MeasuringOptions& options) {
  command
      .add_option("--platform", options.platform,
                  "qemu, linux, or with its clock: qemu/tcg/instructions (default: the spec's)")
      ->option_text("NAME");
  command.add_option("--workload", options.workload, "of specs/workloads (default: the spec's)")
      ->option_text("NAME");
  command.add_option("-n", options.operations, "operations a run (default: the workload's)")
      ->check(CLI::Range(1, 1000000000))
      ->option_text("N");
  command
      .add_option("--width", options.width,
                  "until the 95 % interval of the slowdown is this narrow, as a part of it")
      ->check(CLI::Range(0.0001, 1.0))
      ->option_text("PART")
      ->capture_default_str();
  command.add_option("--budget", options.budget, "seconds; then with the intervals that there are")
      ->check(CLI::PositiveNumber)
      ->option_text("SECONDS");
  command.add_flag("--lean", options.lean, "speed alone: no boot time, memory, latency");
  command.add_flag("--retry", options.retry, "try again what failed before");
  command.add_flag("--runs", options.runs, "a line on stderr for each run that was kept");
  command.add_option("-o,--output", options.out, "folder of images and results")
      ->option_text("DIR")
      ->capture_default_str();
  command.add_option("--results", options.results, "the database (default: DIR/results.db)")
      ->option_text("FILE");
}

int refuse(App& app, const Error& error) {
  return app.fail(error.environment ? kEnvironment : kNo, error.message, error.hint);
}

Measuring::Measuring()
    : objects_(objects_folder(FLEXOS_SOURCE_DIR), FLEXOS_SOURCE_DIR), machine_(this_machine()) {}

std::unique_ptr<Measuring> Measuring::open(App& app, const Spec& spec,
                                           const MeasuringOptions& options,
                                           const std::vector<Configuration>& configurations,
                                           int& code) {
  LoadedWorkload loaded = load_workload_of(spec, options.workload, app.library());
  for (const Diagnostic& d : loaded.diagnostics) {
    std::fprintf(stderr, "%s\n", render(d, app.err_color()).c_str());
  }
  code = kNo;
  if (!loaded.workload) {
    if (app.format == Format::json) app.print(Json{{"errors", to_json(loaded.diagnostics)}});
    return nullptr;
  }
  const bool keys =
      std::any_of(configurations.begin(), configurations.end(), [&](const Configuration& c) {
        return std::any_of(c.levels.begin(), c.levels.end(), [](Level l) { return l != 0; });
      });
  auto choice = choose_platform(options.platform, spec.platform, keys, loaded.workload->driver());
  if (!choice) {
    code = choice.error().environment ? kEnvironment : kUsage;
    app.fail(code, choice.error().message, choice.error().hint);
    return nullptr;
  }
  auto results = ResultStore::open(options.database());
  if (!results) {
    code = refuse(app, results.error());
    return nullptr;
  }
  std::unique_ptr<Measuring> m(new Measuring);
  m->objects_.progress = [&app](const std::string& line) { app.progress(line); };
  m->results_ = std::move(*results);
  m->workload_ = std::move(*loaded.workload);
  m->operations_ =
      options.operations > 0 ? options.operations : m->workload_.usual_operations(choice->platform);
  m->choice_ = std::move(*choice);
  MeasureOptions measure;
  measure.platform = m->choice_.platform;
  measure.workload = m->workload_;
  measure.operations = m->operations_;
  measure.width = options.width;
  measure.budget_seconds = options.budget;
  measure.extras = !options.lean;
  measure.retry = options.retry;
  measure.images = options.images();
  measure.project = FLEXOS_SOURCE_DIR;
  measure.tool = "flexos-explore " FLEXOS_VERSION;
  measure.progress = [&app](const Progress& p) { app.progress(p.text); };
  // app.ask() makes Ctrl-C a wish to end, which we ask for between two runs.
  measure.stop = [deadline = app.ask().deadline] { return deadline.passed(); };
  if (options.runs) {
    measure.ended = [](const RunEnded& r) {
      std::fprintf(stderr, "run %s %s %s %s %.6f\n", r.run.c_str(), r.configuration.c_str(),
                   r.kind.c_str(), std::string(name(r.failure)).c_str(), r.seconds);
      std::fflush(stderr);
    };
  }
  m->harness_ = std::make_unique<Harness>(spec, m->objects_, *m->results_, std::move(measure));
  code = kDone;
  return m;
}

}  // namespace flexos
