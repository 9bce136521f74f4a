#include "bench/drive.h"

#include <fmt/format.h>

#include "bench/client.h"
#include "bench/peak.h"
#include "codegen/launch.h"

namespace flexos {

namespace {

/// What is kept of a console. A result stands in the last lines; an image that prints without end
/// must not fill our memory.
constexpr std::size_t kMostConsole = 1 << 20;

void add(std::string& text, std::string_view bytes) {
  text += bytes;
  if (text.size() > 2 * kMostConsole) text.erase(0, text.size() - kMostConsole);
}

std::string arguments_of(const RunRequest& r) {
  if (r.kind == RunKind::latency) return fill(r.workload->latency_arguments, r.operations);
  return fill(r.workload->arguments, r.kind == RunKind::boot ? 1 : r.operations);
}

/// Arguments are words for a process, one text for a machine. `network`: as QemuStart has it.
std::vector<std::string> command_of(const RunRequest& r, const std::string& qemu,
                                    const std::string& network = {}) {
  const std::string arguments = arguments_of(r);
  std::error_code error;
  const std::string image = std::filesystem::absolute(r.elf, error).string();
  if (r.platform.platform == "linux") {
    std::vector<std::string> command{image};
    for (std::string& word : words_of(arguments)) command.push_back(std::move(word));
    return command;
  }
  QemuStart start{.qemu = qemu, .image = image, .arguments = arguments, .network = network};
  start.accelerator = r.platform.accelerator == "kvm" ? Accelerator::kvm : Accelerator::tcg;
  if (r.manifest != nullptr) start.memory = memory_of(*r.manifest);
  // Boot time is the host's time: counting would only slow it down.
  start.count_instructions = r.platform.counts_instructions() && r.kind != RunKind::boot;
  return qemu_command(start);
}

/// What a run has left behind, whoever drove it.
struct Left {
  ProcessEnd end;
  std::string console;
  std::string errors;
  std::string lines;     ///< that hold the result
  std::string clock[2];  ///< the image's own, before and after; only of a client that asked
};

Left run_alone(const RunRequest& request, const std::string& qemu, RunSample& sample) {
  Left left;
  ProcessRequest process;
  process.command = command_of(request, qemu);
  process.timeout = request.timeout > 0 ? request.timeout : request.workload->timeout;
  process.output = [&](int stream, std::string_view bytes) {
    add(stream == 1 ? left.console : left.errors, bytes);
    return true;
  };
  if (request.kind == RunKind::memory) {
    sample.peak_memory = peak_memory(process.command, process.timeout, left.console, left.end);
  } else {
    left.end = run_process(process);
  }
  left.lines = left.console;
  return left;
}

/// A client's own failure is the run's, unless the image's end explains it.
Left run_driven(const RunRequest& request, const std::string& qemu, RunSample& sample) {
  const Client& client = *request.workload->client;
  const bool machine = request.platform.platform == "qemu";
  const auto network = machine ? machine_network(client.port) : namespace_network(client.port);
  if (!network) {
    Left left;
    left.end.interrupted = true;
    return left;
  }
  const int operations = request.kind == RunKind::boot ? 1 : request.operations;
  ClientRun run = run_with_client(
      command_of(request, qemu, machine ? network->qemu(client.port) : std::string()), client,
      *network, operations, request.timeout > 0 ? request.timeout : request.workload->timeout);
  if (!run.failed.empty()) {
    sample.failure = run.environment ? Failure::environment : Failure::no_result;
    sample.detail = std::move(run.failed);
  }
  return {std::move(run.image),
          run.console,
          std::move(run.errors),
          request.workload->image_says ? run.console : std::move(run.said),
          {std::move(run.clock[0]), std::move(run.clock[1])}};
}

}  // namespace

std::string_view name(RunKind kind) {
  switch (kind) {
    case RunKind::throughput:
      return "throughput";
    case RunKind::latency:
      return "latency";
    case RunKind::boot:
      return "boot";
    case RunKind::memory:
      return "memory";
  }
  return "?";
}

Failure failure_of(const Outcome& outcome, bool said_anything) {
  switch (outcome.ending) {
    case Ending::exited:
      return outcome.code == 0 ? Failure::none : Failure::crash;
    case Ending::fault:
      return Failure::fault;
    case Ending::panic:
      return Failure::crash;
    case Ending::triple_fault:
      return said_anything ? Failure::crash : Failure::boot;
    case Ending::hang:
      return Failure::hang;
    case Ending::killed:
      return Failure::killed;
    case Ending::refused:
      return Failure::boot;
    case Ending::no_keys:
      return Failure::no_keys;
    case Ending::environment:
    case Ending::interrupted:
      return Failure::environment;
  }
  return Failure::environment;
}

RunSample drive(const RunRequest& request) {
  RunSample sample;
  const bool in_qemu = request.platform.platform == "qemu";
  std::string qemu;
  if (in_qemu) {
    qemu = find_program("qemu-system-x86_64");
    if (qemu.empty()) {
      sample.failure = Failure::environment;
      sample.detail = "qemu-system-x86_64 is missing";
      return sample;
    }
  }
  const Left left = request.workload->client ? run_driven(request, qemu, sample)
                                             : run_alone(request, qemu, sample);
  const Outcome outcome = classify(request.platform.platform, left.end, left.console, left.errors);
  sample.wall_seconds = left.end.seconds;
  sample.console = left.console;
  if (outcome.ending == Ending::interrupted) {
    sample.interrupted = true;
    return sample;
  }
  if (sample.failure == Failure::environment) return sample;
  const Failure ended = failure_of(outcome, !left.console.empty());
  // An image that was ended because its client failed did not hang.
  if (sample.failure != Failure::none && (ended == Failure::none || ended == Failure::hang)) {
    return sample;
  }
  sample.failure = ended;
  if (sample.failure != Failure::none) {
    sample.detail = outcome.detail;
    if (sample.failure == Failure::fault) sample.detail += ": " + outcome.fault_line;
    return sample;
  }
  // One operation is too little for a client's clock; the wall clock times a boot.
  if (request.workload->client && request.kind == RunKind::boot) {
    sample.result = {.operations = 1, .seconds = sample.wall_seconds, .checks = {}, .latency = {}};
    sample.units = sample.wall_seconds * clock_rate(request.platform);
    return sample;
  }
  const auto result =
      parse_result(*request.workload, request.kind == RunKind::boot ? 1 : request.operations,
                   left.lines, request.kind == RunKind::latency);
  if (!result) {
    sample.failure = Failure::no_result;
    sample.detail = result.error().message;
    return sample;
  }
  sample.result = *result;
  if (request.platform.busy_only) {
    const Client& client = *request.workload->client;
    const auto busy = client.clock.empty() ? busy_seconds(client, left.console)
                                           : busy_seconds(client, left.clock[0], left.clock[1]);
    if (!busy) {
      sample.failure = Failure::no_result;
      sample.detail = busy.error().message;
      return sample;
    }
    sample.result.seconds = *busy;
  }
  sample.units = sample.result.seconds * clock_rate(request.platform);
  return sample;
}

}  // namespace flexos
