#include "bench/measure.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <thread>

#include "bench/drive.h"
#include "bench/statistics.h"
#include "bench/store.h"
#include "bench/summary.h"
#include "codegen/sha256.h"
#include "codegen/tool.h"
#include "codegen/weave_all.h"

// Two ways to measure, by what the clock is like.
//
// Cycles are noisy, and the noise has a memory: the host is slower for a minute, then faster. So
// runs go in blocks: the unprotected image and every image that still needs runs, once each, in an
// order drawn anew for each block. What is compared is one image's run with the unprotected image's
// run of the same block; whatever made the block slow made both slow. An image leaves the blocks
// when the bootstrap interval of its median ratio is narrow enough.
//
// Instructions under -icount are the same in each run, whatever else the host does. Two runs show
// that, more would show nothing; and since nobody disturbs anybody, they take all cores.
namespace flexos {

namespace {

using Clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

constexpr std::array<std::pair<Failure, std::string_view>, 11> kFailures{{
    {Failure::none, "none"},
    {Failure::build, "build"},
    {Failure::boot, "boot"},
    {Failure::crash, "crash"},
    {Failure::fault, "fault"},
    {Failure::hang, "hang"},
    {Failure::wrong_answer, "wrong-answer"},
    {Failure::no_result, "no-result"},
    {Failure::killed, "killed"},
    {Failure::no_keys, "no-keys"},
    {Failure::environment, "environment"},
}};

constexpr int kExactRuns = 2;
constexpr int kBootRuns = 3;
constexpr int kLatencyRuns = 3;
/// Times that a run of the host's fault is tried again within one call.
constexpr int kPatience = 2;

/// "{a b} | {c} with a: cfi": for whoever has only the database.
std::string layout_of(const Manifest& manifest) {
  std::string text;
  for (const auto& c : manifest.compartments) {
    std::string names;
    for (const std::string& n : c.components) names += (names.empty() ? "" : " ") + n;
    text += (text.empty() ? "{" : " | {") + names + "}";
  }
  std::set<std::string> mechanisms;
  for (const auto& b : manifest.boundaries) mechanisms.insert(b.mechanism);
  mechanisms.erase("none");
  std::string by;
  for (const std::string& m : mechanisms) by += (by.empty() ? " by " : ", ") + m;
  text += by;
  std::string with;
  for (const auto& [component, list] : manifest.hardening) {
    with += (with.empty() ? " with " : "; ") + component + ":";
    for (const std::string& h : list) with += " " + h;
  }
  return text + with;
}

/// What is measured: an image, what is known of it, what is still wanted.
struct Subject {
  Configuration configuration;
  std::string id;
  std::optional<Woven> woven;
  std::optional<Error> not_built;
  std::string hash;
  std::vector<RunRecord> runs;
  bool warm = false;  ///< had its warm-up in this call
  bool ran = false;   ///< any run in this call
  int bad_luck = 0;   ///< runs in this call that failed through the host
  /// Another of this call that is the same image to the last byte: whatever is run, is run there.
  const Subject* same = nullptr;
};

int good_of(const Subject& s, RunKind kind) {
  return static_cast<int>(std::count_if(s.runs.begin(), s.runs.end(), [&](const RunRecord& r) {
    return r.kind == name(kind) && r.good() && !r.warmup;
  }));
}
int all_of(const Subject& s, RunKind kind) {
  return static_cast<int>(std::count_if(s.runs.begin(), s.runs.end(),
                                        [&](const RunRecord& r) { return r.kind == name(kind); }));
}

/// Calls that a boundary stands in, an operation, as a counting image counted them (`profile`):
/// calls are the same in every configuration, only what lies between differs. Nothing where the
/// profile is an estimate, or another workload's.
std::optional<double> crossings_of(const Spec& spec, const Workload& workload,
                                   const Configuration& c) {
  if (!spec.profile || spec.profile->platform.empty()) return std::nullopt;
  if (!spec.workload.empty() && spec.workload != workload.name) return std::nullopt;
  double sum = 0;
  for (const auto& [pair, calls] : spec.profile->calls) {
    if (c.level(pair[0], pair[1]) != 0) sum += calls.to_double();
  }
  return sum;
}

}  // namespace

std::string_view name(Failure failure) {
  for (const auto& [value, text] : kFailures) {
    if (value == failure) return text;
  }
  return "?";
}

std::optional<Failure> failure_from(std::string_view text) {
  for (const auto& [value, known] : kFailures) {
    if (known == text) return value;
  }
  return std::nullopt;
}

Configuration unprotected(const Spec& spec) {
  Configuration c;
  const auto n = static_cast<std::size_t>(spec.size());
  c.levels.assign(static_cast<std::size_t>(pair_count(spec.size())), 0);
  c.hardening.assign(n, 0);
  c.variants.assign(n, 0);
  return c;
}

struct Harness::Impl {
  Impl(const Spec& s, ObjectStore& o, ResultStore& r, MeasureOptions m)
      : spec(s), objects(o), results(r), options(std::move(m)), machine(this_machine()) {
    if (options.operations <= 0)
      options.operations = options.workload.usual_operations(options.platform);
    key = {options.platform.key(), machine.id, options.workload.name, options.workload.hash(),
           options.operations};
  }

  Result<std::vector<Measurement>> measure(const std::vector<Configuration>& configurations);
  Result<Done> build(const std::vector<Configuration>& configurations);
  Result<Done> load(Subject& s);
  Result<Done> exact_runs();
  Result<Done> blocks();
  Result<Done> extras();
  /// For runs that do not disturb each other: as many at a time as there are cores.
  Result<Done> side_by_side(std::size_t count, const std::function<Result<Done>(std::size_t)>& job);
  Result<Done> run(Subject& s, RunKind kind, const std::string& block, int place, bool warmup);
  bool check_answer(const RunSample& sample, std::string& detail);
  std::vector<Subject*> wanting();
  bool wants(const Subject& s);
  bool failed(const Subject& s) const;
  Measurement result_of(const Subject& s) const;
  void show(const std::string& text);
  void plan(int more) { planned = done + more; }
  bool over();

  const Spec& spec;
  ObjectStore& objects;
  ResultStore& results;
  MeasureOptions options;
  Machine machine;
  RunKey key;
  std::map<std::string, Subject> subjects;  ///< by configuration id; those of this call
  std::string base_id;
  Measurement base;
  std::map<std::string, std::string> reference;  ///< the answer that all must give
  bool interrupted = false;
  bool noted_machine = false;
  std::set<std::string> images_run;

  std::mutex mutex;  ///< all below, and `runs` of subjects
  Clock::time_point began;
  double in_runs = 0;  ///< seconds
  int done = 0;
  int planned = 0;
  int at_once = 1;
};

bool Harness::Impl::over() {
  if (!interrupted && options.stop && options.stop()) interrupted = true;
  if (interrupted) return true;
  if (options.budget_seconds <= 0) return false;
  return std::chrono::duration<double>(Clock::now() - began).count() >= options.budget_seconds;
}

void Harness::Impl::show(const std::string& text) {
  if (!options.progress) return;
  Progress p;
  p.done = done;
  p.planned = std::max(planned, done);
  if (done > 0) p.seconds_left = in_runs / done * (p.planned - done) / at_once;
  if (options.budget_seconds > 0) {
    const double spent = std::chrono::duration<double>(Clock::now() - began).count();
    p.seconds_left = std::min(p.seconds_left, std::max(0.0, options.budget_seconds - spent));
  }
  p.text = text;
  if (done > 0 && p.planned > 0) {
    p.text += fmt::format(", run {} of about {}, {:.0f} s left", done, p.planned, p.seconds_left);
  }
  options.progress(p);
}

Result<Done> Harness::Impl::build(const std::vector<Configuration>& configurations) {
  std::vector<Configuration> missing;
  for (const Configuration& c : configurations) {
    const std::string id = configuration_id(spec, c);
    const auto [at, fresh] = subjects.try_emplace(id);
    at->second.configuration = c;
    at->second.id = id;
    if (fresh) missing.push_back(c);
  }
  if (missing.empty()) return Done{};
  WeaveOptions weave;
  weave.platform = options.platform.platform;
  weave.project = options.project;
  weave.out = fs::absolute(options.images);
  weave.tool = options.tool;
  WeaveAllOptions all;
  all.reuse = true;
  all.stop = options.stop;
  all.progress = [&](int made, int of) { show(fmt::format("building image {} of {}", made, of)); };
  auto woven = weave_all(spec, objects, weave, missing, all);
  if (!woven) return woven.error();
  for (std::size_t i = 0; i < missing.size(); ++i) {
    Subject& s = subjects.at(configuration_id(spec, missing[i]));
    s.woven = std::move((*woven)[i].woven);
    s.not_built = (*woven)[i].error;
    s.hash = (*woven)[i].hash;
  }
  return Done{};
}

/// What the database knows of it; what it does not know yet of a failed build.
Result<Done> Harness::Impl::load(Subject& s) {
  const std::string image = s.not_built ? "build:" + s.id : s.hash;
  if (image.empty()) return Done{};  // interrupted before it was made
  auto runs = results.runs(key, image);
  if (!runs) return runs.error();
  s.runs = std::move(*runs);
  if (s.not_built) {
    const std::string& why = s.not_built->message;
    if (std::any_of(s.runs.begin(), s.runs.end(),
                    [&](const RunRecord& r) { return r.detail == why; })) {
      return Done{};
    }
    RunRecord r;
    r.run = random_id();
    r.image = image;
    r.platform = key.platform;
    r.machine = key.machine;
    r.workload = key.workload;
    r.definition = key.definition;
    r.operations = key.operations;
    r.kind = name(RunKind::throughput);
    r.started =
        std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    r.failure = Failure::build;
    r.detail = why;
    if (auto kept = results.add(r); !kept) return kept;
    s.runs.push_back(std::move(r));
    return Done{};
  }
  std::int64_t memory = 0;
  if (const auto at = s.woven->manifest.sizes.find("memory"); at != s.woven->manifest.sizes.end()) {
    memory = static_cast<std::int64_t>(at->second);
  }
  return results.note(
      ImageRecord{s.hash, s.id, spec.name, options.platform.platform, layout_of(s.woven->manifest),
                  static_cast<std::int64_t>(s.woven->manifest.sizes.at("file")), memory});
}

bool Harness::Impl::check_answer(const RunSample& sample, std::string& detail) {
  if (reference.empty()) reference = sample.result.checks;
  for (const auto& [line, value] : sample.result.checks) {
    const auto expected = reference.find(line);
    if (expected == reference.end() || expected->second == value) continue;
    detail =
        fmt::format("`{} {}`, and the unprotected image says {}", line, value, expected->second);
    return false;
  }
  return true;
}

Result<Done> Harness::Impl::run(Subject& s, RunKind kind, const std::string& block, int place,
                                bool warmup) {
  RunRecord r;
  r.started =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  const RunSample sample = drive({.elf = s.woven->elf,
                                  .manifest = &s.woven->manifest,
                                  .platform = options.platform,
                                  .workload = &options.workload,
                                  .operations = options.operations,
                                  .kind = kind});
  const std::lock_guard lock(mutex);
  ++done;
  in_runs += sample.wall_seconds;
  if (sample.interrupted) {
    interrupted = true;
    return Done{};
  }
  r.run = random_id();
  r.image = s.hash;
  r.baseline = subjects.at(base_id).hash;
  r.platform = key.platform;
  r.machine = key.machine;
  r.workload = key.workload;
  r.definition = key.definition;
  r.operations = key.operations;
  r.kind = name(kind);
  r.block = block;
  r.place = place;
  r.warmup = warmup;
  r.failure = sample.failure;
  r.detail = sample.detail;
  r.seconds = sample.result.seconds;
  r.units = sample.units;
  r.wall = sample.wall_seconds;
  r.memory = sample.peak_memory;
  r.checks = sample.result.checks;
  r.latency = sample.result.latency;
  // An answer to another question (one operation) is not compared.
  if (r.good() && kind != RunKind::boot && !check_answer(sample, r.detail)) {
    r.failure = Failure::wrong_answer;
  }
  if (auto kept = results.add(r); !kept) return kept;
  s.ran = true;
  images_run.insert(s.hash);
  s.warm |= warmup;
  if (options.ended) options.ended({r.run, s.id, r.kind, r.failure, r.seconds});
  s.runs.push_back(std::move(r));
  show("measuring " + s.id);
  return Done{};
}

bool Harness::Impl::failed(const Subject& s) const {
  if (s.not_built || !s.woven) return true;
  // What the host did to it in an earlier call is forgotten; in this one patience ends.
  if (s.bad_luck >= kPatience) return true;
  const RunRecord* standing = standing_failure(s.runs, false);
  return standing != nullptr && (!options.retry || s.ran);
}

bool Harness::Impl::wants(const Subject& s) {
  if (s.same != nullptr || failed(s)) return false;
  if (options.platform.exact()) return good_of(s, RunKind::throughput) < kExactRuns;
  const auto& baseline = subjects.at(base_id);
  const std::vector<double> ratios = paired_ratios(options.platform, s.runs, baseline.runs);
  const int n = static_cast<int>(ratios.size());
  if (n < options.least_blocks) return true;
  if (n >= options.most_blocks) return false;
  if (s.id == base_id) return false;  // it is in every block of the others
  return bootstrap_median(ratios, 1).width() > options.width;
}

std::vector<Subject*> Harness::Impl::wanting() {
  std::vector<Subject*> list;
  for (auto& [id, s] : subjects) {
    if (wants(s)) list.push_back(&s);
  }
  return list;
}

Result<Done> Harness::Impl::exact_runs() {
  plan(static_cast<int>(wanting().size()) * kExactRuns);
  const std::string block = random_id();
  // The unprotected image's answer is what the others are held to: one run of it first.
  if (reference.empty() && wants(subjects.at(base_id))) {
    if (over()) return Done{};
    if (auto kept = run(subjects.at(base_id), RunKind::throughput, block, 0, false); !kept) {
      return kept;
    }
    if (failed(subjects.at(base_id))) return Done{};
  }
  std::vector<std::pair<Subject*, int>> jobs;
  for (Subject* s : wanting()) {
    for (int i = good_of(*s, RunKind::throughput); i < kExactRuns; ++i) jobs.emplace_back(s, i);
  }
  return side_by_side(jobs.size(), [&](std::size_t i) {
    return run(*jobs[i].first, RunKind::throughput, block, jobs[i].second, false);
  });
}

Result<Done> Harness::Impl::blocks() {
  for (int round = 0;; ++round) {
    std::vector<Subject*> turn = wanting();
    if (turn.empty() || over()) return Done{};
    Subject* baseline = &subjects.at(base_id);
    if (std::find(turn.begin(), turn.end(), baseline) == turn.end()) turn.push_back(baseline);
    int more = 0;
    for (const Subject* s : turn) {
      more += std::max(1, options.least_blocks - good_of(*s, RunKind::throughput));
      more += s->warm ? 0 : 1;
    }
    plan(more);
    const std::string block = random_id();
    // The order is drawn from what is measured and how often it was: the same sweep has the same.
    Sha256 sum;
    for (const Subject* s : turn) sum.add_field(s->hash);
    sum.add_field(std::to_string(good_of(*baseline, RunKind::throughput)));
    Random random(std::stoull(sum.hex().substr(0, 16), nullptr, 16));
    shuffle(turn, random);
    // Its answer is what the others are held to.
    if (reference.empty()) {
      std::iter_swap(turn.begin(), std::find(turn.begin(), turn.end(), baseline));
    }
    int place = 0;
    for (Subject* s : turn) {
      // The first run finds caches and page tables cold.
      for (const bool warmup : {true, false}) {
        if (warmup && s->warm) continue;
        if (over()) return Done{};
        if (failed(*s)) break;
        if (auto kept = run(*s, RunKind::throughput, warmup ? random_id() : block, place++, warmup);
            !kept) {
          return kept;
        }
        if (interrupted) return Done{};
        const RunRecord& last = s->runs.back();
        if (last.failure == Failure::no_keys) {
          s->bad_luck = kPatience;  // it will not get any by waiting
        } else if (!last.good() && standing_failure(s->runs, false) == nullptr) {
          ++s->bad_luck;
        }
      }
      if (failed(*baseline)) return Done{};
    }
  }
}

Result<Done> Harness::Impl::extras() {
  const bool native = options.platform.platform == "linux";
  struct Job {
    Subject* subject;
    RunKind kind;
  };
  std::vector<Job> jobs;
  std::vector<Job> together;  // may run side by side
  for (auto& [id, s] : subjects) {
    if (s.same != nullptr || failed(s) || good_of(s, RunKind::throughput) == 0) continue;
    const auto add = [&](std::vector<Job>& list, RunKind kind, int times) {
      // Tried and failed is tried: these are no reason to fail an image, nor to try for ever.
      for (int i = all_of(s, kind); i < times; ++i) list.push_back({&s, kind});
    };
    add(jobs, RunKind::boot, kBootRuns);
    if (native && !options.workload.client) add(jobs, RunKind::memory, 1);
    if (!options.workload.latency_arguments.empty()) {
      add(options.platform.exact() ? together : jobs, RunKind::latency,
          options.platform.exact() ? 1 : kLatencyRuns);
    }
  }
  plan(static_cast<int>(jobs.size() + together.size()));
  const std::string block = random_id();
  int place = 0;
  for (const Job& job : jobs) {
    if (over()) return Done{};
    if (auto kept = run(*job.subject, job.kind, block, place++, false); !kept) return kept;
  }
  return side_by_side(together.size(), [&](std::size_t i) {
    return run(*together[i].subject, together[i].kind, block, 0, false);
  });
}

Result<Done> Harness::Impl::side_by_side(std::size_t count,
                                         const std::function<Result<Done>(std::size_t)>& job) {
  std::mutex outcome;
  std::optional<Error> error;
  std::vector<std::function<bool()>> tasks;
  for (std::size_t i = 0; i < count; ++i) {
    tasks.emplace_back([&, i] {
      {
        const std::lock_guard lock(mutex);
        if (over()) return false;
      }
      auto kept = job(i);
      if (kept) return true;
      const std::lock_guard lock(outcome);
      error = kept.error();
      return false;
    });
  }
  at_once = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  run_all(std::move(tasks), static_cast<unsigned>(at_once));
  at_once = 1;
  if (error) return std::move(*error);
  return Done{};
}

Measurement Harness::Impl::result_of(const Subject& s) const {
  if (s.same != nullptr) {
    Measurement m = result_of(*s.same);
    m.id = s.id;
    m.configuration = s.configuration;
    m.image = s.woven->elf;
    if (m.runs > 0) m.crossings = crossings_of(spec, options.workload, s.configuration);
    return m;
  }
  Measurement m;
  m.id = s.id;
  m.configuration = s.configuration;
  m.image_hash = s.hash;
  m.cached = !s.ran && !s.runs.empty();
  if (s.woven) {
    m.image = s.woven->elf;
    m.image_bytes = static_cast<std::int64_t>(s.woven->manifest.sizes.at("file"));
    if (const auto at = s.woven->manifest.sizes.find("memory");
        options.platform.platform == "qemu" && at != s.woven->manifest.sizes.end()) {
      m.memory_bytes = static_cast<std::int64_t>(at->second);
    }
  }
  if (s.not_built) {
    m.failure = Failure::build;
    m.detail = s.not_built->message;
    return m;
  }
  if (const RunRecord* standing = standing_failure(s.runs, true)) {
    m.failure = standing->failure;
    m.detail = standing->detail;
    return m;
  }
  summarise(options.platform, s.runs, subjects.at(base_id).runs, options.width, m);
  if (m.runs > 0) m.crossings = crossings_of(spec, options.workload, s.configuration);
  return m;
}

Result<std::vector<Measurement>> Harness::Impl::measure(
    const std::vector<Configuration>& configurations) {
  began = Clock::now();
  interrupted = false;
  in_runs = 0;
  done = planned = 0;
  if (!noted_machine) {
    if (auto noted = results.note(machine); !noted) return noted.error();
    noted_machine = true;
  }
  const Configuration bare = unprotected(spec);
  base_id = configuration_id(spec, bare);
  subjects.clear();
  std::vector<Configuration> all{bare};
  all.insert(all.end(), configurations.begin(), configurations.end());
  if (auto built = build(all); !built) return built.error();
  for (auto& [id, s] : subjects) {
    if (auto known = load(s); !known) return known.error();
  }
  Subject& baseline = subjects.at(base_id);
  if (baseline.not_built) return *baseline.not_built;
  std::map<std::string, const Subject*> images{{baseline.hash, &baseline}};
  for (auto& [id, s] : subjects) {
    if (!s.woven) continue;
    const Subject* first = images.try_emplace(s.hash, &s).first->second;
    s.same = first == &s ? nullptr : first;
  }
  reference.clear();
  for (const RunRecord& r : counted(baseline.runs)) {
    reference = r.checks;
    break;
  }
  began = Clock::now();  // a budget is for measuring, not for compiling
  auto measured = options.platform.exact() ? exact_runs() : blocks();
  if (!measured) return measured.error();
  base = result_of(baseline);
  if (base.failure != Failure::none) {
    const bool host = base.failure == Failure::environment || base.failure == Failure::killed ||
                      base.failure == Failure::no_keys;
    return Error{fmt::format("the unprotected image, which all others are measured against, fails: "
                             "{}: {}",
                             name(base.failure), base.detail),
                 fmt::format("flexos-explore run {}", baseline.woven->elf.string()), host};
  }
  if (options.extras && !over()) {
    if (auto more = extras(); !more) return more.error();
    base = result_of(baseline);
  }
  std::vector<Measurement> list;
  for (const Configuration& c : configurations) {
    list.push_back(result_of(subjects.at(configuration_id(spec, c))));
  }
  return list;
}

Harness::Harness(const Spec& spec, ObjectStore& objects, ResultStore& results,
                 MeasureOptions options)
    : impl_(std::make_unique<Impl>(spec, objects, results, std::move(options))) {}

Harness::~Harness() = default;

Result<std::vector<Measurement>> Harness::measure(
    const std::vector<Configuration>& configurations) {
  return impl_->measure(configurations);
}

const Measurement& Harness::baseline() const { return impl_->base; }
bool Harness::interrupted() const { return impl_->interrupted; }
int Harness::images_run() const { return static_cast<int>(impl_->images_run.size()); }

}  // namespace flexos
