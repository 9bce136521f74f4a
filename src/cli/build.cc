#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "cli/choice.h"
#include "codegen/tool.h"
#include "codegen/weave.h"
#include "report/table.h"

namespace flexos {

namespace {

struct Options {
  std::string spec;
  ChoiceOptions choice;
  std::string out = "images";
  std::string platform;
};

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

int run(App& app, const Options& options) {
  const auto spec = app.load(options.spec);
  if (!spec) return kNo;
  const Choices choice = choose_configurations(app, *spec, options.choice);
  if (const int* code = std::get_if<int>(&choice)) return *code;
  const auto& chosen = std::get<std::vector<Configuration>>(choice);

  const std::filesystem::path project = FLEXOS_SOURCE_DIR;
  ObjectStore store(objects_folder(project), project);
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
  // Linking is most of it, and one link knows nothing of another: a weaver a core.
  struct Made {
    std::optional<Woven> woven;
    double seconds = 0;
  };
  std::vector<Made> made(chosen.size());
  std::optional<Error> failed;
  std::mutex mutex;
  std::atomic<std::size_t> next = 0;
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  std::vector<std::function<bool()>> workers;
  for (unsigned w = 0; w < cores && w < chosen.size(); ++w) {
    workers.emplace_back([&] {
      Weaver own(*spec, store, weave);
      for (std::size_t i = next++; i < chosen.size(); i = next++) {
        const double before = app.seconds();
        auto woven = own.weave(chosen[i]);
        if (!woven) {
          const std::lock_guard lock(mutex);
          if (!failed) failed = woven.error();
          next = chosen.size();
          return false;
        }
        made[i] = {std::move(*woven), app.seconds() - before};
      }
      return true;
    });
  }
  if (!run_all(std::move(workers), cores)) return refuse(*failed);
  Json json = Json::array();
  std::string text;
  for (const Made& m : made) {
    json.push_back(to_json(*m.woven, m.seconds));
    text += line_of(*m.woven, m.seconds);
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
  add_choice_options(*command, options->choice);
  command->add_option("-o,--output", options->out, "folder; each image goes to DIR/ID")
      ->option_text("DIR")
      ->capture_default_str();
  command->add_option("--platform", options->platform, "qemu or linux (default: the spec's)")
      ->check(CLI::IsMember({"qemu", "linux"}))
      ->option_text("{qemu,linux}");
}

}  // namespace flexos
