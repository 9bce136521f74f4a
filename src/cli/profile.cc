#include "bench/profile.h"

#include <fmt/format.h>

#include <filesystem>

#include "cli/app.h"
#include "cli/files.h"

namespace flexos {

namespace {

struct Options {
  std::string spec;
  std::string workload;
  std::string platform;
  int operations = 0;
  std::string file;
  std::string out = "explored";
  bool no_hardening = false;
};

int run(App& app, const Options& options) {
  const auto spec = app.load(options.spec);
  if (!spec) return kNo;
  LoadedWorkload loaded = load_workload_of(*spec, options.workload, app.library());
  for (const Diagnostic& d : loaded.diagnostics) {
    std::fprintf(stderr, "%s\n", render(d, app.err_color()).c_str());
  }
  if (!loaded.workload) return kNo;
  const auto platform =
      choose_platform(options.platform, spec->platform, false, loaded.workload->driver());
  if (!platform) {
    return app.fail(platform.error().environment ? kEnvironment : kUsage, platform.error().message,
                    platform.error().hint);
  }

  const std::filesystem::path project = FLEXOS_SOURCE_DIR;
  ObjectStore store(objects_folder(project), project);
  store.progress = [&](const std::string& line) { app.progress(line); };
  ProfileOptions request;
  request.platform = platform->platform;
  request.workload = *loaded.workload;
  request.operations = options.operations;
  request.hardening = !options.no_hardening;
  request.images = std::filesystem::absolute(options.out) / "images";
  request.project = project;
  request.tool = "flexos-explore " FLEXOS_VERSION;
  request.progress = [&](const std::string& line) { app.progress(line); };
  const auto profile = make_profile(*spec, store, request);
  if (!profile) {
    const Error& error = profile.error();
    return app.fail(error.environment ? kEnvironment : kNo, error.message, error.hint);
  }
  const std::string yaml = to_yaml(*profile, "Measured by `flexos-explore profile`.");
  if (options.file.empty() || options.file == "-") return app.print(yaml);
  if (auto written = write_file(options.file, yaml); !written) {
    return app.fail(kEnvironment, written.error().message, written.error().hint);
  }
  app.note(fmt::format("measured on {} ({}); in the spec: `profile: {}`", platform->platform.key(),
                       platform->why, std::filesystem::path(options.file).filename().string()));
  return kDone;
}

}  // namespace

void add_profile(CLI::App& root, App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      root, app, "profile", "Measures the profile of a spec: calls, work, what hardening costs",
      [&app, options] { return run(app, *options); }, exit_code);
  command->add_option("SPEC", options->spec, "the spec")->required();
  command->add_option("-n,--operations", options->operations, "default: the workload's")
      ->check(CLI::Range(1, 1000000000))
      ->option_text("N");
  command->add_option("--platform", options->platform, "default: the spec's")
      ->option_text("PLATFORM");
  command->add_option("--workload", options->workload, "default: the spec's")->option_text("NAME");
  command->add_option("-o,--output", options->file, "the profile (default: standard output)")
      ->option_text("FILE");
  command->add_option("--out", options->out, "folder of the images")
      ->option_text("DIR")
      ->capture_default_str();
  command->add_flag("--no-hardening", options->no_hardening,
                    "without the factors of hardenings, which need an image each");
}

}  // namespace flexos
