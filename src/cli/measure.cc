#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>

#include "cli/choice.h"
#include "cli/measuring.h"
#include "codegen/backend.h"
#include "report/measured_json.h"

namespace flexos {

namespace {

struct Options {
  std::string spec;
  ChoiceOptions choice;
  MeasuringOptions measuring;
};

std::string layout_text(const Spec& spec, const Configuration& c) {
  std::string text;
  for (const auto& compartment : compartments_in_order(spec, c)) {
    std::string names;
    for (const int i : compartment) {
      names += (names.empty() ? "" : " ") + spec.components[static_cast<std::size_t>(i)].name;
    }
    text += (text.empty() ? "{" : " | {") + names + "}";
  }
  return text;
}

std::string amount(double value, const BenchPlatform& platform) {
  return fmt::format("{:.0f} {}", value, platform.clock);
}

std::string lines_of(const Spec& spec, const Measurement& m, const BenchPlatform& platform) {
  std::string text = m.id + "  ";
  if (m.failure != Failure::none) {
    return text + fmt::format("failed: {}: {}\n{:14}{}\n", name(m.failure), m.detail, "",
                              layout_text(spec, m.configuration));
  }
  if (m.runs == 0) return text + "not measured\n";
  const double slowdown = m.relative.median > 0 ? 1 / m.relative.median : 0;
  text += fmt::format("{:.4f}x", slowdown);
  if (!platform.exact() && m.relative.low > 0) {
    text += fmt::format(" [{:.4f}, {:.4f}]", 1 / m.relative.high, 1 / m.relative.low);
  }
  text += fmt::format("  {} an operation, {} run{}{}", amount(m.per_operation.median, platform),
                      m.runs, m.runs == 1 ? "" : "s", m.cached ? ", cached" : "");
  if (m.outliers > 0) text += fmt::format(", {} outlier{}", m.outliers, m.outliers == 1 ? "" : "s");
  if (!m.tight) text += ", wider than asked for";
  text += fmt::format("\n{:14}{}\n{:14}", "", layout_text(spec, m.configuration), "");
  std::string more;
  const auto add = [&](std::string word) { more += (more.empty() ? "" : ", ") + std::move(word); };
  if (m.boot_seconds > 0) add(fmt::format("boot {:.0f} ms", m.boot_seconds * 1e3));
  if (m.memory_bytes > 0) add(fmt::format("{} KiB of memory", m.memory_bytes / 1024));
  add(fmt::format("image {} KiB", m.image_bytes / 1024));
  // "max" sorts before "p50", and belongs behind.
  std::vector<std::pair<double, std::string>> latency;
  for (const auto& [percentile, value] : m.latency) latency.emplace_back(value, percentile);
  std::stable_sort(latency.begin(), latency.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first < b.first : a.second > b.second;
  });
  std::stable_sort(latency.begin(), latency.end(), [](const auto& a, const auto& b) {
    return a.second.starts_with("p") && !b.second.starts_with("p");
  });
  std::string percentiles;
  for (const auto& [value, percentile] : latency) {
    percentiles += fmt::format("{}{} {:.0f}", percentiles.empty() ? "" : ", ", percentile, value);
  }
  if (!percentiles.empty()) add(fmt::format("latency {} {}", percentiles, platform.clock));
  text += more + "\n";
  if (!m.detail.empty()) text += fmt::format("{:14}note: {}\n", "", m.detail);
  return text;
}

int run(App& app, const Options& options) {
  const auto whole = app.load(options.spec);
  if (!whole) return kNo;
  // The best that an image can hold, as the main command has it. What was named stays what it is:
  // the build says why there can be no image of it.
  const bool named = !options.choice.config.empty() || !options.choice.layout.empty();
  const std::string& wanted = options.measuring.platform;
  Buildable narrow =
      buildable(*whole, wanted.empty() ? whole->platform : wanted.substr(0, wanted.find('/')));
  const bool narrowed = !named && narrow.missing.empty() && !narrow.left_out.empty();
  if (narrowed) {
    app.note(fmt::format("without {}: no image can have it", fmt::join(narrow.left_out, ", ")));
  }
  const Spec* spec = narrowed ? &narrow.spec : &*whole;
  const Choices choice = choose_configurations(app, *spec, options.choice);
  if (const int* code = std::get_if<int>(&choice)) return *code;
  const auto& chosen = std::get<std::vector<Configuration>>(choice);
  int code = kDone;
  const auto session = Measuring::open(app, *spec, options.measuring, chosen, code);
  if (session == nullptr) return code;
  auto measured = session->harness().measure(chosen);
  if (!measured) return refuse(app, measured.error());

  const bool cut = session->harness().interrupted();
  if (app.format == Format::json) {
    Json json;
    json["spec"] = spec->name;
    json["workload"] = session->workload().name;
    json["operations"] = session->operations();
    json["platform"] = platform_json(session->platform(), session->machine(), session->why());
    json["baseline"] = measured_json(session->harness().baseline());
    json["measurements"] = Json::array();
    for (const Measurement& m : *measured) json["measurements"].push_back(measured_json(m));
    json["complete"] = !cut;
    json["seconds"] = app.seconds();
    code = app.print(json);
  } else {
    const Measurement& base = session->harness().baseline();
    std::string text =
        fmt::format("{}: {} x {} on {} ({}): {}\n\n", spec->name, session->operations(),
                    session->workload().name, session->platform().key(),
                    session->machine().description, session->why());
    text += fmt::format("unprotected   {} an operation, {} runs{}\n\n",
                        amount(base.per_operation.median, session->platform()), base.runs,
                        base.cached ? ", cached" : "");
    for (const Measurement& m : *measured) text += lines_of(*spec, m, session->platform());
    code = app.print(text);
  }
  if (code != kDone) return code;
  if (cut) {
    app.note(fmt::format("interrupted; what was measured is in {}: the same command goes on there",
                         options.measuring.database().string()));
    return 130;
  }
  const bool failed = std::any_of(measured->begin(), measured->end(),
                                  [](const Measurement& m) { return m.failure != Failure::none; });
  return failed ? kNo : kDone;
}

}  // namespace

void add_measure(CLI::App& root, App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      root, app, "measure", "Measures images against the unprotected one",
      [&app, options] { return run(app, *options); }, exit_code);
  command->add_option("SPEC", options->spec, "the spec")->required();
  add_choice_options(*command, options->choice);
  add_measuring_options(*command, options->measuring);
}

}  // namespace flexos
