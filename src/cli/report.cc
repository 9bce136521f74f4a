#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/app.h"
#include "report/beside.h"
#include "report/csv.h"
#include "report/figure.h"
#include "report/html.h"
#include "report/plot.h"
#include "report/points.h"

namespace flexos {

namespace {

namespace fs = std::filesystem;

struct Options {
  std::string data;
  std::string output;
  std::string figure;
  std::string csv;
  std::string beside;
};

int write_file(App& app, const fs::path& file, const std::string& text) {
  std::ofstream out(file, std::ios::binary);
  out << text;
  out.flush();
  if (out) return kDone;
  return app.fail(kEnvironment, "cannot write " + file.string());
}

/// The data of an exploration; nullopt with a message where `file` holds none. Tens of megabytes
/// are nothing unusual: a frontier of thousands of points, the attacks on every image.
std::optional<Json> read_data(App& app, const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (in && in.peek() != std::ifstream::traits_type::eof()) text << in.rdbuf();
  if (!in.is_open() || in.bad() || text.fail()) {
    app.fail(kNo, "cannot read " + file);
    return std::nullopt;
  }
  Json data = Json::parse(text.view(), nullptr, false);
  const std::string hint = "`flexos-explore SPEC` writes explored/NAME.json, which it reads";
  if (data.is_discarded() || !data.is_object()) {
    app.fail(kNo, file + " is not JSON", hint);
    return std::nullopt;
  }
  if (json_member(data, "flexos") != Json(1) || !json_member(data, "configurations").is_array()) {
    app.fail(kNo, file + " does not hold the data of a report", hint);
    return std::nullopt;
  }
  return data;
}

std::string summary(const Json& data, const Style& style) {
  const ReportPlane plane = report_plane(data);
  int measured = 0;
  int failed = 0;
  for (const ReportPoint& p : plane.points) {
    measured += p.measured ? 1 : 0;
    failed += p.failed ? 1 : 0;
  }
  std::string text = fmt::format("{}: {} configurations, {} measured{}", plane.spec,
                                 json_member(data, "configurations").size(), measured,
                                 failed > 0 ? fmt::format(", {} failed", failed) : "");
  if (!plane.platform.empty()) text += " on " + plane.platform;
  text += ", " + plane.proof + "\n\n";
  const std::string drawn = draw_frontier(data, style);
  return drawn.empty() ? text : text + drawn + "\n";
}

int run(App& app, const Options& options) {
  auto data = read_data(app, options.data);
  if (!data) return kNo;
  if (!options.beside.empty()) {
    if (options.output.empty() && !(options.figure.empty() && options.csv.empty())) {
      return app.fail(kUsage, "--beside is for the page: neither figure nor table shows it",
                      "-o FILE.html makes the page as well");
    }
    const auto other = read_data(app, options.beside);
    if (!other) return kNo;
    auto both = put_beside(*data, *other);
    if (!both) return app.fail(kNo, both.error().message, both.error().hint);
    *data = std::move(*both);
  }
  if (app.format == Format::json) return app.print(*data);
  if (app.format != Format::text) {
    return app.fail(kUsage, "--format: a report is text or json; a drawing is --figure FILE");
  }
  std::string made;
  if (!options.figure.empty()) {
    const auto written = write_figure(*data, options.figure);
    if (!written) {
      const int code = written.error().environment ? kEnvironment : kUsage;
      return app.fail(code, written.error().message, written.error().hint);
    }
    made += "figure  " + options.figure + "\n";
  }
  if (!options.csv.empty()) {
    if (const int code = write_file(app, options.csv, report_csv(*data)); code != kDone) {
      return code;
    }
    made += "table   " + options.csv + "\n";
  }
  // Whoever asks for a figure or a table wants that; the page is what one gets without a word.
  if (!options.output.empty() || made.empty()) {
    std::error_code error;
    const auto bundle = read_bundle(bundle_folders(fs::read_symlink("/proc/self/exe", error)));
    if (!bundle) return app.fail(kEnvironment, bundle.error().message, bundle.error().hint);
    const auto html = html_report(*data, *bundle);
    if (!html) return app.fail(kEnvironment, html.error().message, html.error().hint);
    const fs::path file = options.output.empty() ? fs::path(options.data).replace_extension(".html")
                                                 : fs::path(options.output);
    if (const int code = write_file(app, file, *html); code != kDone) return code;
    made += "report  " + file.string() + "\n";
  }
  return app.print(summary(*data, app.out_style()) + made);
}

}  // namespace

void add_report(CLI::App& root, App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      root, app, "report", "A page, a figure or a table of what was explored",
      [&app, options] { return run(app, *options); }, exit_code);
  command->add_option("DATA", options->data, "explored/NAME.json")->required();
  command->add_option("-o,--output", options->output, "the page (default: DATA with .html)")
      ->option_text("FILE.html");
  command
      ->add_option("--beside", options->beside,
                   "another exploration's data: what the same choices cost its workload")
      ->option_text("DATA");
  command
      ->add_option("--figure", options->figure,
                   "the frontier as a figure for a paper: .svg, .png or .pdf")
      ->option_text("FILE");
  command
      ->add_option("--csv", options->csv, "everything as a table, as `safest --measured` reads it")
      ->option_text("FILE.csv");
}

}  // namespace flexos
