#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <variant>

#include "cli/app.h"
#include "cli/layout.h"
#include "codegen/weave.h"
#include "report/table.h"
#include "solver/judge.h"
#include "solver/rank.h"

namespace flexos {

namespace {

struct Options {
  std::string spec;
  int top = 0;
  std::string config;
  std::string layout;
  std::string mechanism = "mpk.full";
  bool unprotected = false;
  std::string out = "images";
  std::string platform;
};

/// Configurations to look through for one that was named.
constexpr int kMostSearched = 10000;

Json to_json(const Woven& woven, double seconds) {
  return {{"id", woven.id},
          {"folder", woven.folder.string()},
          {"image", woven.elf.string()},
          {"platform", woven.manifest.platform},
          {"compartments", woven.manifest.compartments.size()},
          {"gates", woven.manifest.gates.size()},
          {"bytes", woven.manifest.sizes.at("file")},
          {"seconds", seconds}};
}

std::string line_of(const Woven& woven, double seconds) {
  std::string layout;
  for (const auto& c : woven.manifest.compartments) {
    std::string names;
    for (const std::string& name : c.components) names += (names.empty() ? "" : " ") + name;
    layout += (layout.empty() ? "{" : " | {") + names + "}";
  }
  return fmt::format("{}  {} gates, {} KiB, {:.2f} s  {}\n  {}\n", woven.id,
                     woven.manifest.gates.size(), woven.manifest.sizes.at("file") / 1024, seconds,
                     layout, woven.elf.string());
}

/// The configuration that was drawn by hand: one mechanism between all of its compartments, nothing
/// hardened. It may be inadmissible: the unprotected image is what others are measured against.
std::optional<Configuration> drawn(App& app, const Spec& spec, const Options& options) {
  Configuration c;
  const auto n = static_cast<std::size_t>(spec.size());
  c.levels.assign(static_cast<std::size_t>(pair_count(spec.size())), 0);
  c.hardening.assign(n, 0);
  c.variants.assign(n, 0);
  if (options.unprotected) return c;
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

/// What to build, in order; an exit code where that cannot be said.
std::variant<std::vector<Configuration>, int> choose(App& app, const Spec& spec,
                                                     const Options& options) {
  if (options.unprotected || !options.layout.empty()) {
    const auto c = drawn(app, spec, options);
    if (!c) return kUsage;
    const Evaluation evaluation = judge(spec, *c);
    if (!evaluation.admissible) app.note("this configuration is not admissible for the spec");
    return std::vector{*c};
  }
  RankRequest request;
  static_cast<Ask&>(request) = app.ask();
  request.certify = Certify::never;  // what is built is checked by the judge; `rank` gives proofs
  request.top = !options.config.empty() ? kMostSearched : options.top > 0 ? options.top : 1;
  request.objective = spec.objective;
  const Ranking ranking = rank(spec, request);
  if (ranking.error) return app.fail(kNo, *ranking.error);
  if (!ranking.feasible) {
    return app.fail(kNo, options.spec + " has no admissible configuration",
                    "`flexos-explore explain " + options.spec + "` says why");
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
                      chosen.empty() ? "no" : "more than one", options.spec, options.config),
          fmt::format("ids are those of `flexos-explore rank`; the best {} were looked "
                      "through",
                      kMostSearched));
    }
  }
  const JudgedList judged = judge_all(spec, chosen);
  if (!judged.error.empty()) return app.fail(kEnvironment, judged.error);
  return chosen;
}

int run(App& app, const Options& options) {
  const auto spec = app.load(options.spec);
  if (!spec) return kNo;
  auto choice = choose(app, *spec, options);
  if (const int* code = std::get_if<int>(&choice)) return *code;
  const auto& chosen = std::get<std::vector<Configuration>>(choice);

  const std::filesystem::path project = FLEXOS_SOURCE_DIR;
  ObjectStore store(project / "build/objects", project);
  store.progress = [&](const std::string& line) { app.progress(line); };
  WeaveOptions weave;
  weave.platform = options.platform.empty() ? spec->platform : options.platform;
  weave.project = project;
  weave.out = std::filesystem::absolute(options.out);
  weave.tool = "flexos-explore " FLEXOS_VERSION;
  Weaver weaver(*spec, store, weave);
  const auto refuse = [&](const Error& error) {
    return app.fail(error.environment ? kEnvironment : kNo, error.message, error.hint);
  };
  if (auto ready = weaver.prepare(chosen); !ready) return refuse(ready.error());
  Json json = Json::array();
  std::string text;
  for (const Configuration& c : chosen) {
    const double before = app.seconds();
    const auto woven = weaver.weave(c);
    if (!woven) return refuse(woven.error());
    const double seconds = app.seconds() - before;
    json.push_back(to_json(*woven, seconds));
    text += line_of(*woven, seconds);
  }
  if (app.format == Format::json) return app.print(Json{{"images", json}});
  return app.print(text);
}

}  // namespace

void add_build(CLI::App& root, App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      root, app, "build", "Images of the best configurations, or of one",
      [&app, options] { return run(app, *options); }, exit_code);
  command->add_option("SPEC", options->spec, "the spec")->required();
  auto* top = command->add_option("--top", options->top, "images of the N best (default: 1)")
                  ->check(CLI::Range(1, 10000))
                  ->option_text("N");
  command->add_option("--config", options->config, "the image of this configuration, by its id")
      ->excludes(top)
      ->option_text("ID");
  command
      ->add_option("--layout", options->layout, "the image of this layout, like a+b|c, unhardened")
      ->option_text("LAYOUT");
  command->add_option("--mechanism", options->mechanism, "with --layout: what separates")
      ->option_text("NAME")
      ->capture_default_str();
  command->add_flag("--unprotected", options->unprotected,
                    "the image without isolation and hardening, which others are measured against");
  command->add_option("-o,--output", options->out, "folder; each image goes to DIR/ID")
      ->option_text("DIR")
      ->capture_default_str();
  command->add_option("--platform", options->platform, "qemu or linux (default: the spec's)")
      ->check(CLI::IsMember({"qemu", "linux"}))
      ->option_text("{qemu,linux}");
}

}  // namespace flexos
