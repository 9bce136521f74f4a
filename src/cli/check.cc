#include "cli/app.h"
#include "cli/files.h"
#include "report/sarif.h"

namespace flexos {

namespace {

struct Options {
  std::vector<std::string> files;
  std::string sarif;  ///< file to write; empty: none
};

int check(App& app, const Options& options) {
  std::vector<Diagnostic> all;
  for (const std::string& file : options.files) {
    Loaded loaded = load_spec(file, app.library());
    for (const Diagnostic& d : loaded.diagnostics) {
      std::fprintf(stderr, "%s\n", render(d, app.err_color()).c_str());
      all.push_back(d);
    }
  }
  if (!options.sarif.empty()) {
    const auto written = write_file(options.sarif, to_sarif(all, FLEXOS_VERSION).dump(2) + "\n");
    if (!written) return app.fail(kEnvironment, written.error().message);
  }
  int printed = kDone;
  if (app.format == Format::sarif) {
    printed = app.print(to_sarif(all, FLEXOS_VERSION));
  } else if (app.format == Format::json) {
    printed = app.print(Json{{"errors", to_json(all)}});
  } else if (!has_errors(all)) {
    std::string text;
    for (const std::string& file : options.files) text += file + ": ok\n";
    printed = app.print(text);
  }
  if (printed != kDone) return printed;
  return has_errors(all) ? kNo : kDone;
}

}  // namespace

void add_check(CLI::App& root, App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      root, app, "check", "Is a spec well formed and consistent?",
      [&app, options] { return check(app, *options); }, exit_code);
  command->add_option("SPEC", options->files, "specs to check")->required();
  command->add_option("--sarif", options->sarif, "write the findings there as SARIF 2.1.0")
      ->option_text("FILE");
  // The one command whose answer code-review tools read.
  command->remove_option(command->get_option("--format"));
  command->add_option("--format", app.format, "text, json or sarif")
      ->transform(CLI::CheckedTransformer(std::map<std::string, Format>{
          {"text", Format::text}, {"json", Format::json}, {"sarif", Format::sarif}}))
      ->option_text("{text,json,sarif}");
}

}  // namespace flexos
