#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/platform.h"
#include "bench/workload.h"
#include "codegen/result.h"
#include "codegen/store.h"
#include "model/configuration.h"

/// Measures configurations of a spec against its unprotected image (docs/measuring.md).
namespace flexos {

class ResultStore;

/// A median and its 95 % interval. Where the clock is exact, all three are equal.
struct Interval {
  double median = 0;
  double low = 0;
  double high = 0;
  /// Width as a part of the median.
  double width() const { return median > 0 ? (high - low) / median : 0; }
};

/// Why there is no number. The list is fixed: it is stored, counted and compared by name.
enum class Failure : std::uint8_t {
  none,
  build,         ///< no image of it can be made
  boot,          ///< refused or reset before the application did anything
  crash,         ///< it gave up: panic, or an exit code that is not 0
  fault,         ///< the platform stopped it: it touched what it must not
  hang,          ///< still running when its time was over
  wrong_answer,  ///< it computed something else than the others
  no_result,     ///< it ended well without the lines of a result
  killed,        ///< by a signal of the host
  no_keys,       ///< this machine cannot give it protection keys
  environment,   ///< the host is at fault: QEMU is missing, no memory left
};
std::string_view name(Failure failure);  ///< wrong_answer is "wrong-answer"
std::optional<Failure> failure_from(std::string_view name);

/// What is known of one configuration. Numbers are of one bench platform.
struct Measurement {
  std::string id;          ///< configuration_id
  std::string image_hash;  ///< SHA-256 of the ELF file; empty where none could be made
  Configuration configuration;
  std::filesystem::path image;  ///< the ELF file
  Failure failure = Failure::none;
  std::string detail;  ///< of the failure; or a word of warning about the numbers

  Interval per_operation;  ///< clock units
  /// Performance relative to the unprotected image: its time / this time, paired by block.
  Interval relative;
  double throughput = 0;               ///< operations a second of the image's own time
  int runs = 0;                        ///< that count: without warm-up
  int outliers = 0;                    ///< among them; flagged, kept
  bool drift = false;                  ///< the unprotected image drifted while this was measured
  bool tight = false;                  ///< the interval is as narrow as was asked for
  bool cached = false;                 ///< no run was needed
  std::optional<double> crossings;     ///< gate crossings an operation
  std::optional<double> instructions;  ///< an operation; where the clock counts them
  double boot_seconds = 0;  ///< launch to exit of a run of one operation, wall clock; 0: unknown
  std::int64_t memory_bytes = 0;  ///< qemu: regions of the image; linux: peak resident set
  std::int64_t image_bytes = 0;
  std::map<std::string, double> latency;  ///< "p50" -> clock units; empty where not offered

  bool ok() const { return failure == Failure::none && runs > 0; }
};

/// Where a harness stands.
struct Progress {
  std::string text;  ///< a line for a person
  int done = 0;      ///< runs of this call
  int planned = 0;   ///< as far as can be told: noise may ask for more
  double seconds_left = 0;
};

/// A run that is in the database now.
struct RunEnded {
  std::string run;  ///< its id there
  std::string configuration;
  std::string kind;  ///< throughput, latency, boot, memory
  Failure failure = Failure::none;
  double seconds = 0;
};

struct MeasureOptions {
  BenchPlatform platform;
  Workload workload;
  int operations = 0;         ///< 0: the workload's
  double width = 0.01;        ///< of the interval of `relative`, as a part of its median
  double budget_seconds = 0;  ///< for one call of measure(); 0: none
  int least_blocks = 5;       ///< where the clock is not exact; where it is: two, which must agree
  int most_blocks = 60;       ///< no interval gets narrower than this makes it
  bool extras = true;         ///< also boot time, memory, latency: runs of their own
  bool retry = false;         ///< failures in the database are tried again
  std::filesystem::path images = "explored/images";
  std::filesystem::path project;  ///< where src/kernel stands
  std::string tool;               ///< for image.json
  std::function<void(const Progress&)> progress;
  std::function<void(const RunEnded&)> ended;
  std::function<bool()> stop;  ///< true: end after the runs that are going on
};

/// Builds images of one spec and measures them. What the database has is not measured again; what
/// is measured is in the database before the next run begins, so that whoever is killed goes on
/// where he was. `spec`, `objects` and `results` live longer.
class Harness {
 public:
  Harness(const Spec& spec, ObjectStore& objects, ResultStore& results, MeasureOptions options);
  ~Harness();
  Harness(const Harness&) = delete;
  Harness& operator=(const Harness&) = delete;

  /// In the order of `configurations`. A configuration that fails has a `failure`; an error is what
  /// makes measuring itself impossible (the database, the disk, no unprotected image).
  Result<std::vector<Measurement>> measure(const std::vector<Configuration>& configurations);

  /// The unprotected image's; `measure({})` is enough to have it.
  const Measurement& baseline() const;
  /// Somebody wanted the last call to end before it was complete (stop(), Ctrl-C).
  bool interrupted() const;
  /// Images that some call had to run, i.e. that were not in the database.
  int images_run() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// No isolation, no hardening, default variants: what the others are measured against.
Configuration unprotected(const Spec& spec);

}  // namespace flexos
