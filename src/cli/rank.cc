#include "solver/rank.h"

#include <fmt/format.h>

#include "cli/app.h"
#include "cli/calibrated.h"

namespace flexos {

namespace {

struct Options {
  std::string spec;
  int top = 0;
  bool distinct = false;
  std::string objective;
  bool poset = false;
};

std::string headline(const Spec& spec, const Ranking& ranking, Objective objective,
                     const Options& options, double seconds) {
  const std::size_t count = ranking.configurations.size();
  std::string what = objective == Objective::fastest ? "fastest first" : "safest first";
  if (options.distinct) what += ", one a layout, none beaten in both cost and safety";
  return fmt::format("{}: {}{} admissible configuration{}, {} ({}, {:.2f} s)\n\n", spec.name,
                     ranking.exhausted ? "all " : "the top ", count, count == 1 ? "" : "s", what,
                     describe(ranking.certificate), seconds);
}

int run(App& app, const Options& options) {
  const auto spec = app.load(options.spec);
  if (!spec) return kNo;
  const Objective objective = options.objective.empty()       ? spec->objective
                              : options.objective == "safest" ? Objective::safest
                                                              : Objective::fastest;
  if (!app.has_profile(*spec)) return kNo;
  RankRequest request;
  static_cast<Ask&>(request) = app.ask();
  request.top = options.top > 0 ? options.top : spec->top;
  request.distinct = options.distinct;
  request.objective = objective;
  const Ranking ranking = rank(*spec, request);
  if (ranking.error) return app.fail(kNo, *ranking.error);
  const JudgedList judged = judge_all(*spec, ranking.configurations);
  if (!judged.error.empty()) return app.fail(kEnvironment, judged.error);
  const double seconds = app.seconds();
  if (app.stats) {
    app.note(fmt::format("{} nodes, {} leaves, {} linear programs", ranking.stats.nodes,
                         ranking.stats.leaves, ranking.stats.relaxations));
  }
  int printed = kDone;
  if (app.format == Format::json) {
    Json json;
    json["configurations"] = to_json(*spec, judged.list);
    json["optimal"] = ranking.optimal;
    json["exhausted"] = ranking.exhausted;
    json["gates"] = gates_json(*spec);
    add_certificate(json, ranking.certificate);
    if (options.poset) json["poset"] = poset_json(*spec, judged.list);
    json["seconds"] = seconds;
    printed = app.print(json);
  } else if (app.format == Format::dot) {
    printed = app.print(poset_dot(*spec, judged.list));
  } else if (ranking.feasible) {
    printed = app.print(headline(*spec, ranking, objective, options, seconds) +
                        draw_table(*spec, judged.list, app.out_style()));
    if (!ranking.certificate.note.empty()) app.note(ranking.certificate.note);
  }
  if (printed != kDone) return printed;
  if (ranking.feasible) return kDone;
  if (!ranking.optimal) {
    app.note("stopped before an admissible configuration was found; there may be one");
    return kDone;
  }
  return app.fail(kNo, options.spec + " has no admissible configuration",
                  "`flexos-explore explain " + options.spec + "` says which statements contradict");
}

}  // namespace

void add_rank(CLI::App& root, App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      root, app, "rank", "The best configurations, proven",
      [&app, options] { return run(app, *options); }, exit_code);
  command->add_option("SPEC", options->spec, "the spec")->required();
  command->add_option("--top", options->top, "how many (default: the spec's, else 10)")
      ->check(CLI::Range(1, 1000000))
      ->option_text("N");
  command->add_flag("--distinct", options->distinct,
                    "one configuration a layout, without those beaten in both cost and safety");
  command->add_option("--objective", options->objective, "fastest or safest (default: the spec's)")
      ->check(CLI::IsMember({"fastest", "safest"}))
      ->option_text("{fastest,safest}");
  command->add_flag("--poset", options->poset, "with JSON: the Hasse diagram of the safety order");
}

}  // namespace flexos
