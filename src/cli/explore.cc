#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "cli/app.h"
#include "cli/exploring.h"
#include "report/outcome.h"
#include "report/plot.h"
#include "spec/edit_distance.h"

namespace flexos {

namespace {

struct Options {
  std::string spec;
  ExploringOptions exploring;
  bool no_measure = false;
  bool predict_only = false;
};

std::string headline(const Exploration& x) {
  std::size_t measured = 0;
  for (const auto& e : x.entries) measured += e.measurement && e.measurement->ok() ? 1 : 0;
  std::string text =
      fmt::format("{}: {}, {}{} ({})\n", x.spec.name, x.entries_text(),
                  x.spec.objective == Objective::fastest ? "fastest first" : "safest first",
                  x.all ? "" : ", none beaten in both cost and safety", describe(x.certificate));
  if (measured > 0 && x.platform && x.spec.profile) {
    text += fmt::format("measured on {} ({}), {}; slowdown against the unprotected image\n",
                        x.platform->key(), x.machine, x.workload);
    const char* predicted = name(x.spec.profile->clock);
    if (x.platform->clock != predicted) {
      text += fmt::format("predicted in {}, measured in {}: two yardsticks\n", predicted,
                          x.platform->clock);
    }
  }
  return text + "\n";
}

std::string text_of(const Exploration& x, const ReportFiles& report, const Json& data,
                    const Style& style) {
  std::string text = headline(x) + draw_outcome(x, style) + "\n";
  text += fmt::format("{} points between cost and safety{}:\n\n{}\n", x.frontier.size(),
                      x.frontier_complete ? ", complete" : ", as far as found in ten seconds",
                      draw_frontier(data, style));
  if (!x.not_measured.empty()) {
    text += "All figures are predicted from the spec's profile: " + x.not_measured + ".\n";
  }
  if (!report.files.empty()) text += "report: " + report.files.back().string() + "\n";
  return text;
}

/// What a person who only looks at the exit code must learn: LANGUAGE, "exit codes".
int judge_end(App& app, const Explored& end, const Options& options) {
  const Exploration& x = *end.exploration;
  if (end.code == 130) {
    app.note(
        fmt::format("interrupted; what is measured is kept in {}: the same command goes on "
                    "from there",
                    options.exploring.measuring.database().string()));
    return end.code;
  }
  if (end.code != kDone) return app.fail(end.code, end.message, end.hint);
  std::size_t failed = 0;
  bool environment = false;
  bool measured = false;
  bool affordable = false;
  const auto budget = x.slowdown_budget();
  for (const auto& e : x.entries) {
    if (!e.measurement) continue;
    const Failure failure = e.measurement->failure;
    failed += failure != Failure::none ? 1 : 0;
    environment |= failure == Failure::environment || failure == Failure::no_keys;
    if (!e.measurement->ok()) continue;
    measured = true;
    const auto slowdown = best_known_slowdown(x.spec, e);
    affordable |= !budget || (slowdown && *slowdown <= *budget);
  }
  if (failed > 0) {
    return app.fail(environment ? kEnvironment : kNo,
                    fmt::format("{} of {} images failed", failed, x.entries.size()),
                    "`flexos-explore run IMAGE` shows what one says; `--retry` tries them again");
  }
  if (measured && !affordable) {
    return app.fail(kNo,
                    fmt::format("nothing that was measured is within the budget of {}x", *budget),
                    "measure more of them with --top, or relax `budget: {slowdown: ...}`");
  }
  return kDone;
}

int run(App& app, Options& options) {
  const auto spec = app.load(options.spec);
  if (!spec) return kNo;
  if (!app.has_profile(*spec)) return kNo;
  options.exploring.build = !options.predict_only;
  options.exploring.measure = !options.no_measure;
  Explored end = explore_spec(app, *spec, options.exploring);
  if (!end.exploration) return app.fail(end.code, end.message, end.hint);
  Exploration& x = *end.exploration;
  ReportFiles report;
  if (options.predict_only) {
    report.data = report_json(x);
  } else {
    report = write_report(app, x, options.exploring.measuring.out, file_name(spec->name));
  }
  int printed = kDone;
  if (app.format == Format::json) {
    printed = app.print(report.data);
  } else if (app.format == Format::dot) {
    std::vector<Judged> list;
    for (const auto& e : x.entries) list.push_back(e.judged);
    printed = app.print(poset_dot(x.spec, list));
  } else {
    printed = app.print(text_of(x, report, report.data, app.out_style()));
  }
  if (printed != kDone) return printed;
  if (options.predict_only && end.code == 130) return kDone;  // a search cut short is an answer
  const int code = judge_end(app, end, options);
  return code != kDone ? code : report.code;
}

}  // namespace

void add_explore(CLI::App& root, App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  root.add_option("SPEC", options->spec,
                  "a spec: check, rank, build the best, measure them, report");
  root.add_option("--top", options->exploring.top,
                  "how many images: the fastest layouts, from 4 on half of them along the "
                  "frontier (default: the spec's, else 10)")
      ->check(CLI::Range(1, 10000))
      ->option_text("N");
  root.add_option("--slowdown", options->exploring.slowdown,
                  "what counts as affordable, in place of the spec's budget; dearer ones are shown")
      ->check(CLI::Range(1.0, 1e6))
      ->option_text("X");
  root.add_flag("--all", options->exploring.all,
                "also configurations that others beat in both cost and safety");
  root.add_flag("--no-measure", options->no_measure, "build the images and do not run them");
  root.add_flag("--predict-only", options->predict_only,
                "check, rank and show the frontier; nothing is built or written");
  root.add_flag("--attack", options->exploring.attack, "attack each image as well, for the report");
  add_measuring_options(root, options->exploring.measuring);
  add_common_options(root, app);
  root.callback([&root, &app, &exit_code, options] {
    if (!root.get_subcommands().empty()) return;
    std::vector<std::string> commands;
    for (const CLI::App* command : root.get_subcommands(nullptr)) {
      commands.push_back(command->get_name());
    }
    if (options->spec.empty()) {
      exit_code = app.fail(kUsage, "no spec and no command",
                           "`flexos-explore SPEC.yaml`, or " + list_names("one of", commands) +
                               "; more with --help");
      return;
    }
    // A word that is no file is a command misspelt.
    std::error_code error;
    if (options->spec.find_first_of("./") == std::string::npos &&
        !std::filesystem::exists(options->spec, error)) {
      exit_code =
          app.fail(kUsage, "no command and no file `" + options->spec + "`",
                   did_you_mean(options->spec, commands, list_names("there are", commands)));
      return;
    }
    exit_code = run(app, *options);
  });
}

}  // namespace flexos
