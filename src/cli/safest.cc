#include "solver/safest.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/calibrated.h"
#include "cli/safest.h"

namespace flexos {

namespace {

int run_derived(App& app, const SafestOptions& options, const Spec& spec) {
  SafestRequest request;
  static_cast<Ask&>(request) = app.ask();
  // Few can be proven to be the best by score where all there are cannot be listed.
  const int usual = app.format == Format::json || app.format == Format::dot ? 1000 : 10;
  request.limit = options.top > 0 ? options.top : usual;
  if (!options.slowdown.empty()) {
    request.slowdown = Decimal::parse(options.slowdown);
    if (!request.slowdown || *request.slowdown < Decimal(1)) {
      return app.fail(kUsage,
                      "--slowdown: `" + options.slowdown + "` is not a number of at least 1");
    }
  }
  if (!app.has_profile(spec)) return kNo;
  const Safest found = safest(spec, request);
  if (found.error) return app.fail(kNo, *found.error);
  const JudgedList judged = judge_all(spec, found.maximal);
  // A budget from the command line is not one of the spec's: the judge may miss the spec's own.
  if (!judged.error.empty() && !request.slowdown) return app.fail(kEnvironment, judged.error);
  const double seconds = app.seconds();
  int printed = kDone;
  if (app.format == Format::json) {
    Json json;
    json["maximal"] = to_json(spec, judged.list);
    json["complete"] = found.complete;
    json["gates"] = gates_json(spec);
    add_certificate(json, found.certificate);
    if (options.poset) json["poset"] = poset_json(spec, judged.list);
    json["seconds"] = seconds;
    printed = app.print(json);
  } else if (app.format == Format::dot) {
    printed = app.print(poset_dot(spec, judged.list));
  } else if (!judged.list.empty()) {
    const std::string rest =
        found.complete ? ", complete, " + describe(found.certificate)
        : found.exact  ? fmt::format(", the best by score of all, {}; there may be more: --top N",
                                     describe(found.certificate))
                       : ", the best by score of what was looked at; there may be more";
    const std::string what =
        found.unfinished
            ? "1 within the budget, the safest that was met"
            : fmt::format("{} that nothing affordable is safer than in every respect{}",
                          judged.list.size(), rest);
    printed = app.print(fmt::format("{}: {} ({:.2f} s)\n\n{}", spec.name, what, seconds,
                                    draw_table(spec, judged.list, app.out_style())));
    if (!found.certificate.note.empty()) app.note(found.certificate.note);
  }
  if (printed != kDone) return printed;
  if (!judged.list.empty()) return kDone;
  if (!found.complete) {
    app.note("stopped before an admissible configuration was found; there may be one");
    return kDone;
  }
  return app.fail(kNo, options.spec + " has no admissible configuration within the budget",
                  "`flexos-explore explain " + options.spec + "` says which statements contradict");
}

int run(App& app, const SafestOptions& options) {
  const bool measured = !options.measured.empty();
  const bool replay = !options.replay.empty();
  const bool searches = replay || options.measure;
  if (static_cast<int>(measured) + static_cast<int>(replay) + static_cast<int>(options.measure) >
      1) {
    return app.fail(kUsage, "--measured, --replay and --measure are three different questions");
  }
  if (!options.strategy.empty() && !searches) {
    return app.fail(kUsage, "--strategy goes with --measure or --replay FILE.csv");
  }
  if (!options.record.empty() && !options.measure) {
    return app.fail(kUsage, "--record goes with --measure");
  }
  if (!measured && !searches && (!options.at_least.empty() || !options.metric.empty())) {
    return app.fail(kUsage,
                    "--at-least and --metric go with --measured FILE.csv, --replay or --measure");
  }
  if (!options.metric.empty() && options.measure) {
    return app.fail(kUsage, "--metric goes with --measured FILE.csv or --replay FILE.csv");
  }
  const auto spec = app.load(options.spec);
  if (!spec) return kNo;
  if (measured) return safest_measured(app, options, *spec);
  if (replay) return safest_replayed(app, options, *spec);
  if (options.measure) return safest_live(app, options, *spec);
  return run_derived(app, options, *spec);
}

}  // namespace

void add_safest(CLI::App& root, App& app, int& exit_code) {
  auto options = std::make_shared<SafestOptions>();
  CLI::App* command = add_command(
      root, app, "safest", "The safest you can afford: maximal elements of the safety order",
      [&app, options] { return run(app, *options); }, exit_code);
  command->add_option("SPEC", options->spec, "the spec")->required();
  command->add_option("--slowdown", options->slowdown, "budget, in place of the spec's")
      ->option_text("X");
  command
      ->add_option("--top", options->top,
                   "most elements, best scores first (default: 10, as data 1000)")
      ->check(CLI::Range(1, 1000000))
      ->option_text("N");
  command
      ->add_option("--measured", options->measured,
                   "measured configurations instead: compartments,hardening,METRIC...")
      ->option_text("FILE.csv");
  command->add_flag("--measure", options->measure,
                    "build and measure images, as few as the answer needs");
  command
      ->add_option("--replay", options->replay,
                   "the same search over measurements of such a file, to see how few it needs")
      ->option_text("FILE.csv");
  command
      ->add_option("--strategy", options->strategy,
                   "with --measure or --replay: what to measure next (default: model)")
      ->check(CLI::IsMember({"exhaustive", "poset", "model"}))
      ->option_text("{exhaustive,poset,model}");
  command
      ->add_option("--at-least", options->at_least,
                   "with measurements: the budget, a performance or a part of the unprotected's")
      ->option_text("X|X%");
  command->add_option("--metric", options->metric, "of such a file: column (default: the first)")
      ->option_text("M");
  command
      ->add_option("--noise", options->noise,
                   "with --replay: standard error of each value, as a part of it")
      ->check(CLI::Range(0.0, 1.0))
      ->option_text("PART")
      ->capture_default_str();
  command
      ->add_option("--record", options->record,
                   "with --measure: keep what was measured, for --measured and --replay")
      ->option_text("FILE.csv");
  command->add_flag("--poset", options->poset, "with JSON: the Hasse diagram of the safety order");
  add_measuring_options(*command, options->measuring);
}

}  // namespace flexos
