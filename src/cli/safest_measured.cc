#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "bench/replay.h"
#include "cli/safest.h"
#include "spec/measured.h"
#include "spec/source.h"

namespace flexos {

namespace {

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

/// A table that somebody brings, and which of its columns is asked about.
struct Table {
  Measured measured;
  std::size_t metric = 0;
};

/// nullopt: said what is wrong; `code` is the exit code.
std::optional<Table> read_table(App& app, const std::string& name, const std::string& metric,
                                const Spec& spec, int& code) {
  const ReadResult file = read_file(name);
  if (file.status != ReadStatus::ok) {
    code = app.fail(kNo, "cannot read " + name + (file.reason.empty() ? "" : ": " + file.reason));
    return std::nullopt;
  }
  Table table{read_measured(file.text, name, spec), 0};
  const Measured& measured = table.measured;
  for (const Diagnostic& d : measured.diagnostics) {
    std::fprintf(stderr, "%s\n", render(d, app.err_color()).c_str());
  }
  if (has_errors(measured.diagnostics)) {
    if (app.format == Format::json) app.print(Json{{"errors", to_json(measured.diagnostics)}});
    code = kNo;
    return std::nullopt;
  }
  if (!metric.empty()) {
    const auto named = std::find(measured.metrics.begin(), measured.metrics.end(), metric);
    if (named == measured.metrics.end()) {
      std::string names;
      for (const std::string& m : measured.metrics) names += (names.empty() ? "" : ", ") + m;
      code = app.fail(kUsage, "--metric: no column `" + metric + "`", "there are " + names);
      return std::nullopt;
    }
    table.metric = static_cast<std::size_t>(named - measured.metrics.begin());
  }
  return table;
}

/// What a percentage is of: the row that all others are safer than, the unprotected one.
std::optional<int> least_row(App& app, const SearchSpace& space, int& code) {
  const int least = space.least();
  if (least >= 0) return least;
  code = app.fail(kUsage, "a budget in per cent is of the row that all others are safer than",
                  "there is none in this file: give the least value itself");
  return std::nullopt;
}

/// The least value that is enough.
std::optional<double> least_value(App& app, const SafestOptions& options, const Spec& spec,
                                  const Table& table, int& code) {
  code = kUsage;
  const auto budget = performance_budget(app, options);
  if (!budget) return std::nullopt;
  if (!budget->relative) return budget->value;
  const auto least = least_row(app, space_of(spec, table.measured), code);
  if (!least) return std::nullopt;
  return budget->value *
         table.measured.rows[static_cast<std::size_t>(*least)].metrics[table.metric];
}

}  // namespace

std::optional<PerformanceBudget> performance_budget(App& app, const SafestOptions& options) {
  const auto number = [](const std::string& text) -> std::optional<double> {
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    if (text.empty() || *end != '\0' || !std::isfinite(value)) return std::nullopt;
    return value;
  };
  if (!options.at_least.empty() && !options.slowdown.empty()) {
    app.fail(kUsage, "--at-least and --slowdown are two budgets: give one");
    return std::nullopt;
  }
  if (!options.slowdown.empty()) {
    const auto slowdown = number(options.slowdown);
    if (slowdown && *slowdown >= 1) return PerformanceBudget{1 / *slowdown, true};
    app.fail(kUsage, "--slowdown: `" + options.slowdown + "` is not a number of at least 1");
    return std::nullopt;
  }
  if (options.at_least.empty()) {
    app.fail(kUsage, "measurements need a budget: --at-least X, --at-least X% or --slowdown X");
    return std::nullopt;
  }
  const bool relative = options.at_least.back() == '%';
  const auto value =
      number(relative ? options.at_least.substr(0, options.at_least.size() - 1) : options.at_least);
  if (!value || (relative && (*value < 0 || *value > 1000))) {
    app.fail(kUsage, "--at-least: `" + options.at_least + "` is neither a number nor a percentage");
    return std::nullopt;
  }
  return PerformanceBudget{relative ? *value / 100 : *value, relative};
}

int safest_measured(App& app, const SafestOptions& options, const Spec& spec) {
  int code = kDone;
  const auto table = read_table(app, options.measured, options.metric, spec, code);
  if (!table) return code;
  const Measured& measured = table->measured;
  const std::size_t metric = table->metric;
  const auto limit = least_value(app, options, spec, *table, code);
  if (!limit) return code;
  const auto& rows = measured.rows;
  std::vector<int> feasible;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    if (rows[r].metrics[metric] >= *limit) feasible.push_back(static_cast<int>(r));
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
                                     rows.size(), *limit, measured.metrics[metric]));
  }
  std::string text =
      fmt::format("{} of {} measured configurations reach {} {}; the safest of them:\n\n",
                  feasible.size(), rows.size(), *limit, measured.metrics[metric]);
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

void add_search(Json& json, const GuidedAnswer& answer, SearchStrategy strategy, int of) {
  json["strategy"] = name(strategy);
  json["measured"] = answer.order.size();
  json["of"] = of;
  json["feasible"] = answer.feasible;
  json["at_least"] = answer.limit;
  json["excluded"] = answer.excluded;
  json["doubt"] = answer.doubt;
}

std::string search_text(const GuidedAnswer& answer, SearchStrategy strategy, int of) {
  std::string text = fmt::format("strategy {}: {} of {} measured, {} of them fast enough",
                                 name(strategy), answer.order.size(), of, answer.feasible);
  if (!answer.complete) return text + "; stopped before the end, there may be safer ones\n";
  if (answer.excluded > 0) {
    text += fmt::format("; {} excluded unmeasured ({:.3f} of them expected to be fast enough)",
                        answer.excluded, answer.doubt);
  }
  text += "\n";
  if (!answer.borderline.empty()) {
    text += fmt::format("{} too near to the budget for {} interval\n", answer.borderline.size(),
                        answer.borderline.size() == 1 ? "its" : "their");
  }
  return text;
}

int safest_replayed(App& app, const SafestOptions& options, const Spec& spec) {
  int code = kDone;
  const auto table = read_table(app, options.replay, options.metric, spec, code);
  if (!table) return code;
  const Measured& measured = table->measured;
  const auto budget = performance_budget(app, options);
  if (!budget) return kUsage;
  const std::string& metric = measured.metrics[table->metric];
  auto replay = replay_of(spec, measured, metric, options.noise);
  if (!replay)
    return app.fail(kNo, options.replay + ": " + replay.error().message, replay.error().hint);
  GuidedRequest request;
  request.strategy = *strategy_from(options.strategy.empty() ? "model" : options.strategy);
  request.at_least = budget->value;
  if (budget->relative) {
    request.relative_to = least_row(app, replay->space, code);
    if (!request.relative_to) return code;
  }
  const GuidedAnswer answer = guided_search(replay->space, request, replay->measure());
  const int of = replay->space.size;
  const auto row = [&](int r) -> const MeasuredRow& {
    return measured.rows[static_cast<std::size_t>(r)];
  };
  const auto lines = [&](const std::vector<int>& rows) {
    Json json = Json::array();
    for (const int r : rows) json.push_back(row(r).line);
    return json;
  };
  if (app.format == Format::json) {
    Json json;
    json["maximal"] = Json::array();
    for (const int r : answer.maximal) json["maximal"].push_back(row_json(measured, row(r)));
    add_search(json, answer, request.strategy, of);
    json["order"] = lines(answer.order);
    json["borderline"] = lines(answer.borderline);
    json["complete"] = answer.complete;
    json["seconds"] = app.seconds();
    code = app.print(json);
    return code != kDone ? code : answer.maximal.empty() ? kNo : kDone;
  }
  if (answer.maximal.empty()) {
    return app.fail(kNo, fmt::format("none of the {} measured configurations reaches {} {}", of,
                                     answer.limit, metric));
  }
  std::string text = fmt::format("the safest that reach {} {}:\n\n", answer.limit, metric);
  for (const int r : answer.maximal) {
    text += fmt::format("  {:>12}  {}{}\n", row(r).metrics[table->metric], row(r).compartments,
                        row(r).hardening_text.empty() ? "" : "   with " + row(r).hardening_text);
  }
  return app.print(text + "\n" + search_text(answer, request.strategy, of));
}

}  // namespace flexos
