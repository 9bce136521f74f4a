#include "solver/explain.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/app.h"
#include "cli/layout.h"
#include "solver/whynot.h"

namespace flexos {

namespace {

struct Options {
  std::string spec;
  std::string config;
  std::string layout;
};

std::string line_of(const Statement& s) {
  return fmt::format("  {}:{}: {}\n", s.origin.file, s.origin.line, s.origin.text);
}

int run_infeasible(App& app, const Options& options, const Spec& spec) {
  const Explanation found = explain(spec, app.ask());
  if (found.error) return app.fail(kNo, *found.error);
  const auto statement = [&](int s) -> const Statement& {
    return spec.statements[static_cast<std::size_t>(s)];
  };
  if (!spec.profile) {
    const bool budget =
        std::any_of(spec.statements.begin(), spec.statements.end(),
                    [](const Statement& s) { return s.kind == StatementKind::budget_slowdown; });
    if (budget) app.note("no profile: the slowdown budget is left out");
  }
  if (!found.decided) app.note("stopped before an answer was found");
  if (app.format == Format::json) {
    Json json;
    json["feasible"] = found.decided ? Json(found.feasible) : Json(nullptr);
    json["conflict"] = Json::array();
    for (const int s : found.conflict) json["conflict"].push_back(to_json(statement(s)));
    json["corrections"] = Json::array();
    for (const auto& correction : found.corrections) {
      Json list = Json::array();
      for (const int s : correction) list.push_back(to_json(statement(s)));
      json["corrections"].push_back(std::move(list));
    }
    add_certificate(json, found.certificate);
    json["seconds"] = app.seconds();
    const int printed = app.print(json);
    return printed != kDone ? printed : found.decided && !found.feasible ? kNo : kDone;
  }
  if (!found.decided) return kDone;
  if (found.feasible) return app.print(options.spec + " is feasible: nothing contradicts.\n");
  std::string text;
  if (found.conflict.empty()) {
    text = options.spec +
           " has no admissible configuration, whatever its statements: what the components require "
           "of each other leaves none.\n";
  } else {
    text = fmt::format("{} has no admissible configuration. These {} cannot all hold{}:\n\n",
                       options.spec, found.conflict.size() == 1 ? "words" : "statements",
                       found.certificate.proof == Proof::z3 ? " (confirmed by Z3)" : "");
    for (const int s : found.conflict) text += line_of(statement(s));
    text += "\nAny one of these is a way out, drop or relax:\n\n";
    for (const auto& correction : found.corrections) {
      for (std::size_t k = 0; k < correction.size(); ++k) {
        if (k > 0) text += "  and\n";
        text += line_of(statement(correction[k]));
      }
      if (correction.size() > 1) text += "\n";
    }
  }
  const int printed = app.print(text);
  return printed != kDone ? printed : kNo;
}

Json part(const CostItem& item) {
  if (item.choice.empty()) return nullptr;
  return {{"choice", item.choice}, {"cycles", item.cycles}};
}

const char* kind_name(CostItem::Kind kind) {
  switch (kind) {
    case CostItem::Kind::edge:
      return "edge";
    case CostItem::Kind::hardening:
      return "hardening";
    case CostItem::Kind::variant:
      return "variant";
  }
  return "edge";
}

int run_why_not(App& app, const Options& options, const Spec& spec) {
  WhyNot answer;
  if (options.layout.empty()) {
    if (!app.has_profile(spec)) return kNo;
    constexpr int kDepth = 1000;
    answer = why_not_id(spec, options.config, kDepth, app.ask());
  } else {
    const auto groups = parse_layout(app, spec, options.layout);
    if (!groups) return kUsage;
    answer = why_not_layout(spec, *groups, app.ask());
  }
  if (answer.error) return app.fail(kNo, *answer.error);
  if (!answer.found) {
    return app.fail(kNo,
                    "no configuration `" + options.config +
                        "` among the thousand fastest and safest nor on the frontier",
                    "ask with --layout 'a+b|c'");
  }
  if (app.format == Format::json) {
    Json json;
    json["violations"] = Json::array();
    for (const Violation& v : answer.violations) json["violations"].push_back(to_json(v));
    json["delta"] = Json::array();
    for (const DeltaItem& d : answer.delta) {
      const CostItem& named = d.mine.what.empty() ? d.best : d.mine;
      json["delta"].push_back({{"kind", kind_name(named.kind)},
                               {"what", named.what},
                               {"cycles", d.cycles},
                               {"this", part(d.mine)},
                               {"best", part(d.best)}});
    }
    if (answer.violations.empty()) {
      const JudgedList judged = judge_all(spec, {answer.configuration});
      json["configuration"] = to_json(spec, judged.list.front());
    }
    if (answer.best_known) json["best"] = configuration_id(spec, answer.best);
    json["seconds"] = app.seconds();
    const int printed = app.print(json);
    return printed != kDone ? printed : answer.violations.empty() ? kDone : kNo;
  }
  std::string text;
  if (!answer.violations.empty()) {
    text = "Not admissible:\n\n";
    for (const Violation& v : answer.violations) {
      text += v.origin.line > 0
                  ? fmt::format("  {}:{}: {}\n", v.origin.file, v.origin.line, v.message)
                  : "  " + v.message + "\n";
    }
    const int printed = app.print(text);
    return printed != kDone ? printed : kNo;
  }
  const JudgedList judged = judge_all(spec, {answer.configuration});
  text = "Admissible" + std::string(options.layout.empty() ? "" : "; at its cheapest") + ":\n\n" +
         draw_table(spec, judged.list, app.out_style());
  if (answer.best_known) {
    if (answer.delta.empty()) {
      text += "\nIt is the best.\n";
    } else {
      text += fmt::format("\nAgainst the best ({}), {} an operation:\n\n",
                          configuration_id(spec, answer.best), name(spec.profile->clock));
      double total = 0;
      for (const DeltaItem& d : answer.delta) {
        const CostItem& named = d.mine.what.empty() ? d.best : d.mine;
        text += fmt::format("  {:>+12.2f}  {}: {} instead of {}\n", d.cycles, named.what,
                            d.mine.choice.empty() ? "nothing" : d.mine.choice,
                            d.best.choice.empty() ? "nothing" : d.best.choice);
        total += d.cycles;
      }
      text += fmt::format("  {:>+12.2f}  in all\n", total);
    }
  }
  return app.print(text);
}

int run(App& app, const Options& options) {
  const auto spec = app.load(options.spec);
  if (!spec) return kNo;
  if (options.config.empty() && options.layout.empty()) return run_infeasible(app, options, *spec);
  return run_why_not(app, options, *spec);
}

}  // namespace

void add_explain(CLI::App& root, App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      root, app, "explain", "Why a spec is infeasible, or why not this configuration",
      [&app, options] { return run(app, *options); }, exit_code);
  command->add_option("SPEC", options->spec, "the spec")->required();
  auto* config =
      command->add_option("--config", options->config, "id of a configuration")->option_text("ID");
  command->add_option("--layout", options->layout, "compartments, like 'a+b|c'")
      ->option_text("LAYOUT")
      ->excludes(config);
}

}  // namespace flexos
