#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codegen/result.h"

/// What images are measured on. A number says which of these it came from, and numbers of two never
/// stand in one ranking.
namespace flexos {

struct BenchPlatform {
  std::string platform;     ///< qemu, linux
  std::string accelerator;  ///< tcg, kvm, native
  std::string clock;        ///< cycles, instructions
  /// What the image does while it has nothing to do is left out: a client keeps it waiting.
  bool busy_only = false;

  /// "qemu/tcg/instructions": the only form that is stored.
  std::string key() const {
    return platform + "/" + accelerator + "/" + (busy_only ? "busy-" : "") + clock;
  }
  bool counts_instructions() const { return clock == "instructions"; }
  /// A run of the same image gives the same number to the last digit, whatever else the host does.
  /// Not so with a client: its packets come when they come.
  bool exact() const { return counts_instructions() && !busy_only; }
  bool operator==(const BenchPlatform&) const = default;
};

/// One of those that exist; nullopt for any other text.
std::optional<BenchPlatform> parse_bench_platform(std::string_view key);

/// A choice with its reason, a sentence for a person.
struct PlatformChoice {
  BenchPlatform platform;
  std::string why;
};

/// What can be used on this machine, best first. `needs_keys`: images with protection keys are to
/// run there. Boots probes the first time after a boot (see choose_accelerator).
std::vector<PlatformChoice> available_platforms(bool needs_keys);

/// Who gives an image its work: it itself; a program outside of it that can ask the image how much
/// processor time it took; or one that cannot, and looks at a clock of its own.
enum class Driver { image, asking_client, timing_client };

/// The one to use. `wanted`: a key, or `qemu` or `linux` (its best); empty: the spec's platform.
Result<PlatformChoice> choose_platform(std::string_view wanted, std::string_view of_spec,
                                       bool needs_keys, Driver driver = Driver::image);

/// Units of the clock in a second of the image's own time: 1e9 for instructions (one is a
/// nanosecond of the guest), the rate of the time-stamp counter for cycles.
double clock_rate(const BenchPlatform& platform);

}  // namespace flexos
