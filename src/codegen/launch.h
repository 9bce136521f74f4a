#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "codegen/manifest.h"
#include "codegen/process.h"
#include "codegen/result.h"

/// Runs images and says how they ended.
namespace flexos {

enum class Accelerator : std::uint8_t { tcg, kvm };
std::string_view name(Accelerator accelerator);

/// What a tiny guest of ours (some instructions in ring 0, many in ring 3) found under an
/// accelerator. Whether a device file exists says nothing about that: there are machines with
/// /dev/kvm whose guests crawl in ring 0 or have no protection keys.
struct ProbeResult {
  bool works = false;
  bool keys = false;   ///< the guest's processor has protection keys
  double seconds = 0;  ///< from launch to exit
};
ProbeResult probe(const std::string& qemu, Accelerator accelerator);

/// The faster one of those that work and have what the image needs. `why`: in a sentence. The
/// answer is kept in the user's cache folder until the next boot.
struct Choice {
  Accelerator accelerator = Accelerator::tcg;
  std::string why;
};
Choice choose_accelerator(const std::string& qemu, bool needs_keys);
/// The decision alone.
Choice decide(const ProbeResult& tcg, const ProbeResult& kvm, bool needs_keys);

/// A start of QEMU.
struct QemuStart {
  std::string qemu;   ///< the program
  std::string image;  ///< an absolute path
  Accelerator accelerator = Accelerator::tcg;
  std::uint64_t memory = 256;  ///< MiB
  std::string arguments;       ///< of the image
  std::string network = {};    ///< QEMU's words for a network (-netdev), without an id; empty: none
  int debugger_port = 0;       ///< waits for a debugger there; 0: does not
  /// TCG: an instruction takes a nanosecond of the guest's time, idle time none, and its calendar
  /// starts at one date. Two runs are equal, and the guest's clocks count instructions.
  bool count_instructions = false;
};
/// The command that boots an image: a microvm without anything that an image has no use for, the
/// console on standard input and output, the exit code through isa-debug-exit (QEMU ends with
/// 2 * code + 1), no reboot after a triple fault (QEMU ends with 0).
std::vector<std::string> qemu_command(const QemuStart& start);
/// MiB that the regions of an image reach into.
std::uint64_t memory_of(const Manifest& manifest);

enum class Ending : std::uint8_t {
  exited,        ///< by itself, with a code
  fault,         ///< the platform stopped it: see the line
  panic,         ///< it, or the nucleus, gave up
  triple_fault,  ///< the virtual machine reset itself
  hang,          ///< it was still running when its time was over
  killed,        ///< by a signal of the host
  refused,       ///< the platform found the image unusable
  no_keys,       ///< the machine has no protection keys
  environment,   ///< QEMU is missing or failed; the host lacks something
  interrupted,   ///< by the user
};
std::string_view name(Ending ending);

struct Outcome {
  Ending ending{};
  int code = 0;            ///< of `exited`
  std::string fault_line;  ///< of `fault`, `panic`, ...
  std::string detail;      ///< a sentence for a person
  std::string hint;
  /// 0: ended well; 1: ended badly; 3: the environment is at fault; 130: interrupted.
  int exit_code() const;
};

/// What the end of the process and its last words mean. Only the very last lines count, and only
/// where they agree with the way the process ended: anybody with a console can print the others.
Outcome classify(const std::string& platform, const ProcessEnd& end, std::string_view console,
                 std::string_view errors);

}  // namespace flexos
