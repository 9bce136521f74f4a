#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "bench/search.h"
#include "cli/files.h"
#include "cli/safest.h"
#include "report/measured_json.h"
#include "solver/safest.h"

// The search over real images. What it chooses from: all admissible configurations where these can
// be listed; else the best of each layout, and those that the prediction holds for the safest
// within budgets around the one asked for. What lies outside is then not looked at, and the answer
// says so.

namespace flexos {

namespace {

constexpr int kListable = 2000;
constexpr int kLayouts = 100;
constexpr int kPredicted = 100;

std::size_t at(int i) { return static_cast<std::size_t>(i); }

struct Candidates {
  std::vector<Configuration> list;
  bool all = false;  ///< there are no other admissible ones
};

std::optional<Candidates> list_candidates(App& app, const Spec& asked,
                                          const PerformanceBudget& budget, int top, int& code) {
  // The budget is what measuring is about to find out: predictions don't decide it.
  Spec spec = asked;
  std::erase_if(spec.statements,
                [](const Statement& s) { return s.kind == StatementKind::budget_slowdown; });
  RankRequest request;
  static_cast<Ask&>(request) = app.ask();
  request.certify = Certify::never;
  request.top = kListable;
  if (!spec.profile) request.objective = Objective::safest;
  Ranking ranking = rank(spec, request);
  if (!ranking.error && !ranking.feasible) {
    code = app.fail(kNo, spec.file + " has no admissible configuration",
                    "`flexos-explore explain " + spec.file + "` says why");
    return std::nullopt;
  }
  if (!ranking.error && ranking.exhausted) return Candidates{ranking.configurations, true};
  if (ranking.error) {
    code = app.fail(kNo, *ranking.error);
    return std::nullopt;
  }
  if (!spec.profile) {
    code =
        app.fail(kNo,
                 fmt::format("{} has more than {} admissible configurations, and no profile to "
                             "choose among them",
                             spec.file, kListable),
                 "narrow `explore:` (mechanisms, hardening, fix), or `flexos-explore profile` it");
    return std::nullopt;
  }
  Candidates candidates;
  std::set<std::string> known;
  const auto add = [&](const std::vector<Configuration>& more) {
    for (const Configuration& c : more) {
      if (known.insert(configuration_id(spec, c)).second) candidates.list.push_back(c);
    }
  };
  request.distinct = true;
  request.top = top > 0 ? top : kLayouts;
  add(rank(spec, request).configurations);
  const double slowdown = budget.relative && budget.value > 0 ? 1 / budget.value : 2;
  for (const double part : {0.9, 1.0, 1.1}) {
    SafestRequest safest_request;
    static_cast<Ask&>(safest_request) = app.ask();
    safest_request.slowdown = Decimal::parse(fmt::format("{:.4f}", std::max(1.0, slowdown * part)));
    safest_request.limit = top > 0 ? top : kPredicted;
    add(safest(spec, safest_request).maximal);
  }
  return candidates;
}

/// `a+b|c`
std::string compartments_text(const Spec& spec, const Configuration& c) {
  std::string text;
  for (const auto& group : classes(c, spec.size(), 0)) {
    if (!text.empty()) text += '|';
    for (std::size_t i = 0; i < group.size(); ++i) {
      text += (i > 0 ? "+" : "") + spec.components[at(group[i])].name;
    }
  }
  return text;
}

/// `a:cfi+asan;b:ubsan`
std::string hardening_text(const Spec& spec, const Configuration& c) {
  std::string text;
  for (int i = 0; i < spec.size(); ++i) {
    std::string names;
    for (std::size_t h = 0; h < spec.hardening.size(); ++h) {
      if ((c.hardening[at(i)] >> h & 1) != 0) {
        names += (names.empty() ? "" : "+") + spec.hardening[h].name;
      }
    }
    if (!names.empty()) {
      text += (text.empty() ? "" : ";") + spec.components[at(i)].name + ":" + names;
    }
  }
  return text;
}

/// The rows of a table do not name mechanisms and variants.
bool recordable(const std::vector<Configuration>& candidates) {
  Level seen = 0;
  for (const Configuration& c : candidates) {
    for (const Level level : c.levels) {
      if (level == 0) continue;
      if (seen != 0 && level != seen) return false;
      seen = level;
    }
    if (std::any_of(c.variants.begin(), c.variants.end(), [](auto v) { return v != 0; })) {
      return false;
    }
  }
  return true;
}

/// What was measured, as `--measured` and `--replay` read it; the unprotected image first.
std::string table_of(const Spec& spec, const Measuring& session, const Measurement& baseline,
                     const std::vector<Configuration>& candidates,
                     const std::vector<std::optional<Measurement>>& measured) {
  std::string text = fmt::format(
      "# {}, {}, {} operations on {}\n# {}\n"
      "compartments,hardening,throughput,throughput_low,throughput_high,relative,relative_low,"
      "relative_high\n",
      spec.name, session.workload().name, session.operations(), session.platform().key(),
      session.machine().description);
  const auto row = [&](const Configuration& c, const Measurement& m, const Interval& relative) {
    const bool ok = m.ok() && relative.median > 0;
    const double scale = ok ? m.throughput / relative.median : 0;
    const Interval r = ok ? relative : Interval{};
    text += fmt::format("{},{},{:.6g},{:.6g},{:.6g},{:.8f},{:.8f},{:.8f}\n",
                        compartments_text(spec, c), hardening_text(spec, c), r.median * scale,
                        r.low * scale, r.high * scale, r.median, r.low, r.high);
  };
  const Configuration plain = unprotected(spec);
  if (std::find(candidates.begin(), candidates.end(), plain) == candidates.end()) {
    row(plain, baseline, {1, 1, 1});
  }
  for (std::size_t c = 0; c < candidates.size(); ++c) {
    if (measured[c]) row(candidates[c], *measured[c], measured[c]->relative);
  }
  return text;
}

Observation observation_of(const Measurement& m, bool relative) {
  if (!m.ok() || m.relative.median <= 0) return {};
  const double scale = relative ? 1 : m.throughput / m.relative.median;
  return {m.relative.median * scale, m.relative.low * scale, m.relative.high * scale};
}

}  // namespace

int safest_live(App& app, const SafestOptions& options, const Spec& spec) {
  PerformanceBudget budget;
  if (options.at_least.empty() && options.slowdown.empty()) {
    for (const Statement& s : spec.statements) {
      if (s.kind == StatementKind::budget_slowdown) budget = {1 / s.decimal.to_double(), true};
    }
  }
  if (!budget.relative) {
    const auto given = performance_budget(app, options);
    if (!given) return kUsage;
    budget = *given;
  }
  int code = kDone;
  const auto candidates = list_candidates(app, spec, budget, options.top, code);
  if (!candidates) return code;
  const std::vector<Configuration>& list = candidates->list;
  if (!options.record.empty() && !recordable(list)) {
    return app.fail(kNo, "--record: a table cannot say which mechanism or variant a row has",
                    "explore one mechanism and no variants");
  }
  const auto session = Measuring::open(app, spec, options.measuring, list, code);
  if (session == nullptr) return code;

  std::vector<std::optional<Measurement>> measured(list.size());
  std::optional<Error> failed;
  const double until = options.measuring.budget > 0 ? app.seconds() + options.measuring.budget : 0;
  const auto measure = [&](int c) -> std::optional<Observation> {
    if (until > 0 && app.seconds() >= until) return std::nullopt;
    auto result = session->harness().measure({list[at(c)]});
    if (!result) {
      failed = result.error();
      return std::nullopt;
    }
    const Measurement& m = result->front();
    // Whoever interrupts ends the search; what has no number for another reason is too slow.
    if (session->harness().interrupted() && !m.tight) return std::nullopt;
    if (m.failure == Failure::environment || m.failure == Failure::killed) {
      failed = Error{m.id + ": " + m.detail, "", true};
      return std::nullopt;
    }
    if (m.failure != Failure::none) {
      app.note(fmt::format("{} failed ({}): {}", m.id, name(m.failure), m.detail));
    }
    measured[at(c)] = m;
    return observation_of(m, budget.relative);
  };
  GuidedRequest request;
  request.strategy = *strategy_from(options.strategy.empty() ? "model" : options.strategy);
  request.at_least = budget.value;
  const int of = static_cast<int>(list.size());
  request.progress = [&](const SearchState& state) {
    int open = 0;
    for (int c = 0; c < of; ++c) open += state.open(c) ? 1 : 0;
    app.progress(fmt::format("{} of {} measured, {} open", state.order().size(), of, open));
  };
  GuidedAnswer answer = guided_search(space_of(spec, list), request, measure);
  if (failed) return refuse(app, *failed);
  if (!options.record.empty()) {
    if (auto written =
            write_file(options.record,
                       table_of(spec, *session, session->harness().baseline(), list, measured));
        !written) {
      return refuse(app, written.error());
    }
  }
  answer.complete = answer.complete && candidates->all;

  std::vector<Configuration> maximal;
  for (const int c : answer.maximal) maximal.push_back(list[at(c)]);
  const JudgedList judged = judge_all(spec, maximal);
  const auto ids = [&](const std::vector<int>& which) {
    Json json = Json::array();
    for (const int c : which) json.push_back(configuration_id(spec, list[at(c)]));
    return json;
  };
  if (app.format == Format::json) {
    Json json;
    json["maximal"] = to_json(spec, judged.list);
    for (std::size_t i = 0; i < answer.maximal.size(); ++i) {
      json["maximal"][i]["measured"] = measured_json(*measured[at(answer.maximal[i])]);
    }
    add_search(json, answer, request.strategy, of);
    json["order"] = ids(answer.order);
    json["borderline"] = ids(answer.borderline);
    json["platform"] = platform_json(session->platform(), session->machine(), session->why());
    json["complete"] = answer.complete;
    json["seconds"] = app.seconds();
    code = app.print(json);
    return code != kDone ? code : answer.maximal.empty() && answer.complete ? kNo : kDone;
  }
  if (answer.maximal.empty()) {
    return app.fail(kNo, "none that was measured keeps the budget",
                    search_text(answer, request.strategy, of));
  }
  std::string text = fmt::format("{}: the safest that measured at least {:.4g}{} on {}:\n\n",
                                 spec.name, budget.relative ? 100 * budget.value : budget.value,
                                 budget.relative ? " % of the unprotected" : " operations a second",
                                 session->platform().key());
  for (const int c : answer.maximal) {
    const Measurement& m = *measured[at(c)];
    text += fmt::format(
        "  {}  {:.4f}x  {}{}\n", m.id, 1 / m.relative.median, compartments_text(spec, list[at(c)]),
        hardening_text(spec, list[at(c)]).empty() ? ""
                                                  : "   with " + hardening_text(spec, list[at(c)]));
  }
  text += "\n" + search_text(answer, request.strategy, of);
  if (!candidates->all) {
    text +=
        "more configurations are admissible than were looked at: the best of each layout and "
        "the predicted safest\n";
  }
  return app.print(text);
}

}  // namespace flexos
