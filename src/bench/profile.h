#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/platform.h"
#include "bench/workload.h"
#include "codegen/result.h"
#include "codegen/store.h"
#include "model/spec.h"

/// A profile that was measured: what one operation of a workload does in the unprotected image, and
/// what each hardening does to each component.
namespace flexos {

using Edge = std::pair<std::string, std::string>;  ///< caller, callee

/// The table that a counting image prints (codegen/counting.h), what its stubs took taken off.
struct CountTable {
  bool marked = false;           ///< of what the application says is measured; else of all of it
  std::map<Edge, double> calls;  ///< that would be gates if the two were apart
  std::map<std::string, double> work;  ///< time in a component's own code, leaf functions included
  std::map<Edge, double> copy;         ///< time in marshallers
  double stub = 0;                     ///< what one stub takes
};
/// The error: there is no table, or one that makes no sense.
Result<CountTable> parse_count_table(std::string_view console);

struct MeasuredProfile {
  BenchPlatform platform;
  std::string machine;  ///< empty where the clock does not depend on it
  std::string workload;
  int operations = 0;
  double base = 0;  ///< clock units an operation, as all below
  std::map<Edge, double> calls;
  std::map<std::string, double> work;
  std::map<Edge, double> copy;
  std::map<std::string, std::map<std::string, double>> hardening;  ///< factors on the work
};

/// The `profile:` file of docs/language.md. Says nothing that another run would say otherwise.
std::string to_yaml(const MeasuredProfile& profile, const std::string& title);

struct ProfileOptions {
  BenchPlatform platform;
  Workload workload;
  int operations = 0;     ///< 0: the workload's
  bool hardening = true;  ///< also the factors: an image for each component and hardening
  int runs = 5;           ///< of each image, where the clock is not exact
  std::filesystem::path images;
  std::filesystem::path project;
  std::string tool;
  std::function<void(const std::string&)> progress;
  std::function<bool()> stop;
};

Result<MeasuredProfile> make_profile(const Spec& spec, ObjectStore& objects,
                                     const ProfileOptions& options);

}  // namespace flexos
