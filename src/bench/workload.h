#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/platform.h"
#include "codegen/result.h"
#include "model/spec.h"
#include "spec/diagnostic.h"
#include "spec/load.h"

/// What an image is made to do while it is measured: specs/workloads/NAME.yaml.
namespace flexos {

/// A program of this machine that gives an image its work over the network, and times it. In its
/// commands {host}, {port} and {n} are put in.
struct Client {
  std::string run;
  std::string after;    ///< what ends the image; empty: it ends once `run` is done
  std::string ready;    ///< text on the image's console: it listens
  std::string prepare;  ///< before `run`, and not measured; empty: nothing
  /// Asks the image for the processor time that it has taken. Empty: nobody asks.
  std::string clock;
  /// The line of the answer that says it, in seconds; where nobody asks, of the image's console, at
  /// first and at last. Empty: there is no way to know.
  std::string busy_line;
  int port = 0;  ///< the image's
};

/// Arguments of an image and the lines that it answers with. A line is `KEY VALUE`; one that says
/// how long it took may be TEXT{}TEXT, with the seconds in place of {}.
struct Workload {
  std::string name;  ///< sqlite/insert
  std::string description;
  std::string application;      ///< the component whose main it is
  std::string arguments;        ///< of the image; {n} = the number of operations
  int operations = 1;           ///< when nobody says another n
  int counted = 0;              ///< then, where instructions are counted; 0: as many
  std::string operations_line;  ///< empty: n operations were done
  std::string seconds_line;
  std::string rate_line;  ///< instead: operations a second
  std::optional<Client> client;
  bool image_says = true;  ///< these lines stand on the image's console; or its client says them
  std::vector<std::string> checks;  ///< lines that are equal in every configuration
  /// A second way to run it that times single operations; empty where there is none.
  std::string latency_arguments;
  std::map<std::string, std::string> latency_lines;  ///< "p50" -> line, in nanoseconds
  double timeout = 300;                              ///< seconds a run may take

  int usual_operations(const BenchPlatform& platform) const {
    return platform.counts_instructions() && counted > 0 ? counted : operations;
  }

  Driver driver() const {
    if (!client) return Driver::image;
    return client->busy_line.empty() ? Driver::timing_client : Driver::asking_client;
  }

  /// Results of two definitions are not compared: 12 hex digits over all that shapes a run.
  std::string hash() const;
};

struct LoadedWorkload {
  std::optional<Workload> workload;  ///< absent iff an error was found
  std::vector<Diagnostic> diagnostics;
};

/// Reads specs/workloads/NAME.yaml.
LoadedWorkload load_workload(const std::string& name, const Library& library);
LoadedWorkload load_workload_text(std::string_view text, const std::string& file);
/// Names of all that are there, sorted.
std::vector<std::string> workload_names(const Library& library);
/// The one that a spec means: its `workload`, else the only one of its application.
LoadedWorkload load_workload_of(const Spec& spec, const std::string& wanted,
                                const Library& library);

/// `arguments` with n put in.
std::string fill(const std::string& arguments, int operations);

/// What a console says about a finished run.
struct WorkloadResult {
  std::int64_t operations = 0;
  double seconds = 0;                         ///< the image's own time, of its operations alone
  std::map<std::string, std::string> checks;  ///< line -> value
  std::map<std::string, double> latency;      ///< nanoseconds; only of a latency run
};
/// The error: which line is missing or makes no sense.
Result<WorkloadResult> parse_result(const Workload& workload, int operations,
                                    std::string_view console, bool latency = false);

/// Seconds of processor time between an image's two answers to its client's `clock`, or between the
/// first and the last time that its console says.
Result<double> busy_seconds(const Client& client, std::string_view before, std::string_view after);
Result<double> busy_seconds(const Client& client, std::string_view console);

}  // namespace flexos
