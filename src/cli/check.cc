#include "cli/app.h"

namespace flexos {

namespace {

int check(App& app, const std::vector<std::string>& files) {
  std::vector<Diagnostic> all;
  for (const std::string& file : files) {
    Loaded loaded = load_spec(file, app.library());
    for (const Diagnostic& d : loaded.diagnostics) {
      std::fprintf(stderr, "%s\n", render(d, app.err_color()).c_str());
      all.push_back(d);
    }
  }
  int printed = kDone;
  if (app.format == Format::json) {
    printed = app.print(Json{{"errors", to_json(all)}});
  } else if (!has_errors(all)) {
    std::string text;
    for (const std::string& file : files) text += file + ": ok\n";
    printed = app.print(text);
  }
  if (printed != kDone) return printed;
  return has_errors(all) ? kNo : kDone;
}

}  // namespace

void add_check(CLI::App& root, App& app, int& exit_code) {
  auto files = std::make_shared<std::vector<std::string>>();
  CLI::App* command = add_command(
      root, app, "check", "Is a spec well formed and consistent?",
      [&app, files] { return check(app, *files); }, exit_code);
  command->add_option("SPEC", *files, "specs to check")->required();
}

}  // namespace flexos
