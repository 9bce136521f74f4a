#include "solver/safest.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/app.h"
#include "spec/measured.h"
#include "spec/source.h"

namespace flexos {

namespace {

struct Options {
  std::string spec;
  std::string slowdown;
  int top = 0;
  std::string measured;
  double at_least = 0;
  std::string metric;
  bool poset = false;
};

int run_derived(App& app, const Options& options, const Spec& spec) {
  SafestRequest request;
  static_cast<Ask&>(request) = app.ask();
  request.limit = options.top > 0 ? options.top : 1000;
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
    add_certificate(json, found.certificate);
    if (options.poset) json["poset"] = poset_json(spec, judged.list);
    json["seconds"] = seconds;
    printed = app.print(json);
  } else if (app.format == Format::dot) {
    printed = app.print(poset_dot(spec, judged.list));
  } else if (!judged.list.empty()) {
    std::vector<Judged> shown = judged.list;
    const std::size_t rows = options.top > 0 ? static_cast<std::size_t>(options.top) : 10;
    if (shown.size() > rows) shown.resize(rows);
    printed = app.print(fmt::format(
        "{}: {} that nothing affordable is safer than in every respect{} ({:.2f} s)\n\n{}",
        spec.name, judged.list.size(),
        found.complete ? ", complete" : ", the best by score of what was looked at; there are more",
        seconds, draw_table(spec, shown, app.out_style())));
    if (printed == kDone && shown.size() < judged.list.size()) {
      app.note(fmt::format("{} more: --top N or --format json", judged.list.size() - shown.size()));
    }
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

Json row_json(const Measured& measured, const MeasuredRow& row) {
  Json json;
  json["line"] = row.line;
  json["compartments"] = row.compartments;
  json["hardening"] = row.hardening_text;
  for (std::size_t m = 0; m < measured.metrics.size(); ++m) {
    json["metrics"][measured.metrics[m]] = row.metrics[m];
  }
  return json;
}

int run_measured(App& app, const Options& options, const Spec& spec) {
  const ReadResult file = read_file(options.measured);
  if (file.status != ReadStatus::ok) {
    return app.fail(
        kNo, "cannot read " + options.measured + (file.reason.empty() ? "" : ": " + file.reason));
  }
  const Measured measured = read_measured(file.text, options.measured, spec);
  for (const Diagnostic& d : measured.diagnostics) {
    std::fprintf(stderr, "%s\n", render(d, app.err_color()).c_str());
  }
  if (has_errors(measured.diagnostics)) {
    if (app.format == Format::json) app.print(Json{{"errors", to_json(measured.diagnostics)}});
    return kNo;
  }
  std::size_t metric = 0;
  if (!options.metric.empty()) {
    const auto named = std::find(measured.metrics.begin(), measured.metrics.end(), options.metric);
    if (named == measured.metrics.end()) {
      std::string names;
      for (const std::string& m : measured.metrics) names += (names.empty() ? "" : ", ") + m;
      return app.fail(kUsage, "--metric: no column `" + options.metric + "`", "there are " + names);
    }
    metric = static_cast<std::size_t>(named - measured.metrics.begin());
  }
  const auto& rows = measured.rows;
  std::vector<int> feasible;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    if (rows[r].metrics[metric] >= options.at_least) feasible.push_back(static_cast<int>(r));
  }
  const auto row = [&](int r) -> const MeasuredRow& { return rows[static_cast<std::size_t>(r)]; };
  const Poset affordable = hasse(static_cast<int>(feasible.size()), [&](int b, int a) {
    return measured_at_least(row(feasible[static_cast<std::size_t>(b)]),
                             row(feasible[static_cast<std::size_t>(a)]));
  });
  // Where safer turned out faster: these would mislead a search that prunes by the order.
  struct Inversion {
    int from;
    int to;
    double ratio;
  };
  std::vector<Inversion> inversions;
  for (int a = 0; a < static_cast<int>(rows.size()); ++a) {
    for (int b = 0; b < static_cast<int>(rows.size()); ++b) {
      if (a == b || !measured_at_least(row(b), row(a)) || measured_at_least(row(a), row(b))) {
        continue;
      }
      const double slow = row(a).metrics[metric];
      const double fast = row(b).metrics[metric];
      if (fast > slow && slow > 0) inversions.push_back({a, b, fast / slow});
    }
  }
  std::stable_sort(inversions.begin(), inversions.end(),
                   [](const Inversion& a, const Inversion& b) { return a.ratio > b.ratio; });
  if (app.format == Format::json) {
    Json json;
    json["maximal"] = Json::array();
    for (const int k : affordable.maximal) {
      json["maximal"].push_back(row_json(measured, row(feasible[static_cast<std::size_t>(k)])));
    }
    json["feasible"] = feasible.size();
    json["violations"] = Json::array();
    for (const Inversion& v : inversions) {
      json["violations"].push_back({{"from", row_json(measured, row(v.from))},
                                    {"to", row_json(measured, row(v.to))},
                                    {"ratio", v.ratio}});
    }
    json["seconds"] = app.seconds();
    const int printed = app.print(json);
    return printed != kDone ? printed : feasible.empty() ? kNo : kDone;
  }
  if (app.format == Format::dot) {
    std::string dot = "digraph safety {\n  rankdir=BT;\n  node [shape=box];\n";
    for (const int k : feasible) {
      const MeasuredRow& r = row(k);
      dot += fmt::format("  r{} [label=\"{}\\n{}\\n{}\"];\n", r.line, r.compartments,
                         r.hardening_text, r.metrics[metric]);
    }
    for (const auto& [lower, upper] : affordable.covers) {
      dot += fmt::format("  r{} -> r{};\n", row(feasible[static_cast<std::size_t>(lower)]).line,
                         row(feasible[static_cast<std::size_t>(upper)]).line);
    }
    return app.print(dot + "}\n");
  }
  if (feasible.empty()) {
    return app.fail(kNo, fmt::format("none of the {} measured configurations reaches {} {}",
                                     rows.size(), options.at_least, measured.metrics[metric]));
  }
  std::string text =
      fmt::format("{} of {} measured configurations reach {} {}; the safest of them:\n\n",
                  feasible.size(), rows.size(), options.at_least, measured.metrics[metric]);
  for (const int k : affordable.maximal) {
    const MeasuredRow& r = row(feasible[static_cast<std::size_t>(k)]);
    text += fmt::format("  {:>12}  {}{}\n", r.metrics[metric], r.compartments,
                        r.hardening_text.empty() ? "" : "   with " + r.hardening_text);
  }
  if (!inversions.empty()) {
    const Inversion& worst = inversions.front();
    text += fmt::format(
        "\n{} pair{} where the safer one was faster, at most by {:.1f} %: line {} over line {}\n",
        inversions.size(), inversions.size() == 1 ? "" : "s", 100 * (worst.ratio - 1),
        row(worst.to).line, row(worst.from).line);
  }
  return app.print(text);
}

int run(App& app, const Options& options, bool at_least_given) {
  const auto spec = app.load(options.spec);
  if (!spec) return kNo;
  if (options.measured.empty()) {
    if (at_least_given || !options.metric.empty()) {
      return app.fail(kUsage, "--at-least and --metric go with --measured FILE.csv");
    }
    return run_derived(app, options, *spec);
  }
  if (!at_least_given) return app.fail(kUsage, "--measured needs --at-least X");
  return run_measured(app, options, *spec);
}

}  // namespace

void add_safest(CLI::App& root, App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  auto at_least = std::make_shared<CLI::Option*>(nullptr);
  CLI::App* command = add_command(
      root, app, "safest", "The safest you can afford: maximal elements of the safety order",
      [&app, options, at_least] {
        return run(app, *options, *at_least != nullptr && (*at_least)->count() > 0);
      },
      exit_code);
  command->add_option("SPEC", options->spec, "the spec")->required();
  command->add_option("--slowdown", options->slowdown, "budget, in place of the spec's")
      ->option_text("X");
  command->add_option("--top", options->top, "most elements, best scores first (default 1000)")
      ->check(CLI::Range(1, 1000000))
      ->option_text("N");
  command
      ->add_option("--measured", options->measured,
                   "measured configurations instead: compartments,hardening,METRIC...")
      ->option_text("FILE.csv");
  *at_least = command->add_option("--at-least", options->at_least, "with --measured: the budget")
                  ->option_text("X");
  command->add_option("--metric", options->metric, "with --measured: column (default: the first)")
      ->option_text("M");
  command->add_flag("--poset", options->poset, "with JSON: the Hasse diagram of the safety order");
}

}  // namespace flexos
