#include "bench/drive.h"

#include <fmt/format.h>

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

/// Arguments are words for a process, one text for a machine.
std::vector<std::string> words(const std::string& text) {
  std::vector<std::string> list;
  std::string word;
  for (const char c : text + " ") {
    if (c != ' ') {
      word += c;
    } else if (!word.empty()) {
      list.push_back(std::move(word));
      word.clear();
    }
  }
  return list;
}

std::string arguments_of(const RunRequest& r) {
  if (r.kind == RunKind::latency) return fill(r.workload->latency_arguments, r.operations);
  return fill(r.workload->arguments, r.kind == RunKind::boot ? 1 : r.operations);
}

std::vector<std::string> command_of(const RunRequest& r, const std::string& qemu) {
  const std::string arguments = arguments_of(r);
  std::error_code error;
  const std::string image = std::filesystem::absolute(r.elf, error).string();
  if (r.platform.platform == "linux") {
    std::vector<std::string> command{image};
    for (std::string& word : words(arguments)) command.push_back(std::move(word));
    return command;
  }
  QemuStart start{.qemu = qemu, .image = image, .arguments = arguments};
  start.accelerator = r.platform.accelerator == "kvm" ? Accelerator::kvm : Accelerator::tcg;
  if (r.manifest != nullptr) start.memory = memory_of(*r.manifest);
  // Boot time is the host's time: counting would only slow it down.
  start.count_instructions = r.platform.exact() && r.kind != RunKind::boot;
  return qemu_command(start);
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
  std::string console;
  std::string errors;
  ProcessRequest process;
  process.command = command_of(request, qemu);
  process.timeout = request.timeout > 0 ? request.timeout : request.workload->timeout;
  process.output = [&](int stream, std::string_view bytes) {
    add(stream == 1 ? console : errors, bytes);
    return true;
  };
  ProcessEnd end;
  if (request.kind == RunKind::memory) {
    sample.peak_memory = peak_memory(process.command, process.timeout, console, end);
  } else {
    end = run_process(process);
  }
  const Outcome outcome = classify(request.platform.platform, end, console, errors);
  sample.wall_seconds = end.seconds;
  if (outcome.ending == Ending::interrupted) {
    sample.interrupted = true;
    return sample;
  }
  sample.failure = failure_of(outcome, !console.empty());
  if (sample.failure != Failure::none) {
    sample.detail = outcome.detail;
    if (sample.failure == Failure::fault) sample.detail += ": " + outcome.fault_line;
    return sample;
  }
  const auto result =
      parse_result(*request.workload, request.kind == RunKind::boot ? 1 : request.operations,
                   console, request.kind == RunKind::latency);
  if (!result) {
    sample.failure = Failure::no_result;
    sample.detail = result.error().message;
    return sample;
  }
  sample.result = *result;
  sample.units = result->seconds * clock_rate(request.platform);
  return sample;
}

}  // namespace flexos
