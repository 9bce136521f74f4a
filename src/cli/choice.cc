#include "cli/choice.h"

#include <fmt/format.h>

#include "cli/harden.h"
#include "cli/layout.h"
#include "solver/judge.h"
#include "solver/rank.h"

namespace flexos {

namespace {

/// Configurations to look through for one that was named.
constexpr int kMostSearched = 10000;

/// The configuration that was drawn by hand: one mechanism between all of its compartments,
/// hardened as --harden says, with the variants that the spec fixes. It may be inadmissible: the
/// unprotected image is what others are measured against.
std::optional<Configuration> drawn(App& app, const Spec& spec, const ChoiceOptions& options) {
  Configuration c;
  const auto n = static_cast<std::size_t>(spec.size());
  c.levels.assign(static_cast<std::size_t>(pair_count(spec.size())), 0);
  c.hardening.assign(n, 0);
  c.variants.assign(n, 0);
  if (!add_hardening(app, spec, options.harden, c)) return std::nullopt;
  if (options.unprotected) return c;
  for (const Statement& s : spec.statements) {
    if (s.kind != StatementKind::fix_variant) continue;
    const auto i = static_cast<std::size_t>(s.components.front());
    const auto& variants = spec.components[i].variants;
    const auto fixed = std::find_if(variants.begin(), variants.end(),
                                    [&](const Variant& v) { return v.name == s.names.front(); });
    c.variants[i] = static_cast<std::uint8_t>(fixed - variants.begin());
  }
  const auto groups = parse_layout(app, spec, options.layout);
  if (!groups) return std::nullopt;
  const auto mechanism =
      std::find_if(spec.mechanisms.begin(), spec.mechanisms.end(),
                   [&](const Mechanism& m) { return m.name == options.mechanism; });
  if (mechanism == spec.mechanisms.end()) {
    app.fail(kUsage, "--mechanism: there is no `" + options.mechanism + "`");
    return std::nullopt;
  }
  std::vector<std::size_t> group(n);
  for (std::size_t g = 0; g < groups->size(); ++g) {
    for (const int i : (*groups)[g]) group[static_cast<std::size_t>(i)] = g;
  }
  for (int i = 0; i < spec.size(); ++i) {
    for (int j = 0; j < i; ++j) {
      if (group[static_cast<std::size_t>(i)] == group[static_cast<std::size_t>(j)]) continue;
      c.levels[static_cast<std::size_t>(pair_index(i, j))] =
          static_cast<Level>(mechanism - spec.mechanisms.begin());
    }
  }
  return c;
}

}  // namespace

Choices choose_configurations(App& app, const Spec& spec, const ChoiceOptions& options) {
  if (options.unprotected || !options.layout.empty()) {
    const auto c = drawn(app, spec, options);
    if (!c) return kUsage;
    const Evaluation evaluation = judge(spec, *c);
    if (!evaluation.admissible) app.note("this configuration is not admissible for the spec");
    return std::vector{*c};
  }
  if (!options.harden.empty()) {
    return app.fail(kUsage, "--harden is for --layout and --unprotected",
                    "in a spec: `security: [{harden: sqlite, with: asan}]`");
  }
  RankRequest request;
  static_cast<Ask&>(request) = app.ask();
  request.certify = Certify::never;  // what is built is checked by the judge; `rank` gives proofs
  request.top = !options.config.empty() ? kMostSearched : options.top > 0 ? options.top : 1;
  request.objective = spec.objective;
  const Ranking ranking = rank(spec, request);
  if (ranking.error) return app.fail(kNo, *ranking.error);
  if (!ranking.feasible) {
    return app.fail(kNo, spec.file + " has no admissible configuration",
                    "`flexos-explore explain " + spec.file + "` says why");
  }
  std::vector<Configuration> chosen = ranking.configurations;
  if (!options.config.empty()) {
    std::erase_if(chosen, [&](const Configuration& c) {
      return configuration_id(spec, c).rfind(options.config, 0) != 0;
    });
    if (chosen.size() != 1) {
      return app.fail(
          kNo,
          fmt::format("{} configuration of {} has the id {}",
                      chosen.empty() ? "no" : "more than one", spec.file, options.config),
          fmt::format("ids are those of `flexos-explore rank`; the best {} were looked "
                      "through",
                      kMostSearched));
    }
  }
  const JudgedList judged = judge_all(spec, chosen);
  if (!judged.error.empty()) return app.fail(kEnvironment, judged.error);
  return chosen;
}

void add_choice_options(CLI::App& command, ChoiceOptions& options) {
  auto* top = command.add_option("--top", options.top, "the N best configurations (default: 1)")
                  ->check(CLI::Range(1, 10000))
                  ->option_text("N");
  command.add_option("--config", options.config, "this configuration, by its id")
      ->excludes(top)
      ->option_text("ID");
  command.add_option("--layout", options.layout, "this layout, like a+b|c")->option_text("LAYOUT");
  command.add_option("--mechanism", options.mechanism, "with --layout: what separates")
      ->option_text("NAME")
      ->capture_default_str();
  command
      .add_option(
          "--harden", options.harden,
          "with --layout or --unprotected: COMPONENT=HARDENING, like sqlite+libc=asan+ubsan; "
          "*=cfi is every component that can have it")
      ->allow_extra_args(false)
      ->option_text("C=H");
  command.add_flag("--unprotected", options.unprotected,
                   "without isolation and hardening: what others are measured against");
}

}  // namespace flexos
