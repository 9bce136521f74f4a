// Our solver beside its peers: every question of the promise, a table, agreement checked.
//
// Every instance is generated, written to a file and given to everybody. Ours runs as a user runs
// it, the whole process timed. Of a peer the programs of others are timed (for MiniZinc flattening
// included, for clasp grounding), not the writing of its model. A disagreement about an optimum, or
// a point that breaks the problem, is printed loudly and makes the run fail.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <set>

#include "explorer.h"
#include "generate.h"
#include "peer.h"
#include "process.h"
#include "spec/load.h"
#include "table.h"

namespace flexos::bench {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

struct Settings {
  std::vector<std::string> questions;
  std::vector<std::string> families;
  std::vector<int> sizes;
  std::vector<std::uint64_t> seeds{1, 2, 3};
  std::vector<std::string> peers{"toulbar2", "clasp", "gecode", "cbc", "z3"};
  std::string ours;
  std::vector<std::string> flags;  ///< more arguments for our tool
  double time_limit = 60;
  bool quick = false;
  std::string output;
  std::string command;  ///< as it stands in the report
};

/// A row of the promise.
struct Target {
  int n;
  std::vector<Family> families;
  double seconds;
  double limit = 0;  ///< --time-limit for ours; 0 = none
  double gap = 0;    ///< accepted where the limit ends the search
};

const std::vector<Family> kAll{Family::unikernel, Family::clustered, Family::random, Family::tight};
const std::vector<Target> kOptimum{
    {.n = 10, .families = kAll, .seconds = 0.1},
    {.n = 15, .families = kAll, .seconds = 0.3},
    {.n = 20, .families = kAll, .seconds = 1},
    {.n = 30, .families = {Family::unikernel, Family::clustered}, .seconds = 5},
    {.n = 50, .families = {Family::unikernel}, .seconds = 60, .limit = 60, .gap = 0.01},
    {.n = 100, .families = {Family::unikernel}, .seconds = 30, .limit = 30, .gap = 0.02}};
const std::vector<Target> kTop{{.n = 15, .families = kAll, .seconds = 2},
                               {.n = 20, .families = kAll, .seconds = 5}};
const std::vector<Target> kFrontier{{.n = 8, .families = kAll, .seconds = 0.5},
                                    {.n = 10, .families = kAll, .seconds = 5},
                                    {.n = 12, .families = kAll, .seconds = 60}};
const std::vector<Target> kExplain{{.n = 50, .families = {Family::unikernel}, .seconds = 0.3},
                                   {.n = 100, .families = {Family::unikernel}, .seconds = 1}};

Library library() { return {std::filesystem::path(FLEXOS_SOURCE_DIR) / "specs"}; }

std::optional<Spec> load(const std::string& file) {
  Loaded loaded = load_spec(file, library());
  for (const Diagnostic& d : loaded.diagnostics) {
    if (d.severity == Severity::error) fmt::print(stderr, "{}\n", render(d, false));
  }
  return std::move(loaded.spec);
}

std::unique_ptr<Peer> make_peer(const std::string& name, const std::string& spec_file) {
  if (name == "toulbar2") return make_toulbar2();
  if (name == "clasp") return make_asp();
  if (name == "gecode") return make_minizinc();
  if (name == "cbc") return make_mip();
  return make_z3("/proc/self/exe", spec_file);
}

/// What one seed gave: a time, or never.
struct Sample {
  double seconds = kNever;
  std::string mark;  ///< why there is no time: "> limit", "n/a", "failed"
};

/// Median over seeds; never counts as longest.
std::string cell(const std::vector<Sample>& samples) {
  std::vector<double> times;
  std::string mark = "-";
  for (const Sample& s : samples) {
    times.push_back(s.seconds);
    if (!s.mark.empty()) mark = s.mark;
  }
  const double middle = median(times);
  if (samples.empty() || middle == kNever) return mark;
  const auto misses = std::count(times.begin(), times.end(), kNever);
  return seconds_text(middle) +
         (misses > 0 ? fmt::format(" ({} of {} {})", misses, times.size(), mark) : "");
}

std::string reached(const std::vector<Sample>& ours, double target) {
  std::vector<double> times;
  for (const Sample& s : ours) times.push_back(s.seconds);
  if (times.empty()) return "-";
  return median(times) <= target ? "yes" : "**no**";
}

class Bench {
 public:
  explicit Bench(Settings settings) : settings_(std::move(settings)) {
    have_ours_ = !settings_.ours.empty() && std::filesystem::exists(settings_.ours);
    if (!have_ours_) note("our tool is not there: " + settings_.ours);
  }

  /// Returns the report's tables.
  std::string run() {
    // First, though it stands last: a process's largest resident set counts what it had before it
    // was another program, and this one grows.
    const std::string whole = asked("process") ? process() : "";
    std::string text;
    if (asked("optimum")) text += optimum();
    if (asked("top")) text += top();
    if (asked("frontier")) text += frontier();
    if (asked("explain")) text += explain();
    return text + whole;
  }
  const std::vector<std::string>& alarms() const { return alarms_; }

 private:
  bool asked(const std::string& question) const {
    return settings_.questions.empty() ||
           std::find(settings_.questions.begin(), settings_.questions.end(), question) !=
               settings_.questions.end();
  }
  bool wanted(Family family, int n, int quick_up_to) const {
    const auto in = [](const auto& list, const auto& item) {
      return list.empty() || std::find(list.begin(), list.end(), item) != list.end();
    };
    return in(settings_.families, std::string(family_name(family))) && in(settings_.sizes, n) &&
           (!settings_.quick || n <= quick_up_to);
  }
  static void note(const std::string& text) { fmt::print(stderr, "{}\n", text); }
  void alarm(const std::string& text) {
    alarms_.push_back(text);
    fmt::print(stderr, "\n!!! {}\n\n", text);
  }

  struct Instance {
    std::string name;
    std::string file;
    Spec spec;
    Problem problem;  ///< without dominated choices
    Problem full;
  };

  std::optional<Instance> prepare(const Recipe& recipe) {
    const std::string name =
        fmt::format("{}-{}-{}", family_name(recipe.family), recipe.components, recipe.seed);
    const std::string file = scratch_.file(name + (recipe.contradiction ? "-no" : "") + ".yaml");
    write_file(file, generate(recipe));
    auto spec = load(file);
    if (!spec) {
      alarm(name + ": the generated spec does not load");
      return std::nullopt;
    }
    Built pruned = build_problem(*spec, false);
    Built full = build_problem(*spec, true);
    if (!pruned.problem || !full.problem) {
      alarm(name + ": " + pruned.error + full.error);
      return std::nullopt;
    }
    return Instance{name, file, std::move(*spec), std::move(*pruned.problem),
                    std::move(*full.problem)};
  }

  ExplorerRun ours(const Instance& instance, std::vector<std::string> arguments,
                   double kill_after) const {
    arguments.insert(arguments.end(), settings_.flags.begin(), settings_.flags.end());
    return run_explorer(settings_.ours, arguments, instance.spec, &instance.full, kill_after);
  }

  /// The exact cost of a point that our tool printed, in cycles; an alarm where it is not valid.
  std::optional<double> audit(const Instance& instance, const ExplorerRun& run, std::size_t k) {
    if (!run.points[k]) {
      alarm(instance.name + ": a configuration of ours cannot be read back");
      return std::nullopt;
    }
    const Check verdict = check(instance.full, *run.points[k]);
    if (!verdict.levels || !verdict.keys || !verdict.vms) {
      alarm(instance.name + ": a configuration of ours is not admissible");
      return std::nullopt;
    }
    return static_cast<double>(verdict.cost) * instance.full.unit;
  }

  static bool equal_costs(double a, double b) {
    return std::fabs(a - b) <= 1e-9 * std::max({1.0, std::fabs(a), std::fabs(b)});
  }

  std::string optimum() {
    std::vector<std::string> header{"family",   "n",  "target s",     "ours s", "reached",
                                    "rests on", "MB", "without Z3 s", "Z3 x"};
    for (const std::string& peer : settings_.peers) header.push_back(peer + " s");
    header.emplace_back("first");
    Table table(header);
    for (const Target& target : kOptimum) {
      for (const Family family : target.families) {
        if (wanted(family, target.n, 15)) table.add(optimum_row(family, target));
      }
    }
    return section("Optimum with proof", table,
                   "`rank SPEC --top 1`. \"Rests on\": what proved the optimum, or the certified "
                   "gap that was left at the time limit, of the time per operation and (in "
                   "brackets) of the isolation's cost alone. A peer's time ends with its "
                   "proof, by bounds of its own; like with like is therefore our time with "
                   "--no-certify (\"without Z3\"), and `first` compares these. \"Z3 x\": what Z3's "
                   "certificate adds, as a multiple of that (promised: at most 3).");
  }

  std::vector<std::string> optimum_row(Family family, const Target& target) {
    std::vector<Sample> our_times;
    std::vector<Sample> alone_times;
    std::vector<std::vector<Sample>> peer_times(settings_.peers.size());
    std::set<std::string> proofs;
    double worst_gap = 0;
    double worst_cost_gap = 0;
    long peak = 0;
    for (const std::uint64_t seed : settings_.seeds) {
      const auto instance = prepare({.family = family, .components = target.n, .seed = seed});
      if (!instance) continue;
      std::optional<double> proved;  // by whoever finished first
      std::string prover;
      double least_found = kNever;
      if (have_ours_) {
        std::vector<std::string> arguments{"rank", instance->file, "--top", "1"};
        if (target.limit > 0) {
          arguments.insert(arguments.end(), {"--time-limit", fmt::format("{:.0f}", target.limit)});
        }
        const ExplorerRun run =
            ours(*instance, arguments, std::max(settings_.time_limit, 2 * target.seconds) + 10);
        peak = std::max(peak, run.peak_kib);
        Sample sample;
        if (run.timed_out) {
          sample.mark = "killed";
        } else if (!run.answered || run.costs.empty()) {
          alarm(instance->name + ": ours does not answer: " + run.note);
          sample.mark = "failed";
        } else if (const auto cost = audit(*instance, run, 0)) {
          if (!equal_costs(*cost, run.costs[0])) {
            alarm(fmt::format("{}: ours prints a cost of {} for a point that costs {}",
                              instance->name, run.costs[0], *cost));
          }
          const bool good_gap = run.complete || run.gap <= target.gap;
          if (good_gap) sample.seconds = run.seconds;
          if (!good_gap) sample.mark = "gap";
          proofs.insert(run.complete ? run.proof : "gap");
          if (run.complete) {
            proved = cost;
            prover = "ours";
          } else {
            worst_gap = std::max(worst_gap, run.gap);
            const double base = instance->spec.profile->base.to_double();
            worst_cost_gap = std::max(worst_cost_gap, run.gap * (base + *cost) / *cost);
            least_found = *cost * (1 - run.gap) - base * run.gap;  // the bound it certifies
          }
        }
        our_times.push_back(sample);
        if (run.complete && run.proof == "z3") {
          arguments.emplace_back("--no-certify");
          const ExplorerRun alone = ours(*instance, arguments, settings_.time_limit);
          if (alone.complete) sample.seconds = alone.seconds;
          if (alone.complete && !equal_costs(alone.costs[0], run.costs[0])) {
            alarm(instance->name + ": ours finds another optimum without Z3");
          }
        }
        alone_times.push_back(sample);
        note(fmt::format("{}: ours {} {}", instance->name, seconds_text(run.seconds),
                         run.complete ? run.proof : fmt::format("gap {:.4f}", run.gap)));
      }
      for (std::size_t k = 0; k < settings_.peers.size(); ++k) {
        const auto peer = make_peer(settings_.peers[k], instance->file);
        const Outcome outcome = solve_lazily(*peer, instance->problem, settings_.time_limit);
        Sample sample;
        const double cost = static_cast<double>(outcome.cost) * instance->problem.unit;
        switch (outcome.status) {
          case Outcome::Status::optimal:
            sample.seconds = outcome.seconds;
            if (proved && !equal_costs(*proved, cost)) {
              alarm(fmt::format("{}: {} proves an optimum of {}, {} one of {}", instance->name,
                                peer->name(), cost, prover, *proved));
            }
            if (least_found != kNever && cost < least_found * (1 - 1e-9)) {
              alarm(fmt::format("{}: {} finds {}, below the bound that ours certifies, {}",
                                instance->name, peer->name(), cost, least_found));
            }
            if (!proved) prover = peer->name();
            proved = proved.value_or(cost);
            break;
          case Outcome::Status::infeasible:
            alarm(instance->name + ": " + peer->name() + " claims that it is infeasible");
            sample.mark = "failed";
            break;
          case Outcome::Status::timeout:
            sample.mark = fmt::format("> {:.0f}", settings_.time_limit);
            break;
          case Outcome::Status::unsuitable:
            sample.mark = "n/a";
            break;
          case Outcome::Status::failed:
            alarm(instance->name + ": " + peer->name() + " failed: " + outcome.note);
            sample.mark = "failed";
            break;
        }
        note(fmt::format("{}: {} {} {}", instance->name, peer->name(),
                         seconds_text(outcome.seconds),
                         outcome.found ? fmt::format("{:.2f}", cost) : sample.mark));
        peer_times[k].push_back(sample);
      }
    }
    std::string basis = fmt::format("{}", fmt::join(proofs, ", "));
    if (worst_gap > 0) {
      basis += fmt::format(" {:.2f} % [{:.2f} %]", 100 * worst_gap, 100 * worst_cost_gap);
    }
    const double added = (middle(our_times) - middle(alone_times)) / middle(alone_times);
    std::vector<std::string> row{std::string(family_name(family)),
                                 std::to_string(target.n),
                                 seconds_text(target.seconds),
                                 cell(our_times),
                                 reached(our_times, target.seconds),
                                 basis,
                                 peak > 0 ? std::to_string(peak / 1024) : "-",
                                 cell(alone_times),
                                 proofs.contains("z3") ? fmt::format("{:.1f}", added) : "-"};
    std::string first = middle(alone_times) < kNever ? "ours" : "-";
    double best = middle(alone_times);
    for (std::size_t k = 0; k < peer_times.size(); ++k) {
      row.push_back(cell(peer_times[k]));
      if (middle(peer_times[k]) < best) {
        best = middle(peer_times[k]);
        first = settings_.peers[k];
      }
    }
    row.push_back(first);
    return row;
  }

  static double middle(const std::vector<Sample>& samples) {
    std::vector<double> times;
    for (const Sample& s : samples) times.push_back(s.seconds);
    return times.empty() ? kNever : median(times);
  }

  std::string top() {
    Table table({"family", "n", "target s", "ours s", "reached", "clasp, given the 100th cost, s"});
    for (const Target& target : kTop) {
      for (const Family family : target.families) {
        if (!wanted(family, target.n, 15) || !have_ours_) continue;
        std::vector<Sample> our_times;
        std::vector<Sample> peer_times;
        for (const std::uint64_t seed : settings_.seeds) {
          const auto instance =
              prepare({.family = family, .components = target.n, .seed = seed, .top = 100});
          if (instance) top_of(*instance, target, our_times, peer_times);
        }
        table.add({std::string(family_name(family)), std::to_string(target.n),
                   seconds_text(target.seconds), cell(our_times),
                   reached(our_times, target.seconds), cell(peer_times)});
      }
    }
    return section("Top 100", table,
                   "`rank SPEC --top 100`. No peer has this question; clasp comes closest, "
                   "enumerating all configurations within a cost bound, and is given for it the "
                   "100th cost that we found. Its count confirms ours: at least 100 up to that "
                   "cost, fewer below it.");
  }

  void top_of(const Instance& instance, const Target& target, std::vector<Sample>& our_times,
              std::vector<Sample>& peer_times) {
    const ExplorerRun run = ours(instance, {"rank", instance.file, "--top", "100"},
                                 10 * target.seconds + settings_.time_limit);
    Sample sample;
    note(fmt::format("{}: ours top 100 {}", instance.name, seconds_text(run.seconds)));
    if (run.timed_out || !run.answered) {
      sample.mark = run.timed_out ? "killed" : "failed";
      if (!run.timed_out) alarm(instance.name + ": ours does not answer: " + run.note);
      our_times.push_back(sample);
      return;
    }
    if (run.complete) sample.seconds = run.seconds;
    if (!run.complete) sample.mark = "gap";
    our_times.push_back(sample);
    std::set<std::pair<std::vector<int>, std::vector<int>>> different;
    std::int64_t last = 0;
    for (std::size_t k = 0; k < run.points.size(); ++k) {
      if (!audit(instance, run, k)) return;
      different.insert({run.points[k]->rungs, run.points[k]->choices});
      const std::int64_t cost = check(instance.full, *run.points[k]).cost;
      if (cost < last) alarm(instance.name + ": our top 100 is out of order");
      last = std::max(last, cost);
    }
    if (different.size() != run.points.size()) {
      alarm(instance.name + ": our top 100 names a configuration twice");
    }
    const bool clasp =
        std::find(settings_.peers.begin(), settings_.peers.end(), "clasp") != settings_.peers.end();
    if (!clasp || !run.complete) return;
    // Five hardenings multiplied have too many digits for clasp's 31 bits. Costs rounded down admit
    // no fewer configurations, costs rounded up no more: both checks below stay sound.
    const int most = 5000;
    const std::int64_t divisor = worst_cost(instance.full) / 2000000000 + 1;
    const Count up_to = count_within(coarsen(instance.full, divisor, false), last / divisor, most,
                                     settings_.time_limit);
    Sample peer;
    if (up_to.complete) peer.seconds = up_to.seconds;
    if (!up_to.complete) peer.mark = fmt::format("> {:.0f}", settings_.time_limit);
    peer_times.push_back(peer);
    const auto listed = static_cast<int>(run.points.size());
    if (up_to.complete && up_to.models < listed) {
      alarm(fmt::format("{}: clasp counts {} configurations where ours lists {}", instance.name,
                        up_to.models, listed));
    }
    const Count below = count_within(coarsen(instance.full, divisor, true), (last - 1) / divisor,
                                     most, settings_.time_limit);
    note(fmt::format("{}: clasp counts {} within our last cost, {} below it, ours lists {}",
                     instance.name, up_to.models, below.models, listed));
    if (below.complete && below.models >= listed) {
      alarm(fmt::format("{}: clasp counts {} configurations below our last of {}", instance.name,
                        below.models, listed));
    }
  }

  std::string frontier() {
    Table table({"family", "n", "target s", "ours s", "reached", "rests on", "without Z3 s", "Z3 x",
                 "points"});
    for (const Target& target : kFrontier) {
      for (const Family family : target.families) {
        if (!wanted(family, target.n, 8) || !have_ours_) continue;
        std::vector<Sample> times;
        std::vector<Sample> alone_times;
        std::set<std::string> proofs;
        std::vector<double> points;
        for (const std::uint64_t seed : settings_.seeds) {
          const auto instance = prepare({.family = family, .components = target.n, .seed = seed});
          if (!instance) continue;
          std::vector<std::string> arguments{"frontier", instance->file};
          const double limit = 3 * target.seconds + settings_.time_limit;
          const ExplorerRun run = ours(*instance, arguments, limit);
          Sample sample;
          Sample alone_sample;
          if (run.timed_out) {
            sample.mark = "killed";
          } else if (!run.answered) {
            alarm(instance->name + ": ours does not answer: " + run.note);
            sample.mark = "failed";
          } else if (!run.complete) {
            sample.mark = "gap";
          } else {
            sample.seconds = run.seconds;
            points.push_back(static_cast<double>(run.costs.size()));
            for (std::size_t k = 0; k < run.points.size(); ++k) audit(*instance, run, k);
            proofs.insert(run.proof);
            arguments.emplace_back("--no-certify");
            const ExplorerRun alone = ours(*instance, arguments, limit);
            if (alone.complete) alone_sample.seconds = alone.seconds;
            if (alone.complete && alone.costs != run.costs) {
              alarm(instance->name + ": ours finds another frontier without Z3");
            }
          }
          note(fmt::format("{}: ours frontier {} {}, {} points", instance->name,
                           seconds_text(run.seconds), run.proof, run.costs.size()));
          times.push_back(sample);
          alone_times.push_back(alone_sample);
        }
        const double added = (middle(times) - middle(alone_times)) / middle(alone_times);
        table.add({std::string(family_name(family)), std::to_string(target.n),
                   seconds_text(target.seconds), cell(times), reached(times, target.seconds),
                   fmt::format("{}", fmt::join(proofs, ", ")), cell(alone_times),
                   middle(alone_times) < kNever ? fmt::format("{:.1f}", added) : "-",
                   points.empty() ? "-" : fmt::format("{:.0f}", median(points))});
      }
    }
    return section(
        "Complete frontier", table,
        "`frontier SPEC`: every non-dominated (cost, score), all five hardenings free. "
        "No peer states it; each would need a loop of one or two runs a point. \"Z3 x\": "
        "what Z3's certificate adds, as a multiple of the time without (promised: at "
        "most 3).");
  }

  std::string explain() {
    Table table({"family", "n", "target s", "ours s", "reached", "statements named"});
    for (const Target& target : kExplain) {
      for (const Family family : target.families) {
        if (!wanted(family, target.n, 50) || !have_ours_) continue;
        std::vector<Sample> times;
        std::vector<std::string> named;
        for (const std::uint64_t seed : settings_.seeds) {
          const auto instance = prepare(
              {.family = family, .components = target.n, .seed = seed, .contradiction = true});
          if (!instance) continue;
          const ExplorerRun run =
              ours(*instance, {"explain", instance->file}, settings_.time_limit);
          Sample sample;
          if (run.timed_out || !run.answered) {
            sample.mark = run.timed_out ? "killed" : "failed";
            if (!run.timed_out) alarm(instance->name + ": ours does not answer: " + run.note);
          } else {
            sample.seconds = run.seconds;
            // Three were planted; others may make for a smaller contradiction by themselves.
            if (run.statements > 3) {
              alarm(fmt::format("{}: ours names {} statements where 3 contradict each other",
                                instance->name, run.statements));
            }
          }
          named.push_back(std::to_string(run.statements));
          times.push_back(sample);
          note(fmt::format("{}: ours explain {}", instance->name, seconds_text(run.seconds)));
        }
        table.add({std::string(family_name(family)), std::to_string(target.n),
                   seconds_text(target.seconds), cell(times), reached(times, target.seconds),
                   fmt::format("{}", fmt::join(named, ", "))});
      }
    }
    return section("Infeasible: minimal explanation", table,
                   "`explain SPEC`, three contradicting statements hidden among the others.");
  }

  std::string process() {
    const std::string file =
        (std::filesystem::path(FLEXOS_SOURCE_DIR) / "examples" / "redis.yaml").string();
    Table table({"command", "target", "ours", "reached"});
    const auto spec = std::filesystem::exists(file) ? load(file) : std::nullopt;
    if (have_ours_ && spec) {
      std::vector<double> times;
      std::vector<double> peaks;
      for (int k = 0; k < 5; ++k) {
        const ExplorerRun run =
            run_explorer(settings_.ours, {"rank", file}, *spec, nullptr, settings_.time_limit);
        if (!run.answered) {
          alarm("examples/redis.yaml: ours does not answer: " + run.note);
          break;
        }
        times.push_back(run.seconds);
        peaks.push_back(static_cast<double>(run.peak_kib) / 1024);
      }
      if (!times.empty()) {
        table.add({"rank examples/redis.yaml", "0.3 s", seconds_text(median(times)) + " s",
                   median(times) <= 0.3 ? "yes" : "**no**"});
        table.add({"its peak resident memory", "200 MB", fmt::format("{:.0f} MB", median(peaks)),
                   median(peaks) < 200 ? "yes" : "**no**"});
      }
    }
    return section("A whole process", table,
                   "Median of five runs, start of the process to its end.");
  }

  static std::string section(const std::string& title, const Table& table,
                             const std::string& words) {
    if (table.empty()) return "";
    const std::string text = fmt::format("## {}\n\n{}\n\n{}\n", title, words, table.text());
    fmt::print("{}", text);
    std::fflush(stdout);
    return text;
  }

  Settings settings_;
  bool have_ours_ = false;
  ScratchDirectory scratch_;
  std::vector<std::string> alarms_;
};

std::string report(const Settings& settings, const std::string& environment,
                   const std::string& tables, const std::vector<std::string>& alarms) {
  std::string text = fmt::format(
      "# How fast the solver is\n\nWritten by the benchmark itself:\n\n    {}\n\n{}- seeds: {}; "
      "times are wall-clock seconds, medians over the seeds; a run that did not finish counts as "
      "the longest\n- time limit of a peer: {:.0f} s; its time is that of its own programs "
      "(grounding and flattening included), ours that of the whole process\n- `reached` compares "
      "with the promise, `first` names whoever has the least median\n\nThe instances are described "
      "in bench/solver/generate.cc, each peer's model at the top of its file in bench/solver.\n\n",
      settings.command, environment, fmt::join(settings.seeds, ", "), settings.time_limit);
  text += alarms.empty() ? "All optima that were proved agree, and every configuration was checked "
                           "against an independent reading of the spec.\n\n"
                         : "**DISAGREEMENTS**\n\n";
  for (const std::string& a : alarms) text += fmt::format("- {}\n", a);
  if (!alarms.empty()) text += '\n';
  std::string body = tables;
  while (!body.empty() && body.back() == '\n') body.pop_back();
  return text + body + '\n';
}

int z3_worker(const std::vector<std::string>& arguments) {
  const auto spec = load(arguments.at(0));
  if (!spec) return 1;
  const Built built = build_problem(*spec, false);
  if (!built.problem) return 1;
  return run_z3_worker(relax(*built.problem, arguments.at(1) == "keys", arguments.at(2) == "vms"));
}

}  // namespace
}  // namespace flexos::bench

namespace {

int run(int argc, char** argv) {
  using namespace flexos::bench;
  CLI::App app{"flexos-explore beside toulbar2, clasp, Gecode, CBC and Z3"};
  Settings settings;
  bool no_peers = false;
  app.add_option("--question", settings.questions, "optimum, top, frontier, explain, process")
      ->delimiter(',')
      ->check(CLI::IsMember({"optimum", "top", "frontier", "explain", "process"}));
  app.add_option("--family", settings.families, "unikernel, clustered, random, tight")
      ->delimiter(',')
      ->check(CLI::IsMember({"unikernel", "clustered", "random", "tight"}));
  app.add_option("--n", settings.sizes, "numbers of components")->delimiter(',');
  app.add_option("--seeds", settings.seeds, "default 1,2,3")->delimiter(',');
  app.add_option("--peers", settings.peers, "toulbar2, clasp, gecode, cbc, z3")
      ->delimiter(',')
      ->check(CLI::IsMember({"toulbar2", "clasp", "gecode", "cbc", "z3"}));
  app.add_flag("--no-peers", no_peers, "only our tool");
  app.add_option("--ours", settings.ours, "our tool's binary");
  app.add_option("--flag", settings.flags, "one more argument for our tool; may be repeated");
  app.add_option("--time-limit", settings.time_limit, "seconds a peer gets (60)");
  app.add_flag("--quick", settings.quick, "one seed, small sizes, 10 s a peer");
  app.add_option("--output", settings.output, "write the report to this file");
  app.add_option("--command", settings.command, "what the report names as its command");
  std::vector<std::string> worker;
  CLI::App* z3 = app.add_subcommand("z3-worker", "the Z3 peer's own process")->group("");
  z3->add_option("arguments", worker)->expected(3);
  CLI11_PARSE(app, argc, argv);
  if (*z3) return z3_worker(worker);

  if (settings.quick) {
    settings.seeds = {1};
    settings.time_limit = std::min(settings.time_limit, 10.0);
  }
  if (no_peers) settings.peers.clear();
  if (settings.ours.empty()) {
    settings.ours =
        (std::filesystem::canonical("/proc/self/exe").parent_path() / "flexos-explore").string();
  }
  if (settings.command.empty()) settings.command = "bench/solver/run";

  std::vector<std::string> packages{"libz3-4"};
  for (const std::string& name : settings.peers) {
    for (const std::string& package : make_peer(name, "")->packages()) packages.push_back(package);
  }
  std::sort(packages.begin(), packages.end());
  packages.erase(std::unique(packages.begin(), packages.end()), packages.end());
  const std::string environment = environment_text(packages);

  Bench bench(settings);
  const std::string tables = bench.run();
  if (!settings.output.empty()) {
    const std::filesystem::path path(settings.output);
    if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path());
    write_file(settings.output, report(settings, environment, tables, bench.alarms()));
  }
  for (const std::string& a : bench.alarms()) fmt::print(stderr, "!!! {}\n", a);
  return bench.alarms().empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "solver_bench: %s\n", e.what());
    return 3;
  }
}
