#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codegen/launch.h"

/// What this machine can do, found by trying. A flag in a file and a device in a folder prove
/// nothing: there are machines whose /dev/kvm crawls, and processors whose keys nobody may use.
namespace flexos {

/// The processor, as /proc/cpuinfo tells of it.
struct Processor {
  std::string model;
  int cores = 0;            ///< logical ones
  bool keys = false;        ///< it has protection keys
  bool keys_on = false;     ///< and the kernel has switched them on (ospke)
  bool steady_tsc = false;  ///< the TSC runs at one rate, whatever the clock and the sleep state
  bool guest = false;       ///< it says that a hypervisor stands below it
};
Processor parse_processor(std::string_view cpuinfo);

/// What makes the same work take longer from one minute to the next. Absent: the kernel tells
/// nothing of it, as inside most virtual machines.
struct HostState {
  std::optional<std::string> governor;
  std::optional<bool> turbo;
  std::optional<bool> siblings;  ///< two threads share a core
  std::optional<std::string> clock_source;
  std::optional<double> load;  ///< mean of the last minute
  std::uint64_t memory = 0;    ///< bytes
};
/// `root`: where proc/ and sys/ stand; another one in tests.
HostState read_host_state(const std::filesystem::path& root);

enum class KeysTest : std::uint8_t {
  absent,   ///< the processor or the kernel has none
  refused,  ///< both say that they have them, yet no key can be had
  leaky,    ///< a key was taken and denied, and the memory could be read all the same
  works,
};
/// Takes a key, denies itself the memory under it by WRPKRU and reads that memory, in a process of
/// its own.
KeysTest try_protection_keys(const Processor& processor);

enum class KvmState : std::uint8_t {
  absent,    ///< no device
  denied,    ///< no right to use it
  broken,    ///< a guest does not run, or crashes
  emulated,  ///< a guest runs, and no faster than without it
  real,
};
std::string_view name(KvmState state);
/// `device`: 0 there is none, 1 not ours, 2 ours.
KvmState judge_kvm(int device, const ProbeResult& tcg, const ProbeResult& kvm);

/// A program that some part of the tool starts.
struct ToolState {
  std::string program;
  std::string purpose;
  std::string package;       ///< Debian's
  bool needed = true;        ///< for images; false: for something besides
  std::string path = {};     ///< empty: it is not there
  std::string version = {};  ///< as it says itself, the number alone
};
/// The first thing in a program's `--version` that looks like a version: "19.1.7".
std::string parse_version(std::string_view text);

/// What a mechanism's images are run on, and which clock they are timed with.
struct Use {
  std::string mechanism;
  std::string platform;
  bool possible = false;
  std::string accelerator;  ///< tcg, kvm, native
  std::string clock;        ///< cycles, instructions
  std::string why;
  std::string key() const { return platform + "/" + accelerator + "/" + clock; }
};

/// A mechanism that images can be made for, as the definitions have it.
struct MechanismUse {
  std::string name;
  bool isolates = false;  ///< not `none`
  std::vector<std::string> platforms;
  bool built = false;  ///< the weaver knows it
};

struct Diagnosis {
  Processor processor;
  HostState state;
  KeysTest keys = KeysTest::absent;
  double tsc_hz = 0;  ///< measured; 0: there is no TSC
  std::vector<ToolState> tools;
  KvmState kvm = KvmState::absent;
  ProbeResult tcg_probe;
  ProbeResult kvm_probe;
  std::vector<Use> uses;
  std::vector<std::string> hints;  ///< how to get more out of this machine

  const ToolState* tool(std::string_view program) const;
  /// Can images be made at all?
  bool builds() const;
  /// Is there anything that images can be run on?
  bool runs() const;
};

/// Tries everything; takes some seconds.
Diagnosis diagnose(const std::vector<MechanismUse>& mechanisms);

/// What follows from what was found: `uses` and `hints`. Pure.
void conclude(Diagnosis& diagnosis, const std::vector<MechanismUse>& mechanisms);

}  // namespace flexos
