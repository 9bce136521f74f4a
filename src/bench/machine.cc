#include "bench/machine.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <thread>

#include "bench/doctor.h"
#include "codegen/sha256.h"

namespace flexos {

namespace {

std::uint64_t read_tsc() {
  std::uint32_t low = 0;
  std::uint32_t high = 0;
  asm volatile("lfence; rdtsc" : "=a"(low), "=d"(high));
  return (std::uint64_t{high} << 32U) | low;
}

double measure_tsc() {
  using Clock = std::chrono::steady_clock;
  const auto began = Clock::now();
  const std::uint64_t first = read_tsc();
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const auto ended = Clock::now();
  const std::uint64_t last = read_tsc();
  return static_cast<double>(last - first) / std::chrono::duration<double>(ended - began).count();
}

}  // namespace

Machine machine_from(const std::string& cpuinfo) {
  const Processor processor = parse_processor(cpuinfo);
  Machine machine;
  machine.cores = processor.cores;
  machine.description =
      fmt::format("{}, {} core{}", processor.model.empty() ? "unknown processor" : processor.model,
                  processor.cores, processor.cores == 1 ? "" : "s");
  // Keys decide which images run at all, a hypervisor what a trap costs: another machine each.
  machine.id = Sha256()
                   .add_field(processor.model)
                   .add_field(std::to_string(processor.cores))
                   .add_field(processor.guest ? "guest" : "host")
                   .add_field(processor.keys && processor.keys_on ? "keys" : "")
                   .hex()
                   .substr(0, 12);
  return machine;
}

Machine this_machine() {
  std::ifstream in("/proc/cpuinfo");
  std::ostringstream text;
  text << in.rdbuf();
  return machine_from(std::move(text).str());
}

double tsc_rate() {
  static const double rate = measure_tsc();
  return rate;
}

}  // namespace flexos
