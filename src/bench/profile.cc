#include "bench/profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cmath>
#include <mutex>
#include <optional>
#include <thread>

#include "bench/drive.h"
#include "bench/machine.h"
#include "codegen/weave.h"
#include "model/configuration.h"

/// Where the numbers come from:
///
///     base        the unprotected image, as `measure` runs it: the application's own time over the
///                 number of operations
///     calls       a counting image (codegen/counting.h), exactly
///     work, copy  the same image, less what its stubs take
///     hardening   a counting image for each component and hardening, all else as in the
///     unprotected
///                 one: the component's work in it over its work without. What a hardening does to
///                 others is not the component's: asan puts redzones around what everybody in its
///                 compartment allocates, and whoever is in another one pays nothing for them.
///
/// An application that marks what of it is measured (flexos/measure.h) is counted there. For all
/// others two runs with n and 2 n operations are subtracted, so that what is done once is not
/// counted.
namespace flexos {

namespace {

constexpr double kMostFactor = 1000;  // of the language

std::size_t at(int i) { return static_cast<std::size_t>(i); }

std::vector<std::string_view> words(std::string_view line) {
  std::vector<std::string_view> result;
  while (!line.empty()) {
    const std::size_t end = std::min(line.find(' '), line.size());
    if (end > 0) result.push_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return result;
}

std::optional<double> number(std::string_view word) {
  std::uint64_t value = 0;
  const auto end = std::from_chars(word.data(), word.data() + word.size(), value);
  if (end.ec != std::errc{} || end.ptr != word.data() + word.size()) return std::nullopt;
  return static_cast<double>(value);
}

/// Reads the lines, then takes off what the stubs took.
class TableReader {
 public:
  Result<CountTable> read(std::string_view console) {
    bool begun = false;
    bool ended = false;
    while (!console.empty()) {
      const std::size_t end = std::min(console.find('\n'), console.size());
      std::string_view line = console.substr(0, end);
      console.remove_prefix(std::min(end + 1, console.size()));
      while (line.ends_with('\r')) line.remove_suffix(1);
      constexpr std::string_view kPrefix = "flexos-profile ";
      // A program that ends a line without a line break is no reason to lose ours.
      const std::size_t start = line.find(kPrefix);
      if (start == std::string_view::npos || ended) continue;
      const auto found = words(line.substr(start + kPrefix.size()));
      if (found.empty()) return bad(line);
      if (found[0] == "begin" && found.size() == 2) {
        begun = true;
        table_.marked = found[1] == "marked";
      } else if (found[0] == "end") {
        ended = true;
      } else if (!begun || !one(found)) {
        return bad(line);
      }
    }
    if (!begun || !ended || calls_ <= 0) {
      return Error{"the image printed no complete table of calls",
                   "it must end by itself: run it, and look at how it ends"};
    }
    take_off();
    return std::move(table_);
  }

 private:
  static Error bad(std::string_view line) {
    return {fmt::format("a line of a counting image makes no sense: `{}`", line)};
  }

  bool one(const std::vector<std::string_view>& w) {
    const auto value = number(w.back());
    if (!value) return false;
    if (w[0] == "stub" && w.size() == 5) {
      const auto calls = number(w[1]);
      const auto plain = number(w[2]);
      const auto stubbed = number(w[3]);
      if (!calls || !plain || !stubbed || *calls <= 0) return false;
      calls_ = *calls;
      table_.stub = std::max(0.0, (*stubbed - *plain) / *calls);
      // One instruction of the empty function, its return, is the callee's own.
      inside_ = std::clamp(*value / *calls - 1, 0.0, table_.stub);
      return true;
    }
    if (w.size() == 4) {
      const std::string first(w[1]);
      if (w[0] == "work") table_.work[first] = *value;
      if (w[0] == "marshal") table_.copy[{first, std::string(w[2])}] = *value;
      return w[0] == "work" || w[0] == "marshal" || w[0] == "other";
    }
    if (w.size() != 5) return false;
    stubs_.push_back({std::string(w[0]), std::string(w[1]), std::string(w[2]), *value});
    const Stub& s = stubs_.back();
    if (s.kind == "call" || s.kind == "copied") table_.calls[{s.caller, s.callee}] += s.count;
    return s.kind == "call" || s.kind == "copied" || s.kind == "near" || s.kind == "behind";
  }

  void take_off() {
    const double before = table_.stub - inside_;
    for (const Stub& s : stubs_) {
      if (s.kind == "copied") {
        // Two stubs: into the marshaller, and out of it into the callee.
        table_.copy[{s.caller, s.callee}] -= s.count * (inside_ + before);
      } else {
        table_.work[s.callee] -= s.count * inside_;
      }
      if (s.caller != "-") table_.work[s.caller] -= s.count * before;
    }
    for (auto& [component, time] : table_.work) time = std::max(0.0, time);
    for (auto& [edge, time] : table_.copy) time = std::max(0.0, time);
  }

  struct Stub {
    std::string kind;
    std::string caller;
    std::string callee;
    double count = 0;
  };
  CountTable table_;
  std::vector<Stub> stubs_;
  double calls_ = 0;
  double inside_ = 0;  ///< of a stub's time, what the callee's account has
};

/// `more` less `less`, by key; never below 0.
template <typename Key>
std::map<Key, double> difference(const std::map<Key, double>& more,
                                 const std::map<Key, double>& less) {
  std::map<Key, double> result;
  for (const auto& [key, value] : more) {
    const auto found = less.find(key);
    result[key] = std::max(0.0, value - (found == less.end() ? 0 : found->second));
  }
  return result;
}

template <typename Key>
void scale(std::map<Key, double>& values, double factor) {
  for (auto& [key, value] : values) value *= factor;
}

class Profiler {
 public:
  Profiler(const Spec& spec, ObjectStore& objects, const ProfileOptions& options)
      : spec_(spec), objects_(objects), options_(options) {
    profile_.platform = options.platform;
    if (!options.platform.counts_instructions()) profile_.machine = this_machine().description;
    profile_.workload = options.workload.name;
    profile_.operations = options.operations > 0
                              ? options.operations
                              : options.workload.usual_operations(options.platform);
  }

  Result<MeasuredProfile> run() {
    if (auto done = count(); !done) return done.error();
    auto time = base();
    if (!time) return time.error();
    profile_.base = *time;
    if (options_.hardening) {
      if (auto done = factors(); !done) return done.error();
    }
    return std::move(profile_);
  }

 private:
  Configuration plain() const {
    Configuration c;
    c.levels.assign(at(pair_count(spec_.size())), 0);
    c.hardening.assign(at(spec_.size()), 0);
    c.variants.assign(at(spec_.size()), 0);
    return c;
  }

  Result<Woven> woven(const Configuration& c, bool counting) {
    WeaveOptions weave;
    weave.platform = options_.platform.platform;
    weave.project = options_.project;
    weave.out = options_.images;
    weave.tool = options_.tool;
    weave.counting = counting;
    Weaver weaver(spec_, objects_, weave);
    return weaver.weave(c);
  }

  /// A run of the workload. An image that ends badly is an error.
  Result<RunSample> driven(const Woven& image, int operations) {
    if (options_.stop && options_.stop()) return Error{"it was interrupted", "", true};
    RunSample sample = drive({.elf = image.elf,
                              .manifest = &image.manifest,
                              .platform = options_.platform,
                              .workload = &options_.workload,
                              .operations = operations});
    if (sample.interrupted) return Error{"it was interrupted", "", true};
    if (sample.failure != Failure::none) {
      return Error{fmt::format("{}: {}", name(sample.failure), sample.detail), "",
                   sample.failure == Failure::environment};
    }
    return sample;
  }

  void say(const std::string& line) {
    const std::lock_guard lock(saying_);
    if (options_.progress) options_.progress(line);
  }

  Result<CountTable> table(const Woven& image, int operations) {
    auto run = driven(image, operations);
    if (!run) return run.error();
    return parse_count_table(run->console);
  }

  /// What a counting image of the configuration says, an operation.
  Result<CountTable> counted(const Configuration& c) {
    auto image = woven(c, true);
    if (!image) return image.error();
    const int n = profile_.operations;
    auto table = this->table(*image, n);
    if (!table) return table.error();
    if (!table->marked) {
      auto twice = this->table(*image, 2 * n);
      if (!twice) return twice.error();
      table->calls = difference(twice->calls, table->calls);
      table->work = difference(twice->work, table->work);
      table->copy = difference(twice->copy, table->copy);
    }
    scale(table->calls, 1.0 / n);
    scale(table->work, 1.0 / n);
    scale(table->copy, 1.0 / n);
    return table;
  }

  Result<Done> count() {
    say("counting calls");
    auto table = counted(plain());
    if (!table) return table.error();
    profile_.calls = std::move(table->calls);
    profile_.work = std::move(table->work);
    profile_.copy = std::move(table->copy);
    return Done{};
  }

  /// Clock units an operation of the unprotected image: the median of some runs.
  Result<double> base() {
    say("the unprotected image");
    auto image = woven(plain(), false);
    if (!image) return image.error();
    std::vector<double> times;
    for (int run = 0; run < (options_.platform.exact() ? 1 : options_.runs); ++run) {
      auto sample = driven(*image, profile_.operations);
      if (!sample) return named(sample.error(), "the unprotected image");
      times.push_back(sample->units / static_cast<double>(sample->result.operations));
    }
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
  }

  static Error named(const Error& error, const std::string& what) {
    return {fmt::format("{}: {}", what, error.message), error.hint, error.environment};
  }

  struct Choice {
    int component = 0;
    std::size_t hardening = 0;
    double factor = 0;  ///< 0: not known
  };

  std::vector<Choice> choices() const {
    std::vector<Choice> list;
    for (int i = 0; i < spec_.size(); ++i) {
      const Component& component = spec_.components[at(i)];
      const auto work = profile_.work.find(component.name);
      // Who does nothing is not slowed down.
      if (work == profile_.work.end() || work->second < 1) continue;
      for (std::size_t h = 0; h < spec_.hardening.size(); ++h) {
        const auto& allowed = component.allowed_hardening;
        if (spec_.explored_hardening[h] &&
            std::binary_search(allowed.begin(), allowed.end(), spec_.hardening[h].name)) {
          list.push_back({i, h, 0});
        }
      }
    }
    return list;
  }

  Result<Done> measure_factor(Choice& choice) {
    const std::string& component = spec_.components[at(choice.component)].name;
    const std::string what =
        fmt::format("{} with {}", component, spec_.hardening[choice.hardening].name);
    say(what);
    Configuration c = plain();
    c.hardening[at(choice.component)] = std::uint64_t{1} << choice.hardening;
    const auto table = counted(c);
    if (!table) return named(table.error(), what);
    const auto now = table->work.find(component);
    if (now == table->work.end() || now->second <= 0) return Done{};
    // Less than 1 is noise, or the luck of what was inlined: the solver would hunt for it.
    choice.factor = std::clamp(now->second / profile_.work.at(component), 1.0, kMostFactor);
    return Done{};
  }

  /// As many at a time as there are cores, where nobody disturbs the clock of another.
  Result<Done> factors() {
    std::vector<Choice> list = choices();
    std::atomic<std::size_t> next = 0;
    std::optional<Error> failed;
    std::mutex mutex;
    const auto work = [&] {
      for (std::size_t i = next++; i < list.size(); i = next++) {
        if (auto done = measure_factor(list[i]); !done) {
          const std::lock_guard lock(mutex);
          if (!failed) failed = done.error();
          next = list.size();
        }
      }
    };
    const unsigned cores = options_.platform.counts_instructions()
                               ? std::max(1U, std::thread::hardware_concurrency())
                               : 1;
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < cores; ++t) threads.emplace_back(work);
    for (std::thread& thread : threads) thread.join();
    if (failed) return *failed;
    for (const Choice& choice : list) {
      if (choice.factor <= 0) continue;
      profile_.hardening[spec_.components[at(choice.component)].name]
                        [spec_.hardening[choice.hardening].name] = choice.factor;
    }
    return Done{};
  }

  const Spec& spec_;
  ObjectStore& objects_;
  const ProfileOptions& options_;
  MeasuredProfile profile_;
  std::mutex saying_;
};

/// Some places behind the point, no zeros at the end.
std::string decimal(double value, int places) {
  std::string text = fmt::format("{:.{}f}", value, places);
  if (text.find('.') != std::string::npos) {
    while (text.back() == '0') text.pop_back();
    if (text.back() == '.') text.pop_back();
  }
  return text == "-0" ? "0" : text;
}

template <typename Inner>
void nested(std::string& yaml, const char* key, const std::map<std::string, Inner>& values,
            int places) {
  std::string body;
  for (const auto& [outer, inner] : values) {
    std::string line;
    for (const auto& [name, value] : inner) {
      const std::string text = decimal(value, places);
      if (text != "0") line += fmt::format("{}{}: {}", line.empty() ? "" : ", ", name, text);
    }
    if (!line.empty()) body += fmt::format("  {}: {{{}}}\n", outer, line);
  }
  if (!body.empty()) yaml += fmt::format("{}:\n{}", key, body);
}

std::map<std::string, std::map<std::string, double>> by_caller(const std::map<Edge, double>& from) {
  std::map<std::string, std::map<std::string, double>> result;
  for (const auto& [edge, value] : from) result[edge.first][edge.second] = value;
  return result;
}

}  // namespace

Result<CountTable> parse_count_table(std::string_view console) {
  return TableReader().read(console);
}

std::string to_yaml(const MeasuredProfile& p, const std::string& title) {
  std::string yaml = fmt::format("# {}\n", title);
  yaml += fmt::format("# Per operation of {}, at {} operations.\n", p.workload, p.operations);
  if (p.platform.busy_only)
    yaml += "# A client outside of the image drove it; idling is left out.\n";
  BenchPlatform gates = p.platform;  // what calls of this profile cost is calibrated there
  gates.busy_only = false;
  yaml += fmt::format("platform: {}\nclock: {}\n", gates.key(), gates.clock);
  if (!p.machine.empty()) yaml += fmt::format("machine: \"{}\"\n", p.machine);
  yaml += fmt::format("base: {}\n", decimal(p.base, 2));
  nested(yaml, "calls", by_caller(p.calls), 4);
  std::string work;
  for (const auto& [component, value] : p.work) {
    const std::string text = decimal(value, 2);
    if (text != "0") work += fmt::format("  {}: {}\n", component, text);
  }
  if (!work.empty()) yaml += "work:\n" + work;
  nested(yaml, "copy", by_caller(p.copy), 2);
  nested(yaml, "hardening", p.hardening, 4);
  return yaml;
}

Result<MeasuredProfile> make_profile(const Spec& spec, ObjectStore& objects,
                                     const ProfileOptions& options) {
  return Profiler(spec, objects, options).run();
}

}  // namespace flexos
