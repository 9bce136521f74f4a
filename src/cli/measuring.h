#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bench/measure.h"
#include "bench/store.h"
#include "cli/app.h"

namespace flexos {

/// What every command that measures takes: --platform, -n, --width, --budget, -o, --results...
struct MeasuringOptions {
  std::string platform;  ///< empty: the spec's
  std::string workload;  ///< empty: the spec's
  int operations = 0;
  double width = 0.01;
  double budget = 0;  ///< seconds for one call of the harness; 0: none
  bool lean = false;  ///< speed alone: no boot time, memory, latency
  bool retry = false;
  bool runs = false;  ///< a line on stderr for each run that is in the database
  std::string out = "explored";
  std::string results;  ///< empty: OUT/results.db

  std::filesystem::path database() const;
  std::filesystem::path images() const;
};
void add_measuring_options(CLI::App& command, MeasuringOptions& options);

/// A database, a workload, a platform, a harness: all that measuring a spec takes. The spec lives
/// longer.
class Measuring {
 public:
  /// Opens all of it, and says on stderr what is wrong where it cannot: `code` is the exit code
  /// then. `configurations`: whether keys are needed, for the choice of the platform.
  static std::unique_ptr<Measuring> open(App& app, const Spec& spec,
                                         const MeasuringOptions& options,
                                         const std::vector<Configuration>& configurations,
                                         int& code);

  Harness& harness() { return *harness_; }
  ResultStore& results() { return *results_; }
  ObjectStore& objects() { return objects_; }
  const Workload& workload() const { return workload_; }
  int operations() const { return operations_; }
  const BenchPlatform& platform() const { return choice_.platform; }
  const std::string& why() const { return choice_.why; }
  const Machine& machine() const { return machine_; }

 private:
  Measuring();
  ObjectStore objects_;
  std::unique_ptr<ResultStore> results_;
  Workload workload_;
  int operations_ = 0;
  PlatformChoice choice_;
  Machine machine_;
  std::unique_ptr<Harness> harness_;
};

/// Says what made measuring impossible; returns the exit code.
int refuse(App& app, const Error& error);

}  // namespace flexos
