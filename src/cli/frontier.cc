#include "solver/frontier.h"

#include <fmt/format.h>

#include "cli/app.h"
#include "cli/calibrated.h"

namespace flexos {

namespace {

struct Options {
  std::string spec;
  int top = 20;
  bool poset = false;
};

/// Points spread evenly over the score: a person cannot read thousands of rows.
std::vector<Judged> spread(const std::vector<Judged>& all, int count) {
  if (static_cast<int>(all.size()) <= count) return all;
  std::vector<Judged> some;
  const double low = all.front().evaluation.safety_score;
  const double high = all.back().evaluation.safety_score;
  int step = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const double due = low + (high - low) * step / (count - 1);
    if (all[i].evaluation.safety_score < due && i + 1 < all.size()) continue;
    some.push_back(all[i]);
    while (step < count &&
           low + (high - low) * step / (count - 1) <= all[i].evaluation.safety_score) {
      ++step;
    }
  }
  return some;
}

int run(App& app, const Options& options) {
  const auto spec = app.load(options.spec);
  if (!spec) return kNo;
  if (!app.has_profile(*spec)) return kNo;
  const Frontier found = frontier(*spec, app.ask());
  if (found.error) return app.fail(kNo, *found.error);
  const JudgedList judged = judge_all(*spec, found.points);
  if (!judged.error.empty()) return app.fail(kEnvironment, judged.error);
  const double seconds = app.seconds();
  int printed = kDone;
  if (app.format == Format::json) {
    Json json;
    json["points"] = to_json(*spec, judged.list);
    json["complete"] = found.complete;
    json["gates"] = gates_json(*spec);
    add_certificate(json, found.certificate);
    if (options.poset) json["poset"] = poset_json(*spec, judged.list);
    json["seconds"] = seconds;
    printed = app.print(json);
  } else if (app.format == Format::dot) {
    printed = app.print(poset_dot(*spec, judged.list));
  } else if (!judged.list.empty()) {
    const std::vector<Judged> shown = spread(judged.list, options.top);
    std::string text =
        fmt::format("{}: {} points between cost and safety, {} ({:.2f} s)\n\n{}\n", spec->name,
                    judged.list.size(),
                    found.complete ? "complete, " + describe(found.certificate)
                                   : std::string("as far as found: the search was cut short"),
                    seconds, draw_frontier(judged.list, app.out_style()));
    if (shown.size() < judged.list.size()) {
      text +=
          fmt::format("{} of them, spread over the score (all: --format json):\n", shown.size());
    }
    printed = app.print(text + draw_table(*spec, shown, app.out_style()));
    if (!found.certificate.note.empty()) app.note(found.certificate.note);
  }
  if (printed != kDone) return printed;
  if (!judged.list.empty()) return kDone;
  if (!found.complete) {
    app.note("stopped before an admissible configuration was found; there may be one");
    return kDone;
  }
  return app.fail(kNo, options.spec + " has no admissible configuration",
                  "`flexos-explore explain " + options.spec + "` says which statements contradict");
}

}  // namespace

void add_frontier(CLI::App& root, App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      root, app, "frontier", "Every non-dominated (cost, safety score)",
      [&app, options] { return run(app, *options); }, exit_code);
  command->add_option("SPEC", options->spec, "the spec")->required();
  command->add_option("--top", options->top, "how many rows the table shows (default 20)")
      ->check(CLI::Range(2, 1000000))
      ->option_text("N");
  command->add_flag("--poset", options->poset, "with JSON: the Hasse diagram of the safety order");
}

}  // namespace flexos
