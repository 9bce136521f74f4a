#include "bench/calibrate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "bench/machine.h"
#include "bench/statistics.h"
#include "codegen/backend.h"
#include "codegen/launch.h"
#include "codegen/weave.h"

namespace flexos {

namespace {

/// Everything but `echo` stands in one compartment, so that a call of it is the only one to cross.
constexpr std::string_view kSpec = R"(flexos: 1
name: calibrate
application: micro
components: [micro, echo, libc, vfs, ramfs, time, sched, alloc, console, random]
)";
constexpr const char* kFar = "echo";
constexpr std::string_view kCalls = "2000";
constexpr double kTimeout = 120;

struct Kind {
  const char* line;  ///< as micro calls it
  CalibratedCost MechanismCosts::* cost;
};
constexpr Kind kKinds[] = {{"nothing", &MechanismCosts::gate},
                           {"in 64", &MechanismCosts::in_64},
                           {"in 4096", &MechanismCosts::in_4096},
                           {"out 64", &MechanismCosts::out_64},
                           {"out 4096", &MechanismCosts::out_4096}};

std::size_t at(int i) { return static_cast<std::size_t>(i); }

using Costs = std::map<std::string, double>;

class Calibrator {
 public:
  Calibrator(const Spec& spec, ObjectStore& objects, const CalibrateOptions& options)
      : spec_(spec), objects_(objects), options_(options) {}

  Result<Calibrated> run() {
    Calibrated result;
    const Machine machine = this_machine();
    Calibration& c = result.calibration;
    c.machine = machine.id;
    c.description = machine.description;
    c.platform = options_.platform.key();
    c.clock = options_.platform.clock;
    c.runs = options_.platform.exact() ? 1 : options_.runs;
    std::vector<Woven> images;
    std::vector<std::string> names;
    for (std::size_t level = 0; level < spec_.mechanisms.size(); ++level) {
      const Mechanism& m = spec_.mechanisms[level];
      if (level > 0 && !weaves(m)) {
        result.left_out.push_back({m.name, "no image can be built with it yet"});
        continue;
      }
      if (level > 0 && !available_on(m, options_.platform.platform)) {
        result.left_out.push_back({m.name, "not on " + options_.platform.platform});
        continue;
      }
      auto image = woven(static_cast<Level>(level));
      if (!image) return image.error();
      images.push_back(std::move(*image));
      names.push_back(m.name);
    }
    // Round by round, so that what disturbs the machine disturbs all of them.
    std::vector<std::vector<Costs>> seen(images.size());
    for (int run = 0; run < c.runs; ++run) {
      for (std::size_t i = 0; i < images.size(); ++i) {
        if (run > 0 && seen[i].empty()) continue;
        if (options_.progress) {
          options_.progress(fmt::format("{}: run {} of {}", names[i], run + 1, c.runs));
        }
        auto costs = boot(images[i]);
        if (costs) {
          seen[i].push_back(std::move(*costs));
        } else if (i == 0 || run > 0) {
          return costs.error();
        } else {
          result.left_out.push_back({names[i], costs.error().message});
        }
      }
    }
    for (std::size_t i = 1; i < images.size(); ++i) {
      if (!seen[i].empty()) c.mechanisms.push_back(summary(names[i], seen[i], seen[0]));
    }
    return result;
  }

 private:
  Result<Woven> woven(Level level) {
    Configuration c;
    c.levels.assign(at(pair_count(spec_.size())), 0);
    c.hardening.assign(at(spec_.size()), 0);
    c.variants.assign(at(spec_.size()), 0);
    for (int i = 0; i < spec_.size(); ++i) {
      for (int j = 0; j < i; ++j) {
        const bool far =
            spec_.components[at(i)].name == kFar || spec_.components[at(j)].name == kFar;
        if (far) c.levels[at(pair_index(i, j))] = level;
      }
    }
    WeaveOptions weave;
    weave.platform = options_.platform.platform;
    weave.project = options_.project;
    weave.out = options_.images;
    weave.tool = options_.tool;
    Weaver weaver(spec_, objects_, weave);
    return weaver.weave(c);
  }

  Result<Costs> boot(const Woven& image) {
    std::vector<std::string> command;
    const std::string file = std::filesystem::absolute(image.elf).string();
    if (options_.platform.platform == "qemu") {
      const std::string qemu = find_program("qemu-system-x86_64");
      if (qemu.empty()) {
        return Error{"qemu-system-x86_64 is missing", "on Debian: apt-get install qemu-system-x86",
                     true};
      }
      command =
          qemu_command({.qemu = qemu,
                        .image = file,
                        .accelerator = options_.platform.accelerator == "kvm" ? Accelerator::kvm
                                                                              : Accelerator::tcg,
                        .memory = memory_of(image.manifest),
                        .arguments = std::string(kCalls),
                        .count_instructions = options_.platform.exact()});
    } else {
      command = {file, std::string(kCalls)};
    }
    std::string console;
    std::string errors;
    const ProcessEnd end = run_process({.command = command,
                                        .timeout = kTimeout,
                                        .output = [&](int stream, std::string_view bytes) {
                                          (stream == 1 ? console : errors) += bytes;
                                          return console.size() + errors.size() < (1U << 20);
                                        }});
    const Outcome outcome = classify(options_.platform.platform, end, console, errors);
    if (outcome.exit_code() != 0) {
      return Error{outcome.detail, outcome.hint, outcome.exit_code() == 3};
    }
    return parse_micro(console);
  }

  MechanismCosts summary(const std::string& name, const std::vector<Costs>& with,
                         const std::vector<Costs>& without) const {
    MechanismCosts m;
    m.mechanism = name;
    for (const Kind& kind : kKinds) {
      std::vector<double> over;
      for (std::size_t run = 0; run < with.size(); ++run) {
        over.push_back(std::max(0.0, with[run].at(kind.line) - without[run].at(kind.line)));
      }
      CalibratedCost& cost = m.*kind.cost;
      cost.minimum = *std::min_element(over.begin(), over.end());
      cost.interval = bootstrap_median(over, 1);
    }
    return m;
  }

  const Spec& spec_;
  ObjectStore& objects_;
  const CalibrateOptions& options_;
};

}  // namespace

Result<std::map<std::string, double>> parse_micro(std::string_view console) {
  constexpr std::string_view kPrefix = "micro ";
  Costs costs;
  while (!console.empty()) {
    const std::size_t end = std::min(console.find('\n'), console.size());
    std::string_view line = console.substr(0, end);
    console.remove_prefix(std::min(end + 1, console.size()));
    if (!line.starts_with(kPrefix)) continue;
    line.remove_prefix(kPrefix.size());
    for (const Kind& kind : kKinds) {
      // "in 64        121 cycles a call  right"
      const std::string_view name = kind.line;
      if (!line.starts_with(name) || line.substr(name.size(), 1) != " ") continue;
      const std::string rest(line.substr(name.size()));
      char* after = nullptr;
      const double value = std::strtod(rest.c_str(), &after);
      if (after == rest.c_str() || value < 0) continue;
      if (rest.find("right") == std::string::npos) {
        return Error{fmt::format("a gate does not carry what it must (`{}`)", name),
                     "run examples/micro.yaml"};
      }
      costs[kind.line] = value;
    }
  }
  for (const Kind& kind : kKinds) {
    if (!costs.contains(kind.line)) {
      return Error{fmt::format("the image did not say what `{}` costs", kind.line)};
    }
  }
  return costs;
}

Result<Calibrated> calibrate(const Library& library, ObjectStore& objects,
                             const CalibrateOptions& options) {
  const Loaded loaded = load_spec_text(kSpec, "calibrate", library);
  if (!loaded.spec) {
    return Error{
        "the components `micro` and `echo` cannot be read: " + loaded.diagnostics.front().message,
        "the folder of definitions is not the one that ships"};
  }
  return Calibrator(*loaded.spec, objects, options).run();
}

}  // namespace flexos
