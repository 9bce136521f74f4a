#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "bench/measure.h"
#include "bench/platform.h"
#include "bench/workload.h"
#include "codegen/manifest.h"

/// One run of one image.
namespace flexos {

/// What a run is for. What one kind needs would disturb the others.
enum class RunKind : std::uint8_t {
  throughput,  ///< n operations, timed by the image
  latency,     ///< n operations, each timed by the image
  boot,        ///< one operation, timed from launch to exit by the wall clock
  memory,      ///< n operations; what it holds at its end is looked at from outside
};
std::string_view name(RunKind kind);

struct RunRequest {
  std::filesystem::path elf;
  const Manifest* manifest = nullptr;
  BenchPlatform platform;
  const Workload* workload = nullptr;
  int operations = 1;
  RunKind kind = RunKind::throughput;
  double timeout = 0;  ///< seconds; 0: the workload's
};

struct RunSample {
  Failure failure = Failure::none;
  std::string detail;        ///< of the failure
  bool interrupted = false;  ///< by the user: it is no result
  WorkloadResult result;
  double units = 0;              ///< of the clock, for all operations
  double wall_seconds = 0;       ///< launch to exit
  std::int64_t peak_memory = 0;  ///< bytes; only of a memory run
  std::string console;           ///< its last part
};

/// Boots (or starts) the image, waits for its end, and reads what it says.
RunSample drive(const RunRequest& request);

/// What the end of a run means for a measurement.
struct Outcome;
Failure failure_of(const Outcome& outcome, bool said_anything);

}  // namespace flexos
