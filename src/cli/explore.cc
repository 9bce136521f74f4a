#include <fmt/format.h>

#include <filesystem>

#include "cli/app.h"
#include "solver/frontier.h"
#include "solver/rank.h"
#include "spec/edit_distance.h"

namespace flexos {

namespace {

/// The whole frontier of a large system may take hours; the main command shows what it finds in
/// this time and says so. `frontier` has no such limit.
constexpr double kFrontierSeconds = 10;

struct Options {
  std::string spec;
  int top = 0;
};

int run(App& app, const Options& options) {
  const auto spec = app.load(options.spec);
  if (!spec) return kNo;
  if (!app.has_profile(*spec)) return kNo;
  RankRequest request;
  static_cast<Ask&>(request) = app.ask();
  request.top = options.top > 0 ? options.top : spec->top;
  request.distinct = true;
  request.objective = spec->objective;
  const Ranking ranking = rank(*spec, request);
  if (ranking.error) return app.fail(kNo, *ranking.error);
  if (!ranking.feasible && ranking.optimal) {
    return app.fail(
        kNo, options.spec + " has no admissible configuration",
        "`flexos-explore explain " + options.spec + "` says which statements contradict");
  }
  const JudgedList best = judge_all(*spec, ranking.configurations);
  if (!best.error.empty()) return app.fail(kEnvironment, best.error);
  Ask ask = app.ask();
  ask.deadline.at = std::min(
      ask.deadline.at, std::chrono::steady_clock::now() +
                           std::chrono::milliseconds(static_cast<int>(kFrontierSeconds * 1000)));
  const Frontier curve = frontier(*spec, ask);
  const JudgedList points = judge_all(*spec, curve.points);
  if (!points.error.empty()) return app.fail(kEnvironment, points.error);
  constexpr const char* kPredicted =
      "predicted from the spec's profile; measuring images is not built yet (`flexos-explore "
      "build` makes them)";
  if (app.format == Format::json) {
    Json json;
    json["spec"] = spec->name;
    json["platform"] = spec->platform;
    json["figures"] = kPredicted;
    json["configurations"] = to_json(*spec, best.list);
    json["optimal"] = ranking.optimal;
    add_certificate(json, ranking.certificate);
    json["frontier"] = {{"points", to_json(*spec, points.list)}, {"complete", curve.complete}};
    json["poset"] = poset_json(*spec, best.list);
    json["seconds"] = app.seconds();
    return app.print(json);
  }
  if (app.format == Format::dot) return app.print(poset_dot(*spec, best.list));
  const Style style = app.out_style();
  std::string text = fmt::format(
      "{}: {} components, {} statements: consistent\n\n{} layouts, {}, none beaten in both cost "
      "and "
      "safety ({}):\n\n{}\n",
      spec->name, spec->size(), spec->statements.size(), best.list.size(),
      request.objective == Objective::fastest ? "fastest first" : "safest first",
      describe(ranking.certificate), draw_table(*spec, best.list, style));
  text += fmt::format("{} points between cost and safety{}:\n\n{}\n", points.list.size(),
                      curve.complete ? ", complete" : ", as far as found in ten seconds",
                      draw_frontier(points.list, style));
  text += fmt::format("All figures are {}.\n", kPredicted);
  return app.print(text);
}

}  // namespace

void add_explore(CLI::App& root, App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  root.add_option("SPEC", options->spec, "a spec: check, rank and show the frontier");
  root.add_option("--top", options->top, "how many layouts (default: the spec's, else 10)")
      ->check(CLI::Range(1, 1000000))
      ->option_text("N");
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
