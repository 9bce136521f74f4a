#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "cli/choice.h"
#include "codegen/weave_all.h"
#include "report/table.h"

namespace flexos {

namespace {

struct Options {
  std::string spec;
  ChoiceOptions choice;
  std::string out = "images";
  std::string platform;
  std::optional<std::uint64_t> heap;  ///< MiB
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
  if (options.heap) weave.sizes.heap = *options.heap << 20;
  const auto made = weave_all(*spec, store, weave, chosen, {.stop_at_error = true});
  if (!made) {
    const Error& error = made.error();
    return app.fail(error.environment ? kEnvironment : kNo, error.message, error.hint);
  }
  Json json = Json::array();
  std::string text;
  for (const WovenOne& m : *made) {
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
  // All of an image lies below 2 GiB; the linker says so where several heaps do not fit.
  command
      ->add_option("--heap", options->heap,
                   "memory of each compartment that allocates, MiB (default: 64)")
      ->check(CLI::Range(2, 1536))
      ->option_text("MIB");
}

}  // namespace flexos
