#include "bench/calibrate.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "cli/app.h"

namespace flexos {

namespace {

struct Options {
  std::string platform;
  std::string out = "explored";
  int runs = 15;
};

Json to_json(const CalibratedCost& cost) {
  return {{"minimum", cost.minimum},
          {"median", cost.interval.median},
          {"low", cost.interval.low},
          {"high", cost.interval.high}};
}

Json to_json(const Calibrated& c) {
  Json json{{"platform", c.calibration.platform},
            {"clock", c.calibration.clock},
            {"machine", c.calibration.description},
            {"runs", c.calibration.runs}};
  json["mechanisms"] = Json::object();
  for (const MechanismCosts& m : c.calibration.mechanisms) {
    json["mechanisms"][m.mechanism] = {{"gate", to_json(m.gate)},
                                       {"in-64", to_json(m.in_64)},
                                       {"in-4096", to_json(m.in_4096)},
                                       {"out-64", to_json(m.out_64)},
                                       {"out-4096", to_json(m.out_4096)}};
  }
  json["left_out"] = Json::object();
  for (const NotCalibrated& n : c.left_out) json["left_out"][n.mechanism] = n.why;
  return json;
}

std::string to_text(const Calibrated& c) {
  std::string text =
      fmt::format("{}: {} over a plain call; {}, {} run{} each\n\n", c.calibration.platform,
                  c.calibration.clock, c.calibration.description, c.calibration.runs,
                  c.calibration.runs == 1 ? "" : "s");
  text += fmt::format("  {:<12}{:>10}{:>10}{:>20}{:>12}{:>12}{:>12}{:>12}\n", "", "minimum",
                      "median", "95 % interval", "in 64 B", "in 4 KiB", "out 64 B", "out 4 KiB");
  for (const MechanismCosts& m : c.calibration.mechanisms) {
    const Interval& i = m.gate.interval;
    text += fmt::format("  {:<12}{:>10.0f}{:>10.0f}{:>20}{:>12.0f}{:>12.0f}{:>12.0f}{:>12.0f}\n",
                        m.mechanism, m.gate.minimum, i.median,
                        fmt::format("{:.0f} .. {:.0f}", i.low, i.high), m.in_64.interval.median,
                        m.in_4096.interval.median, m.out_64.interval.median,
                        m.out_4096.interval.median);
  }
  for (const NotCalibrated& n : c.left_out) {
    text += fmt::format("  {:<12}  not measured: {}\n", n.mechanism, n.why);
  }
  return text + "\n";
}

std::vector<BenchPlatform> platforms(const PlatformChoice* chosen) {
  if (chosen != nullptr) return {chosen->platform};
  std::vector<BenchPlatform> list;
  for (const PlatformChoice& c : available_platforms(true)) list.push_back(c.platform);
  return list;
}

int run(App& app, const Options& options) {
  std::optional<PlatformChoice> chosen;
  if (!options.platform.empty()) {
    auto choice = choose_platform(options.platform, "", true);
    if (!choice) return app.fail(kUsage, choice.error().message, choice.error().hint);
    chosen = std::move(*choice);
  }
  const auto list = platforms(chosen ? &*chosen : nullptr);
  if (list.empty()) {
    return app.fail(kEnvironment, "there is nothing on this machine to calibrate",
                    "`flexos-explore doctor` says what is missing");
  }
  const auto file = calibration_file();
  if (!file) app.note("FLEXOS_CALIBRATION=none (or no HOME): nothing is kept");
  const std::filesystem::path project = FLEXOS_SOURCE_DIR;
  ObjectStore store(objects_folder(project), project);
  store.progress = [&](const std::string& line) { app.progress(line); };
  Json json = Json::array();
  std::string text;
  bool measured = false;
  for (const BenchPlatform& platform : list) {
    CalibrateOptions request;
    request.platform = platform;
    request.runs = options.runs;
    request.images = std::filesystem::absolute(options.out) / "images";
    request.project = project;
    request.tool = "flexos-explore " FLEXOS_VERSION;
    request.progress = [&](const std::string& line) { app.progress(line); };
    const auto result = calibrate(app.library(), store, request);
    if (!result) {
      const Error& e = result.error();
      return app.fail(e.environment ? kEnvironment : kNo, e.message, e.hint);
    }
    measured |= !result->calibration.mechanisms.empty();
    if (file && !result->calibration.mechanisms.empty()) {
      if (auto kept = keep_calibration(*file, result->calibration); !kept) {
        return app.fail(kEnvironment, kept.error().message, kept.error().hint);
      }
    }
    json.push_back(to_json(*result));
    text += to_text(*result);
  }
  const int printed =
      app.format == Format::json ? app.print(Json{{"calibrations", json}}) : app.print(text);
  if (printed != kDone) return printed;
  if (!measured) {
    return app.fail(kEnvironment, "no gate could be measured here",
                    "`--platform qemu`: QEMU's TCG emulates protection keys");
  }
  if (file) app.note("kept in " + file->string() + "; `rank` and the others use it from now on");
  return kDone;
}

}  // namespace

void add_calibrate(CLI::App& root, App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      root, app, "calibrate", "Measures what gates cost on this machine",
      [&app, options] { return run(app, *options); }, exit_code);
  command->add_option("--platform", options->platform, "default: all that this machine has")
      ->option_text("PLATFORM");
  command->add_option("--runs", options->runs, "boots of each image, where the clock is not exact")
      ->check(CLI::Range(1, 1000))
      ->option_text("N")
      ->capture_default_str();
  command->add_option("-o,--output", options->out, "folder of the images")
      ->option_text("DIR")
      ->capture_default_str();
}

}  // namespace flexos
