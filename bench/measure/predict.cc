// Predicted beside measured: every way to put the main parts of a system into compartments, with
// light and with full gates, without and with hardenings. The prediction is the spec's own profile
// and cost model; nothing is fitted to what is measured. Runs are kept: whoever is killed goes on.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <map>
#include <set>

#include "bench/measure.h"
#include "bench/statistics.h"
#include "bench/store.h"
#include "model/configuration.h"
#include "solver/judge.h"
#include "spec/load.h"

namespace flexos {
namespace {

struct Options {
  std::string spec = FLEXOS_SOURCE_DIR "/examples/sqlite.yaml";
  std::string platform = "qemu/tcg/instructions";
  std::string out = "explored/predict";
  std::string csv;
  // Members of one group stay together; all else stands with the first.
  std::vector<std::string> groups = {"sqlite", "libc", "vfs+ramfs", "time"};
  // C=H+H;C=H, - for none
  std::vector<std::string> hardening = {"-", "sqlite=stack-protector", "sqlite=cfi+safestack",
                                        "libc=stack-protector;vfs=cfi;ramfs=ubsan"};
  std::vector<std::string> subsets;
  int operations = 0;
  int limit = 0;
  double width = 0.01;
  std::string again;  // the --csv of an earlier sweep
};

std::size_t at(int i) { return static_cast<std::size_t>(i); }

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> list(1);
  for (const char c : text) {
    if (c == separator) {
      list.emplace_back();
    } else {
      list.back() += c;
    }
  }
  return list;
}

int component(const Spec& spec, const std::string& name) {
  for (int i = 0; i < spec.size(); ++i) {
    if (spec.components[at(i)].name == name) return i;
  }
  throw std::runtime_error("no component " + name);
}

/// Every partition of n things, as the class of each.
void partitions(int n, std::vector<int>& classes, std::vector<std::vector<int>>& all) {
  if (static_cast<int>(classes.size()) == n) {
    all.push_back(classes);
    return;
  }
  const int most = classes.empty() ? 0 : *std::max_element(classes.begin(), classes.end()) + 1;
  for (int c = 0; c <= most; ++c) {
    classes.push_back(c);
    partitions(n, classes, all);
    classes.pop_back();
  }
}

/// nullopt: one of the components cannot be built that way.
std::optional<std::vector<std::uint64_t>> hardened(const Spec& spec, const std::string& text) {
  std::vector<std::uint64_t> bits(at(spec.size()), 0);
  if (text == "-") return bits;
  for (const std::string& one : split(text, ';')) {
    const auto sides = split(one, '=');
    const int i = component(spec, sides.at(0));
    for (const std::string& name : split(sides.at(1), '+')) {
      const auto& allowed = spec.components[at(i)].allowed_hardening;
      if (!std::binary_search(allowed.begin(), allowed.end(), name)) return std::nullopt;
      for (std::size_t h = 0; h < spec.hardening.size(); ++h) {
        if (spec.hardening[h].name == name) bits[at(i)] |= std::uint64_t{1} << h;
      }
    }
  }
  return bits;
}

/// As --hardening takes them: every subset of the components, hardened with `hardenings`.
std::vector<std::string> subsets(const std::vector<std::string>& components,
                                 const std::string& hardenings) {
  std::vector<std::string> list;
  for (std::size_t set = 0; set < std::size_t{1} << components.size(); ++set) {
    std::string text;
    for (std::size_t i = 0; i < components.size(); ++i) {
      if ((set >> i & 1) == 0) continue;
      text += (text.empty() ? "" : ";") + components[i] + "=" + hardenings;
    }
    list.push_back(text.empty() ? "-" : text);
  }
  return list;
}

struct One {
  Configuration configuration;
  std::string name;
};

std::vector<One> configurations(const Spec& spec, const Options& options) {
  std::vector<int> group(at(spec.size()), 0);
  for (std::size_t g = 0; g < options.groups.size(); ++g) {
    for (const std::string& name : split(options.groups[g], '+')) {
      group[at(component(spec, name))] = static_cast<int>(g);
    }
  }
  std::vector<std::vector<int>> layouts;
  std::vector<int> classes;
  partitions(static_cast<int>(options.groups.size()), classes, layouts);
  std::vector<One> list;
  std::set<std::string> seen;
  for (const auto& layout : layouts) {
    for (const char* mechanism : {"mpk.light", "mpk.full"}) {
      for (const std::string& hardening : options.hardening) {
        const auto bits = hardened(spec, hardening);
        if (!bits) continue;
        One one;
        one.configuration.levels.assign(at(pair_count(spec.size())), 0);
        one.configuration.variants.assign(at(spec.size()), 0);
        one.configuration.hardening = *bits;
        Level level = 0;
        for (std::size_t l = 0; l < spec.mechanisms.size(); ++l) {
          if (spec.mechanisms[l].name == mechanism) level = static_cast<Level>(l);
        }
        for (int i = 0; i < spec.size(); ++i) {
          for (int j = 0; j < i; ++j) {
            if (layout[at(group[at(i)])] == layout[at(group[at(j)])]) continue;
            one.configuration.levels[at(pair_index(i, j))] = level;
          }
        }
        if (!seen.insert(configuration_id(spec, one.configuration)).second) continue;
        const int last = *std::max_element(layout.begin(), layout.end());
        for (int c = 0; c <= last; ++c) {
          one.name += c == 0 ? "" : " | ";
          std::string members;
          for (std::size_t g = 0; g < layout.size(); ++g) {
            if (layout[g] == c) members += (members.empty() ? "" : " ") + options.groups[g];
          }
          one.name += members;
        }
        if (last > 0) one.name += fmt::format("  {}", mechanism);
        if (hardening != "-") one.name += "  " + hardening;
        list.push_back(std::move(one));
      }
    }
  }
  if (options.limit > 0 && list.size() > static_cast<std::size_t>(options.limit)) {
    list.resize(static_cast<std::size_t>(options.limit));
  }
  return list;
}

/// What `file`, written as --csv, says was measured, by configuration.
std::map<std::string, double> earlier(const std::string& file) {
  std::ifstream in(file);
  if (!in) throw std::runtime_error(file + " cannot be read");
  std::map<std::string, double> list;
  std::string line;
  while (std::getline(in, line)) {
    const std::size_t quote = line.rfind('"');
    const std::size_t comma = line.rfind(',');
    if (line.empty() || line[0] != '"' || quote == 0 || comma == std::string::npos) continue;
    list[line.substr(1, quote - 1)] = std::stod(line.substr(comma + 1));
  }
  return list;
}

int fail(const std::string& what) {
  std::fprintf(stderr, "predict: %s\n", what.c_str());
  return 1;
}

int run(const Options& options) {
  const Library library{std::filesystem::path(FLEXOS_SOURCE_DIR) / "specs"};
  const Loaded loaded = load_spec(options.spec, library);
  for (const Diagnostic& d : loaded.diagnostics) {
    std::fprintf(stderr, "%s\n", render(d, false).c_str());
  }
  if (!loaded.spec || !loaded.spec->profile) return fail("a spec with a profile is wanted");
  const Spec& spec = *loaded.spec;
  const auto platform = parse_bench_platform(options.platform);
  if (!platform) return fail("no platform " + options.platform);
  if (platform->clock != name(spec.profile->clock)) {
    return fail("the profile counts " + std::string(name(spec.profile->clock)));
  }
  const LoadedWorkload workload = load_workload_of(spec, "", library);
  if (!workload.workload) return fail("no workload");
  const auto list = configurations(spec, options);

  std::filesystem::create_directories(options.out);
  auto results = ResultStore::open(std::filesystem::path(options.out) / "results.db");
  if (!results) return fail(results.error().message);
  const std::filesystem::path project = FLEXOS_SOURCE_DIR;
  ObjectStore objects(objects_folder(project), project);
  MeasureOptions request;
  request.platform = *platform;
  request.workload = *workload.workload;
  request.operations = options.operations;
  request.width = options.width;
  request.images = std::filesystem::absolute(options.out) / "images";
  request.project = project;
  request.tool = "predict";
  request.extras = false;
  request.progress = [](const Progress& p) {
    std::fprintf(stderr, "\r\033[K%d of %d: %s", p.done, p.planned, p.text.c_str());
  };
  Harness harness(spec, objects, **results, request);
  std::vector<Configuration> wanted;
  for (const One& one : list) wanted.push_back(one.configuration);
  const auto measured = harness.measure(wanted);
  std::fputs("\n", stderr);
  if (!measured) return fail(measured.error().message);

  const auto before =
      options.again.empty() ? std::map<std::string, double>{} : earlier(options.again);
  std::vector<double> apart;
  std::string csv = "configuration,predicted,measured\n";
  std::vector<double> predicted;
  std::vector<double> seen;
  double error = 0;
  double worst = 0;
  int failed = 0;
  fmt::print("{:>10} {:>10} {:>8}  configuration\n", "predicted", "measured", "error");
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Measurement& m = (*measured)[i];
    if (!m.ok()) {
      fmt::print("{:>10} {:>10} {:>8}  {}: {}\n", "", std::string(name(m.failure)), "",
                 list[i].name, m.detail);
      ++failed;
      continue;
    }
    const Evaluation e = judge(spec, list[i].configuration);
    const double slowdown = 1 / m.relative.median;
    const double off = e.slowdown / slowdown - 1;
    fmt::print("{:>10.4f} {:>10.4f} {:>+7.2f}%  {}\n", e.slowdown, slowdown, 100 * off,
               list[i].name);
    csv += fmt::format("\"{}\",{:.6f},{:.6f}\n", list[i].name, e.slowdown, slowdown);
    const auto known = before.find(list[i].name);
    if (known != before.end()) apart.push_back(std::abs(slowdown / known->second - 1));
    predicted.push_back(e.slowdown);
    seen.push_back(slowdown);
    error += std::abs(off);
    worst = std::max(worst, std::abs(off));
  }
  if (predicted.empty()) return fail("nothing could be measured");
  fmt::print(
      "\n{} configurations on {}: mean absolute error {:.2f} %, worst {:.2f} %, Spearman "
      "{:.4f}{}\n",
      predicted.size(), platform->key(), 100 * error / static_cast<double>(predicted.size()),
      100 * worst, spearman(predicted, seen),
      failed > 0 ? fmt::format("; {} could not be measured", failed) : "");
  if (!apart.empty()) {
    fmt::print("{} of them in {} too: apart by {:.2f} % in the median, at most {:.2f} %\n",
               apart.size(), options.again, 100 * median(apart),
               100 * *std::max_element(apart.begin(), apart.end()));
  }
  if (!options.csv.empty()) std::ofstream(options.csv) << csv;
  return 0;
}

int command(int argc, char** argv) {
  CLI::App app{"Predicted beside measured, over layouts and hardenings"};
  Options options;
  app.add_option("SPEC", options.spec)->capture_default_str();
  app.add_option("--platform", options.platform)->capture_default_str();
  app.add_option("-o,--output", options.out, "images and results")->capture_default_str();
  app.add_option("--csv", options.csv, "the pairs, for a plot");
  app.add_option("--group", options.groups, "parts that are moved")->capture_default_str();
  app.add_option("--hardening", options.hardening, "C=H+H;C=H, - for none")->capture_default_str();
  std::string each;
  CLI::Option* hardenings = app.add_option("--each", each, "with --subsets: the hardenings, H+H");
  hardenings->needs(
      app.add_option("--subsets", options.subsets,
                     "instead of --hardening: these components, each with --each or without")
          ->needs(hardenings));
  app.add_option("-n", options.operations, "operations (the profile's must be the same)");
  app.add_option("--limit", options.limit, "so many configurations");
  app.add_option("--width", options.width, "of a confidence interval, 0.01 is 1 %")
      ->capture_default_str();
  app.add_option("--again", options.again, "the --csv of an earlier sweep, to compare with");
  CLI11_PARSE(app, argc, argv);
  if (!options.subsets.empty()) options.hardening = subsets(options.subsets, each);
  return run(options);
}

}  // namespace
}  // namespace flexos

int main(int argc, char** argv) {
  try {
    return flexos::command(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "predict: %s\n", error.what());
    return 3;
  }
}
