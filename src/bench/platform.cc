#include "bench/platform.h"

#include <fmt/format.h>

#include <fstream>
#include <sstream>

#include "bench/doctor.h"
#include "bench/machine.h"
#include "codegen/launch.h"

namespace flexos {

namespace {

const BenchPlatform kLinux{"linux", "native", "cycles"};
const BenchPlatform kKvm{"qemu", "kvm", "cycles"};
const BenchPlatform kTcg{"qemu", "tcg", "instructions"};
// For clients only: what the image itself counted, and an emulator's time.
const BenchPlatform kTcgBusy{"qemu", "tcg", "instructions", true};
const BenchPlatform kTcgTime{"qemu", "tcg", "cycles"};

/// What stands in for TCG's exact count.
const BenchPlatform& emulated(Driver driver) {
  if (driver == Driver::image) return kTcg;
  return driver == Driver::asking_client ? kTcgBusy : kTcgTime;
}

bool processor_has_keys() {
  std::ifstream in("/proc/cpuinfo");
  std::ostringstream text;
  text << in.rdbuf();
  const Processor processor = parse_processor(std::move(text).str());
  return processor.keys && processor.keys_on;
}

}  // namespace

std::optional<BenchPlatform> parse_bench_platform(std::string_view key) {
  for (const BenchPlatform& p : {kLinux, kKvm, kTcg, kTcgBusy, kTcgTime}) {
    if (p.key() == key) return p;
  }
  return std::nullopt;
}

std::vector<PlatformChoice> available_platforms(bool needs_keys) {
  std::vector<PlatformChoice> found;
  const std::string qemu = find_program("qemu-system-x86_64");
  Choice choice;
  if (!qemu.empty()) choice = choose_accelerator(qemu, needs_keys);
  if (!qemu.empty() && choice.accelerator == Accelerator::kvm) {
    found.push_back({kKvm, choice.why});
  }
  if (!needs_keys || processor_has_keys()) {
    found.push_back({kLinux, "images run as processes on the processor itself"});
  }
  if (!qemu.empty()) {
    const std::string why = choice.accelerator == Accelerator::tcg
                                ? choice.why
                                : std::string("TCG emulates every processor");
    found.push_back({kTcg, why + "; instructions are counted, not timed"});
  }
  return found;
}

Result<PlatformChoice> choose_platform(std::string_view wanted, std::string_view of_spec,
                                       bool needs_keys, Driver driver) {
  const std::string_view asked = wanted.empty() ? of_spec : wanted;
  if (const auto named = parse_bench_platform(asked)) {
    const bool native = *named == kLinux || *named == kKvm;
    if (!native && *named != emulated(driver) &&
        !(driver == Driver::asking_client && *named == kTcgTime)) {
      const char* why = "nobody outside of the image drives this workload";
      if (driver == Driver::asking_client) {
        why = "a client outside of the image drives this workload, and it comes when it comes";
      } else if (driver == Driver::timing_client) {
        why = "a client outside of the image drives this workload, and it knows time only";
      }
      return Error{
          fmt::format("`{}` cannot be had: {}", asked, why),
          fmt::format("one of {}, {}, {}", kLinux.key(), kKvm.key(), emulated(driver).key())};
    }
    return PlatformChoice{*named, "you asked for it"};
  }
  if (asked != "qemu" && asked != "linux" && !asked.empty()) {
    return Error{
        fmt::format("there is no platform `{}`", asked),
        fmt::format("qemu, linux, or one of {}, {}, {}", kLinux.key(), kKvm.key(), kTcg.key())};
  }
  // Native processes: whether they have keys is theirs to say, image by image.
  if (asked == "linux") {
    return PlatformChoice{kLinux, "images run as processes on the processor itself"};
  }
  for (PlatformChoice& choice : available_platforms(needs_keys)) {
    if (!asked.empty() && choice.platform.platform != asked) continue;
    if (choice.platform == kTcg && driver == Driver::asking_client) {
      return PlatformChoice{kTcgBusy,
                            "emulated: the image's instructions are counted while it has work"};
    }
    if (choice.platform == kTcg && driver == Driver::timing_client) {
      return PlatformChoice{kTcgTime,
                            "emulated, and timed by the client: the boundaries of an "
                            "emulator are far dearer than a processor's"};
    }
    return std::move(choice);
  }
  return Error{"there is nothing on this machine that images can be measured on",
               "on Debian: apt-get install qemu-system-x86; `flexos-explore doctor` says more",
               true};
}

double clock_rate(const BenchPlatform& platform) {
  return platform.counts_instructions() ? 1e9 : tsc_rate();
}

}  // namespace flexos
