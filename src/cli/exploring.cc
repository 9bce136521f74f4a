#include "cli/exploring.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <set>
#include <thread>

#include "bench/client.h"
#include "cli/calibrated.h"
#include "cli/files.h"
#include "codegen/attack.h"
#include "codegen/backend.h"
#include "codegen/elf.h"
#include "codegen/probes.h"
#include "codegen/scan.h"
#include "codegen/weave_all.h"
#include "report/csv.h"
#include "report/html.h"
#include "solver/frontier.h"
#include "solver/rank.h"

namespace flexos {

namespace {

namespace fs = std::filesystem;

/// The whole frontier of a large system may take hours; the main command shows what it finds in
/// this time and says so. `frontier` has no such limit.
constexpr double kFrontierSeconds = 10;
constexpr int kLeastForFrontier = 4;  // images: of fewer, all are the fastest layouts

constexpr const char* kTool = "flexos-explore " FLEXOS_VERSION;

std::string seconds_text(double seconds) {
  if (seconds < 0.95) return fmt::format("{:.1f} s", seconds);
  if (seconds < 90) return fmt::format("{:.0f} s", seconds);
  return fmt::format("{:.0f} min", seconds / 60);
}

std::string plural(std::size_t n, const char* one, const char* many) {
  return fmt::format("{} {}", n, n == 1 ? one : many);
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& w : words) text += (text.empty() ? "" : ", ") + w;
  return text;
}

/// Announces steps and says what came of them.
class Steps {
 public:
  Steps(App& app, int count) : app_(app), count_(count) {}

  void begin(const std::string& name, const std::string& what, const std::string& estimate) {
    name_ = name;
    started_ = app_.seconds();
    app_.say(fmt::format("[{}/{}] {}: {}{}", ++number_, count_, name, what,
                         estimate.empty() ? "" : "; " + estimate));
  }
  void end(Exploration& x, const std::string& text) {
    const double seconds = app_.seconds() - started_;
    app_.say(fmt::format("      {}: {}", seconds_text(seconds), text));
    x.steps.push_back({name_, seconds, text});
  }

 private:
  App& app_;
  int count_;
  int number_ = 0;
  std::string name_;
  double started_ = 0;
};

/// A folder that goes away with us.
class Scratch {
 public:
  Scratch() {
    std::error_code error;
    std::string name = (fs::temp_directory_path(error) / "flexos-attack-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~Scratch() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// One at a time, in the order of its steps.
class Explorer {  // NOLINT(clang-analyzer-optin.performance.Padding)
 public:
  Explorer(App& app, const Spec& whole, const ExploringOptions& options)
      : app_(app),
        options_(options),
        whole_(whole),
        platform_(platform_name(whole, options)),
        narrow_(buildable(whole, platform_)),
        x_(options.build && narrow_.missing.empty() ? narrow_.spec : whole),
        ask_(app.ask()),
        objects_(objects_folder(FLEXOS_SOURCE_DIR), FLEXOS_SOURCE_DIR),
        builds_(options.build && narrow_.missing.empty()),
        steps_(app, 3 + (builds_ ? 1 : 0) + (builds_ && options.measure ? 1 : 0) +
                        (builds_ && options.attack ? 1 : 0)) {
    x_.tool = kTool;
    x_.preset = options.preset;
    x_.workload = whole.workload;
    x_.gates = gates_json(x_.spec);
    x_.machine = this_machine().description;
    objects_.progress = [&app](const std::string& line) { app.progress(line); };
  }

  Explored run() {
    check();
    if (auto over = rank_all()) return std::move(*over);
    if (interrupted()) return ended();
    if (options_.build && !builds_) {
      x_.not_measured = why_not_;
    } else if (x_.entries.empty()) {
      x_.not_measured = "no configuration was found in the time that there was";
    } else if (options_.build) {
      build();
      if (options_.measure && !interrupted()) measure();
      if (options_.attack && !interrupted()) attack_all();
    } else {
      x_.not_measured = "predictions alone were asked for";
    }
    if (options_.build && !options_.measure && x_.not_measured.empty()) {
      x_.not_measured = "measuring was not asked for";
    }
    return ended();
  }

 private:
  /// --platform may be a whole key: "qemu/tcg/instructions".
  static std::string platform_name(const Spec& spec, const ExploringOptions& options) {
    const std::string& wanted = options.measuring.platform;
    return wanted.empty() ? spec.platform : wanted.substr(0, wanted.find('/'));
  }

  bool interrupted() {
    x_.interrupted |= ask_.deadline.interrupted->load(std::memory_order_relaxed);
    return x_.interrupted;
  }

  Explored ended() {
    x_.seconds = app_.seconds();
    if (interrupted()) {
      end_.code = 130;
      end_.cause = "interrupted";
    }
    if (unsupported_ && end_.cause.empty()) end_.cause = "unsupported";
    end_.exploration = std::move(x_);
    return std::move(end_);
  }

  /// What goes wrong after the ranking does not end the exploration: predictions are left.
  void failed(const Error& error, const std::string& cause) {
    if (interrupted()) return;  // a tool that was interrupted with us
    end_.code = error.environment ? kEnvironment : kNo;
    end_.cause = error.environment ? "environment" : cause;
    end_.message = error.message;
    end_.hint = error.hint;
    if (x_.not_measured.empty()) x_.not_measured = error.message;
  }

  void check() {
    steps_.begin("check", whole_.file, "");
    steps_.end(x_, fmt::format("{}, {}: consistent",
                               plural(whole_.components.size(), "component", "components"),
                               plural(whole_.statements.size(), "statement", "statements")));
    if (!options_.build) return;
    if (builds_) {
      x_.left_out = narrow_.left_out;
      return;
    }
    std::vector<std::string> reasons;
    for (const Error& e : narrow_.missing) reasons.push_back(e.message);
    constexpr std::size_t kMost = 3;
    const std::size_t all = reasons.size();
    if (all > kMost) reasons.resize(kMost);
    why_not_ = joined(reasons) + (all > kMost ? fmt::format(" and {} more", all - kMost) : "");
  }

  RankRequest request() const {
    RankRequest r;
    static_cast<Ask&>(r) = ask_;
    r.top = options_.top > 0 ? options_.top : whole_.top;
    r.distinct = !options_.all;
    r.objective = whole_.objective;
    return r;
  }

  static bool shows_frontier(const RankRequest& ask) {
    return ask.distinct && ask.objective == Objective::fastest && ask.top >= kLeastForFrontier;
  }

  /// The end, where there is nothing to go on with.
  std::optional<Explored> rank_all() {
    RankRequest ask = request();
    std::string what =
        fmt::format("the best {}{}, {} first{}, and the frontier",
                    plural(static_cast<std::size_t>(ask.top), "configuration", "configurations"),
                    ask.distinct ? " of one layout each" : "",
                    ask.objective == Objective::fastest ? "fastest" : "safest",
                    shows_frontier(ask) ? ", half of them replaced by points of the frontier" : "");
    if (!x_.left_out.empty())
      what += ", without " + joined(x_.left_out) + " (no image can have it)";
    steps_.begin(
        "rank", what,
        fmt::format("seconds, of these at most {:.0f} for the frontier", kFrontierSeconds));
    Ranking ranking = rank(x_.spec, ask);
    if (ranking.error) return stop(kNo, "spec", *ranking.error, "");
    if (!ranking.feasible && ranking.optimal && !x_.left_out.empty()) {
      // Perhaps only what no image can have makes it admissible: then predictions are all there is.
      ranking = rank(whole_, ask);
      if (ranking.feasible) {
        builds_ = false;
        unsupported_ = true;
        why_not_ =
            "it is admissible only with " + joined(x_.left_out) + ", which no image can have";
        x_.spec = whole_;
        x_.left_out.clear();
      }
    }
    if (!ranking.feasible && ranking.optimal) {
      return stop(kNo, "infeasible", whole_.file + " has no admissible configuration",
                  "`flexos-explore explain " + whole_.file + "` says which statements contradict");
    }
    JudgedList best = judge_all(x_.spec, ranking.configurations);
    if (!best.error.empty()) return stop(kEnvironment, "internal", best.error, "");
    for (Judged& j : best.list) x_.entries.push_back({std::move(j), {}, {}, {}});
    x_.certificate = ranking.certificate;
    x_.optimal = ranking.optimal;
    x_.all = options_.all;
    x_.slowdown = options_.slowdown;

    Ask frontier_ask = ask_;
    frontier_ask.certify = Certify::never;  // the curve is drawn; `frontier` gives proofs
    frontier_ask.deadline.at = std::min(
        ask_.deadline.at, std::chrono::steady_clock::now() +
                              std::chrono::milliseconds(static_cast<int>(kFrontierSeconds * 1000)));
    const Frontier curve = frontier(x_.spec, frontier_ask);
    JudgedList points = judge_all(x_.spec, curve.points);
    if (!points.error.empty()) return stop(kEnvironment, "internal", points.error, "");
    x_.frontier = std::move(points.list);
    x_.frontier_complete = curve.complete;
    if (shows_frontier(ask)) add_frontier(static_cast<std::size_t>(ask.top));
    steps_.end(x_, fmt::format("{}, {}; {} between cost and safety{}", x_.entries_text(),
                               describe(ranking.certificate),
                               plural(x_.frontier.size(), "point", "points"),
                               curve.complete ? "" : ", as far as found"));
    return std::nullopt;
  }

  /// The fastest layouts alone crowd one end of what one wants to see measured: of `top`, half are
  /// points of the frontier instead, evenly from there to the safest that the budget allows.
  void add_frontier(std::size_t top) {
    const std::size_t fastest = std::min(x_.entries.size(), (top + 1) / 2);
    std::set<std::string> known;
    const auto id = [&](const Judged& j) { return configuration_id(x_.spec, j.configuration); };
    for (std::size_t i = 0; i < fastest; ++i) known.insert(id(x_.entries[i].judged));
    std::vector<const Judged*> points;
    for (const Judged& j : x_.frontier) {
      if (known.count(id(j)) == 0) points.push_back(&j);
    }
    const std::size_t wanted = std::min(points.size(), top - fastest);
    std::vector<Exploration::Entry> chosen(
        x_.entries.begin(), x_.entries.begin() + static_cast<std::ptrdiff_t>(fastest));
    for (std::size_t k = 1; k <= wanted; ++k) {
      const Judged& point = *points[(points.size() * k + wanted - 1) / wanted - 1];
      known.insert(id(point));
      chosen.push_back({point, {}, {}, {}});
    }
    x_.along_frontier = wanted;
    for (std::size_t i = fastest; i < x_.entries.size() && chosen.size() < top; ++i) {
      if (known.insert(id(x_.entries[i].judged)).second) chosen.push_back(x_.entries[i]);
    }
    std::stable_sort(chosen.begin(), chosen.end(), [](const auto& a, const auto& b) {
      return a.judged.evaluation.cost_cycles < b.judged.evaluation.cost_cycles;
    });
    x_.entries = std::move(chosen);
  }

  std::optional<Explored> stop(int code, const std::string& cause, const std::string& message,
                               const std::string& hint) {
    end_.code = code;
    end_.cause = cause;
    end_.message = message;
    end_.hint = hint;
    return std::move(end_);
  }

  std::vector<Configuration> configurations() const {
    std::vector<Configuration> list;
    for (const auto& e : x_.entries) list.push_back(e.judged.configuration);
    return list;
  }

  void build() {
    const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
    const std::size_t count = x_.entries.size();
    steps_.begin("build",
                 fmt::format("{} for {}, {} at a time", plural(count, "image", "images"), platform_,
                             std::min<std::size_t>(cores, count)),
                 fmt::format("about {}, and a minute more for each component that was never "
                             "compiled with its hardening",
                             seconds_text(1 + static_cast<double>(count) / cores)));
    WeaveOptions weave;
    weave.platform = platform_;
    weave.project = FLEXOS_SOURCE_DIR;
    weave.out = fs::absolute(options_.measuring.images());
    weave.tool = kTool;
    WeaveAllOptions all;
    all.reuse = true;
    all.progress = [&](int done, int of) {
      app_.progress(fmt::format("building: {} of {} images", done, of));
    };
    all.stop = [this] { return interrupted(); };
    auto woven = weave_all(x_.spec, objects_, weave, configurations(), all);
    if (!woven) {
      failed(woven.error(), "build");
      steps_.end(x_, interrupted() ? "interrupted" : "no image could be made");
      return;
    }
    std::size_t made = 0;
    std::size_t reused = 0;
    for (std::size_t i = 0; i < woven->size(); ++i) {
      WovenOne& one = (*woven)[i];
      if (one.woven) {
        ++made;
        reused += one.reused ? 1 : 0;
        x_.entries[i].image = image_of(std::move(*one.woven), one.hash);
      } else if (one.error && !interrupted()) {
        Measurement m;
        m.id = configuration_id(x_.spec, x_.entries[i].judged.configuration);
        m.configuration = x_.entries[i].judged.configuration;
        m.failure = one.error->environment ? Failure::environment : Failure::build;
        m.detail = one.error->message;
        x_.entries[i].measurement = std::move(m);
        if (made == 0) failed(*one.error, "build");
      }
    }
    if (made > 0 && !end_.message.empty()) end_ = {};  // some can be built: the rest says why not
    std::string text =
        fmt::format("{} of {} in {}", made, count, options_.measuring.images().string());
    if (reused > 0) text += fmt::format(", {} of them from before", reused);
    steps_.end(x_, text);
  }

  Exploration::Image image_of(Woven woven, const std::string& hash) const {
    Exploration::Image image;
    image.elf = options_.measuring.images() / woven.id / "image";
    image.hash = hash;
    if (const auto elf = Elf::read(woven.elf)) {
      const Scan scan = scan_image(*elf, &woven.manifest);
      image.scan_clean = scan.clean();
      image.fenced = static_cast<std::size_t>(
          std::count_if(scan.findings.begin(), scan.findings.end(),
                        [](const Finding& f) { return f.verdict == Verdict::fenced; }));
    }
    image.manifest = std::move(woven.manifest);
    return image;
  }

  void measure() {
    const bool any = std::any_of(x_.entries.begin(), x_.entries.end(),
                                 [](const auto& e) { return e.image.has_value(); });
    const bool keys = std::any_of(x_.entries.begin(), x_.entries.end(), [](const auto& e) {
      const auto& levels = e.judged.configuration.levels;
      return std::any_of(levels.begin(), levels.end(), [](Level l) { return l != 0; });
    });
    const LoadedWorkload loaded =
        load_workload_of(x_.spec, options_.measuring.workload, app_.library());
    const auto choice =
        choose_platform(options_.measuring.platform, whole_.platform, keys,
                        loaded.workload ? loaded.workload->driver() : Driver::image);
    const std::string budget =
        options_.measuring.budget > 0
            ? fmt::format("at most {}", seconds_text(options_.measuring.budget))
            : std::string("how long is known after the first runs");
    if (!any || !choice || !loaded.workload) {
      steps_.begin("measure", "the images", "");
      if (!loaded.workload) {
        const std::string why = loaded.diagnostics.empty() ? "there is no workload"
                                                           : loaded.diagnostics.front().message;
        x_.not_measured = why;
        // A spec that names none asks for predictions; one that cannot be found is a mistake.
        if (!whole_.workload.empty() || !options_.measuring.workload.empty()) {
          for (const Diagnostic& d : loaded.diagnostics) app_.say(render(d, app_.err_color()));
          failed({why, "`flexos-explore measure --help` says how to name another"}, "workload");
        }
      } else if (!choice) {
        failed(choice.error(), "environment");
      } else if (x_.not_measured.empty()) {
        x_.not_measured = "there is no image";
      }
      steps_.end(x_, "nothing is measured: " + x_.not_measured);
      return;
    }
    x_.platform = choice->platform;
    x_.platform_why = choice->why;
    x_.workload = loaded.workload->name;
    const int operations = options_.measuring.operations > 0
                               ? options_.measuring.operations
                               : loaded.workload->usual_operations(choice->platform);
    steps_.begin("measure",
                 fmt::format("{} x {} in each image and in the unprotected one, on {} ({})",
                             operations, x_.workload, choice->platform.key(), choice->why),
                 budget);
    auto results = ResultStore::open(options_.measuring.database());
    if (!results) {
      failed(results.error(), "environment");
      steps_.end(x_, "nothing is measured: " + x_.not_measured);
      return;
    }
    Harness harness(x_.spec, objects_, **results, measure_options(*choice, *loaded.workload));
    auto measured = harness.measure(configurations());
    x_.interrupted |= harness.interrupted();
    if (!measured) {
      failed(measured.error(), "environment");
      steps_.end(x_, interrupted() ? "interrupted" : "nothing is measured: " + x_.not_measured);
      return;
    }
    x_.baseline = harness.baseline();
    std::size_t good = 0;
    std::size_t bad = 0;
    std::size_t cached = 0;
    for (std::size_t i = 0; i < measured->size(); ++i) {
      const Measurement& m = (*measured)[i];
      good += m.ok() ? 1 : 0;
      bad += m.failure != Failure::none ? 1 : 0;
      cached += m.cached && m.ok() ? 1 : 0;
      // What never ran, because somebody wanted an end, is not a measurement.
      if (m.ok() || m.failure != Failure::none) x_.entries[i].measurement = m;
    }
    std::string text = fmt::format("{} measured", good);
    if (cached > 0) text += fmt::format(", {} of them known from before", cached);
    if (bad > 0) text += fmt::format(", {} failed", bad);
    if (interrupted()) text += ", interrupted";
    steps_.end(x_, text);
  }

  MeasureOptions measure_options(const PlatformChoice& choice, const Workload& workload) {
    const MeasuringOptions& from = options_.measuring;
    MeasureOptions to;
    to.platform = choice.platform;
    to.workload = workload;
    to.operations = from.operations;
    to.width = from.width;
    to.budget_seconds = from.budget;
    to.extras = !from.lean;
    to.retry = from.retry;
    to.images = from.images();
    to.project = FLEXOS_SOURCE_DIR;
    to.tool = kTool;
    to.progress = [this](const Progress& p) {
      if (p.seconds_left > 1 && !told_) {
        told_ = true;
        app_.say(fmt::format("      about {} left", seconds_text(p.seconds_left)));
      }
      app_.progress(p.text);
    };
    to.stop = [this] { return interrupted(); };
    if (from.runs) {
      to.ended = [](const RunEnded& r) {
        std::fprintf(stderr, "run %s %s %s %s %.6f\n", r.run.c_str(), r.configuration.c_str(),
                     r.kind.c_str(), std::string(name(r.failure)).c_str(), r.seconds);
      };
    }
    return to;
  }

  /// Weaves each image again with probes inside, and holds every attack's end against the promise.
  void attack_all() {
    steps_.begin("attack", "every attack by every compartment on every other, in each image",
                 "minutes an image");
    std::size_t cells = 0;
    std::size_t good = 0;
    for (auto& entry : x_.entries) {
      if (!entry.image || interrupted()) continue;
      auto rows = attack(entry.judged.configuration);
      if (!rows) {
        if (!interrupted()) {
          failed(rows.error(), "attack");
          app_.note("the attacks could not be made: " + rows.error().message);
        }
        break;
      }
      cells += rows->size();
      good += static_cast<std::size_t>(
          std::count_if(rows->begin(), rows->end(), [](const auto& r) { return r.agrees; }));
      entry.attacks = std::move(*rows);
    }
    if (good != cells && end_.code == kDone) {
      end_.code = kNo;
      end_.cause = "attack";
      end_.message = fmt::format("{} of {} attacks did not end as promised", cells - good, cells);
      end_.hint = "`flexos-explore attack " + whole_.file + "` says which, and why";
    }
    steps_.end(x_, fmt::format("{} of {} attacks ended as promised", good, cells));
  }

  Result<std::vector<Exploration::AttackRow>> attack(const Configuration& c) {
    const Scratch scratch;
    if (scratch.path().empty()) return Error{"no temporary folder can be made", "", true};
    WeaveOptions weave;
    weave.platform = platform_;
    weave.project = FLEXOS_SOURCE_DIR;
    weave.out = scratch.path();
    weave.tool = kTool;
    weave.probes = true;
    Weaver weaver(x_.spec, objects_, weave);
    if (auto ready = weaver.prepare({c}); !ready) return ready.error();
    const auto woven = weaver.weave(c);
    if (!woven) return woven.error();
    const auto elf = Elf::read(woven->elf);
    if (!elf) return elf.error();
    AttackRun run;
    if (platform_ == "linux") run.with_tap = tap_command();
    auto cells =
        attack_cells(x_.spec, c, *elf, woven->manifest, {{}, false, !run.with_tap.empty()});
    run.elf = woven->elf.string();
    run.workers = std::max(1U, std::thread::hardware_concurrency());
    if (platform_ == "qemu") {
      run.qemu = find_program("qemu-system-x86_64");
      if (run.qemu.empty()) {
        return Error{"qemu-system-x86_64 is missing", "on Debian: apt-get install qemu-system-x86",
                     true};
      }
    }
    run.progress = [&](std::size_t done, std::size_t all) {
      app_.progress(fmt::format("{}: {} of {} attacks", woven->id, done, all));
    };
    if (auto done = run_attacks(cells, woven->manifest, run); !done) return done.error();
    std::vector<Exploration::AttackRow> rows;
    for (const AttackCell& cell : cells) {
      if (!cell.arguments) continue;
      rows.push_back({cell.attacker, cell.victim, std::string(facts(cell.attack).name),
                      text_of(cell.promise.verdict), text_of(cell.observed), cell.agrees()});
    }
    return rows;
  }

  App& app_;
  const ExploringOptions& options_;
  const Spec& whole_;
  std::string platform_;
  Buildable narrow_;
  Exploration x_;
  Ask ask_;
  ObjectStore objects_;
  bool builds_;  ///< images are made
  Steps steps_;
  Explored end_;
  bool unsupported_ = false;
  bool told_ = false;
  std::string why_not_;
};

std::string now_text() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

}  // namespace

Explored explore_spec(App& app, const Spec& spec, const ExploringOptions& options) {
  Explored end = Explorer(app, spec, options).run();
  if (end.exploration) end.exploration->made = now_text();
  return end;
}

std::string file_name(const std::string& name) {
  std::string file;
  for (const char c : name) file += c == '/' || c == '\0' ? '-' : c;
  // Neither hidden nor a folder of its own.
  if (file.empty() || file.front() == '.') file.insert(0, "_");
  return file;
}

ReportFiles write_report(App& app, Exploration& x, const std::filesystem::path& folder,
                         const std::string& name) {
  ReportFiles report;
  const double started = app.seconds();
  app.say(fmt::format("[{0}/{0}] report: {1}.html, .json and .csv", x.steps.size() + 1,
                      (folder / name).string()));
  x.steps.push_back({"report", 0, (folder / (name + ".html")).string()});
  x.seconds = app.seconds();
  report.data = report_json(x);
  const auto write = [&](const char* ending, const std::string& content) {
    const fs::path file = folder / (name + ending);
    const auto done = write_file(file, content);
    if (done) {
      report.files.push_back(file);
    } else {
      report.code = app.fail(kEnvironment, done.error().message, done.error().hint);
    }
    return done.ok();
  };
  if (!write(".json", report.data.dump(1, ' ', false, Json::error_handler_t::replace) + "\n") ||
      !write(".csv", report_csv(report.data))) {
    return report;
  }
  std::error_code error;
  const auto bundle = read_bundle(bundle_folders(fs::read_symlink("/proc/self/exe", error)));
  if (!bundle) {
    report.code = app.fail(kEnvironment, bundle.error().message, bundle.error().hint);
    return report;
  }
  const auto html = html_report(report.data, *bundle);
  if (!html) {
    report.code = app.fail(kEnvironment, html.error().message, html.error().hint);
    return report;
  }
  write(".html", *html);
  app.say(fmt::format("      {}", seconds_text(app.seconds() - started)));
  return report;
}

}  // namespace flexos
