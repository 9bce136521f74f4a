#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <tuple>

#include "bench/drive.h"
#include "bench/statistics.h"
#include "bench/store.h"
#include "bench/summary.h"
#include "cli/app.h"
#include "cli/measuring.h"
#include "report/measured_json.h"

namespace flexos {

namespace {

struct Options {
  std::string database = "explored/results.db";
  std::vector<std::string> files;  ///< merge
  std::string wanted;              ///< show: an image or a configuration
};

/// Runs that can be compared, and the image that they are of.
struct Series {
  RunKey key;
  std::string image;
  std::vector<RunRecord> runs;
};

std::vector<Series> series_of(const std::vector<RunRecord>& runs) {
  std::map<
      std::tuple<std::string, std::string, std::string, std::string, std::int64_t, std::string>,
      Series>
      found;
  for (const RunRecord& r : runs) {
    Series& s = found[{r.workload, r.platform, r.machine, r.definition, r.operations, r.image}];
    s.key = {r.platform, r.machine, r.workload, r.definition, r.operations};
    s.image = r.image;
    s.runs.push_back(r);
  }
  std::vector<Series> list;
  for (auto& [key, s] : found) list.push_back(std::move(s));
  return list;
}

/// The numbers of a series; its unprotected image's runs come from the same database.
Measurement numbers_of(const Series& s, const std::vector<Series>& all) {
  Measurement m;
  m.image_hash = s.image;
  const auto platform = parse_bench_platform(s.key.platform);
  if (!platform) return m;
  if (const RunRecord* standing = standing_failure(s.runs, true)) {
    m.failure = standing->failure;
    m.detail = standing->detail;
    return m;
  }
  const std::string baseline = s.runs.empty() ? "" : s.runs.back().baseline;
  std::vector<RunRecord> theirs;
  for (const Series& other : all) {
    if (other.image == baseline && other.key.platform == s.key.platform &&
        other.key.machine == s.key.machine && other.key.workload == s.key.workload &&
        other.key.definition == s.key.definition && other.key.operations == s.key.operations) {
      theirs = other.runs;
    }
  }
  summarise(*platform, s.runs, theirs, 0.01, m);
  return m;
}

struct Opened {
  std::unique_ptr<ResultStore> store;
  std::vector<RunRecord> runs;
  std::map<std::string, ImageRecord> images;
  std::map<std::string, std::string> machines;
};

std::optional<Opened> open(App& app, const Options& options, int& code) {
  Opened o;
  const auto give_up = [&](const Error& error) {
    code = refuse(app, error);
    return std::nullopt;
  };
  auto store = ResultStore::open(options.database, false);
  if (!store) return give_up(store.error());
  o.store = std::move(*store);
  auto runs = o.store->all_runs();
  if (!runs) return give_up(runs.error());
  o.runs = std::move(*runs);
  auto images = o.store->images();
  if (!images) return give_up(images.error());
  for (ImageRecord& i : *images) o.images.emplace(i.image, std::move(i));
  auto machines = o.store->machines();
  if (!machines) return give_up(machines.error());
  o.machines = std::move(*machines);
  return o;
}

Json series_json(const Series& s, const Opened& o, const std::vector<Series>& all) {
  Measurement m = numbers_of(s, all);
  const auto image = o.images.find(s.image);
  if (image != o.images.end()) {
    m.id = image->second.configuration;
    m.image_bytes = image->second.bytes;
    if (m.memory_bytes == 0 && image->second.platform == "qemu")
      m.memory_bytes = image->second.memory;
  } else if (s.image.starts_with("build:")) {
    m.id = s.image.substr(6);
    m.image_hash.clear();
  }
  const auto machine = o.machines.find(s.key.machine);
  Json json{
      {"workload", s.key.workload},
      {"definition", s.key.definition},
      {"operations", s.key.operations},
      {"platform", s.key.platform},
      {"machine", s.key.machine},
      {"machine_description", machine == o.machines.end() ? Json(nullptr) : Json(machine->second)},
      {"spec", image == o.images.end() ? Json(nullptr) : Json(image->second.spec)},
      {"layout", image == o.images.end() ? Json(nullptr) : Json(image->second.layout)},
      {"baseline", !s.runs.empty() && s.runs.back().baseline == s.image}};
  json.update(measured_json(m));
  json.erase("path");
  json.erase("cached");
  return json;
}

int list(App& app, const Options& options) {
  int code = kDone;
  const auto opened = open(app, options, code);
  if (!opened) return code;
  const std::vector<Series> all = series_of(opened->runs);
  if (app.format == Format::json) {
    Json json = Json::array();
    for (const Series& s : all) json.push_back(series_json(s, *opened, all));
    return app.print(Json{{"database", options.database},
                          {"runs", opened->runs.size()},
                          {"results", std::move(json)}});
  }
  std::string text = fmt::format("{}: {} runs of {} images on {} machine{}\n", options.database,
                                 opened->runs.size(), opened->images.size(),
                                 opened->machines.size(), opened->machines.size() == 1 ? "" : "s");
  std::string heading;
  for (const Series& s : all) {
    const auto machine = opened->machines.find(s.key.machine);
    std::string above =
        fmt::format("\n{} x {} on {} ({})\n", s.key.operations, s.key.workload, s.key.platform,
                    machine == opened->machines.end() ? s.key.machine : machine->second);
    if (above != heading) text += heading = above;
    const Measurement m = numbers_of(s, all);
    const auto image = opened->images.find(s.image);
    const std::string id =
        image == opened->images.end() ? s.image.substr(0, 18) : image->second.configuration;
    text += fmt::format("  {:18}", id);
    if (m.failure != Failure::none) {
      text += fmt::format("  failed: {}: {}\n", name(m.failure), m.detail);
      continue;
    }
    text += fmt::format("  {:>3} runs", m.runs);
    if (m.runs > 0) text += fmt::format("  {:>12.1f} an operation", m.per_operation.median);
    if (m.relative.median > 0) text += fmt::format("  {:8.4f}x", 1 / m.relative.median);
    if (image != opened->images.end()) text += "  " + image->second.layout;
    text += "\n";
  }
  return app.print(text);
}

Json run_json(const RunRecord& r) {
  return {{"run", r.run},
          {"image", r.image},
          {"baseline", r.baseline},
          {"platform", r.platform},
          {"machine", r.machine},
          {"workload", r.workload},
          {"definition", r.definition},
          {"operations", r.operations},
          {"kind", r.kind},
          {"block", r.block},
          {"place", r.place},
          {"warmup", r.warmup},
          {"started", r.started},
          {"failure", r.good() ? Json(nullptr) : Json(name(r.failure))},
          {"detail", r.detail},
          {"seconds", r.seconds},
          {"units", r.units},
          {"wall", r.wall},
          {"memory", r.memory},
          {"checks", r.checks},
          {"latency", r.latency}};
}

/// A field of RFC 4180.
std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string csv_line(const std::vector<std::string>& fields) {
  std::string line;
  for (const std::string& f : fields) line += (line.empty() ? "" : ",") + csv_field(f);
  return line + "\n";
}

int show(App& app, const Options& options) {
  int code = kDone;
  const auto opened = open(app, options, code);
  if (!opened) return code;
  std::vector<RunRecord> wanted;
  for (const RunRecord& r : opened->runs) {
    const auto image = opened->images.find(r.image);
    const bool named =
        image != opened->images.end() && image->second.configuration.rfind(options.wanted, 0) == 0;
    if (named || r.image.rfind(options.wanted, 0) == 0 ||
        r.image.rfind("build:" + options.wanted, 0) == 0) {
      wanted.push_back(r);
    }
  }
  if (wanted.empty()) {
    return app.fail(kNo,
                    fmt::format("no image or configuration in {} begins with {}", options.database,
                                options.wanted),
                    "`flexos-explore results list` names them");
  }
  const std::vector<Series> all = series_of(opened->runs);
  const std::vector<Series> shown = series_of(wanted);
  if (app.format == Format::json) {
    Json json = Json::array();
    for (const Series& s : shown) {
      Json one = series_json(s, *opened, all);
      one["each"] = Json::array();
      for (const RunRecord& r : s.runs) one["each"].push_back(run_json(r));
      json.push_back(std::move(one));
    }
    return app.print(Json{{"results", std::move(json)}});
  }
  std::string text;
  for (const Series& s : shown) {
    const auto image = opened->images.find(s.image);
    text += fmt::format("{}{} x {} on {}, machine {}\n  image {}\n", text.empty() ? "" : "\n",
                        s.key.operations, s.key.workload, s.key.platform, s.key.machine, s.image);
    if (image != opened->images.end()) {
      text += fmt::format("  {} of {}: {}\n", image->second.configuration, image->second.spec,
                          image->second.layout);
    }
    std::vector<double> times;
    for (const RunRecord& r : counted(s.runs)) times.push_back(r.units);
    const std::vector<bool> far = outliers(times);
    std::size_t at = 0;
    for (const RunRecord& r : s.runs) {
      const bool counts = r.good() && !r.warmup && r.kind == name(RunKind::throughput);
      std::string word = r.good() ? "" : fmt::format("{}: {}", name(r.failure), r.detail);
      if (r.warmup) word = "warm-up, not counted";
      if (counts && far[at++]) word = "outlier, kept";
      text += fmt::format("  {}  {:10}  {:>16.0f} units  {:>10.6f} s  {:>8.3f} s in all  {}\n",
                          r.run.substr(0, 8), r.kind, r.units, r.seconds, r.wall, word);
    }
  }
  return app.print(text);
}

int merge(App& app, const Options& options) {
  auto store = ResultStore::open(options.database);
  if (!store) return refuse(app, store.error());
  Json json = Json::array();
  std::string text;
  for (const std::string& file : options.files) {
    const auto merged = (*store)->merge(file);
    if (!merged) return refuse(app, merged.error());
    json.push_back({{"file", file}, {"new", merged->runs}, {"known", merged->known}});
    text += fmt::format("{}: {} new runs, {} known already\n", file, merged->runs, merged->known);
  }
  if (app.format == Format::json) {
    return app.print(Json{{"database", options.database}, {"merged", std::move(json)}});
  }
  return app.print(text);
}

/// Every run, as it stands there.
int export_all(App& app, const Options& options) {
  int code = kDone;
  const auto opened = open(app, options, code);
  if (!opened) return code;
  if (app.format == Format::json) {
    Json runs = Json::array();
    for (const RunRecord& r : opened->runs) runs.push_back(run_json(r));
    Json images = Json::array();
    for (const auto& [hash, i] : opened->images) {
      images.push_back({{"image", i.image},
                        {"configuration", i.configuration},
                        {"spec", i.spec},
                        {"platform", i.platform},
                        {"layout", i.layout},
                        {"bytes", i.bytes},
                        {"memory", i.memory}});
    }
    return app.print(Json{
        {"machines", opened->machines}, {"images", std::move(images)}, {"runs", std::move(runs)}});
  }
  std::string text = csv_line(
      {"run",     "configuration", "spec",       "layout",  "image", "baseline", "platform",
       "machine", "workload",      "operations", "kind",    "block", "place",    "warmup",
       "started", "failure",       "detail",     "seconds", "units", "wall",     "memory"});
  for (const RunRecord& r : opened->runs) {
    const auto found = opened->images.find(r.image);
    const ImageRecord image = found == opened->images.end() ? ImageRecord{} : found->second;
    text += csv_line({r.run,
                      image.configuration,
                      image.spec,
                      image.layout,
                      r.image,
                      r.baseline,
                      r.platform,
                      r.machine,
                      r.workload,
                      std::to_string(r.operations),
                      r.kind,
                      r.block,
                      std::to_string(r.place),
                      r.warmup ? "1" : "0",
                      fmt::format("{:.6f}", r.started),
                      std::string(name(r.failure)),
                      r.detail,
                      fmt::format("{:.9f}", r.seconds),
                      fmt::format("{:.0f}", r.units),
                      fmt::format("{:.6f}", r.wall),
                      std::to_string(r.memory)});
  }
  return app.print(text);
}

}  // namespace

void add_results(CLI::App& root, App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = root.add_subcommand("results", "The database of what was measured");
  command->require_subcommand(1);
  const auto add = [&](const std::string& name, const std::string& about,
                       int (*run)(App&, const Options&)) {
    CLI::App* sub = add_command(
        *command, app, name, about, [&app, options, run] { return run(app, *options); }, exit_code);
    sub->add_option("--results", options->database, "the database")
        ->option_text("FILE")
        ->capture_default_str();
    return sub;
  };
  add("list", "What is in it, one line an image", list);
  add("show", "Every run of an image or a configuration", show)
      ->add_option("ID", options->wanted,
                   "the beginning of a configuration's id or an image's hash")
      ->required();
  add("merge", "Takes what other databases have; twice is once", merge)
      ->add_option("FILES", options->files, "of other machines, or of earlier sweeps")
      ->required();
  add("export", "Every run as CSV; with --format json, all that is there", export_all);
}

}  // namespace flexos
