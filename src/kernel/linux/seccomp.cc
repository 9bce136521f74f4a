#include "linux.h"

// The filter: which system calls the image can make once it runs. Each of the sites in entry.S has
// one number, and where a service stands behind it, the word that only the compartments hold which
// may use it, in the sixth argument (no call here has that many). Everything else, 32-bit calls and
// vsyscall among it, raises SIGSYS, which the handler reports.
PLATFORM_SECTIONS
namespace flexos {
namespace {

struct Instruction {
  uint16_t code;
  uint8_t if_true, if_false;  ///< instructions to skip
  uint32_t k;
};

struct Program {
  uint16_t length;
  const Instruction* instruction;
};

/// Offsets in the kernel's seccomp_data; words are little-endian.
enum { kNumber = 0, kMachine = 4, kPointer = 8, kFirst = 16, kSixth = 56 };
enum { kLoad = 0x20, kEqual = 0x15, kReturn = 0x06 };
constexpr uint32_t kAllow = 0x7fff0000, kTrap = 0x00030000, kX86_64 = 0xc000003e;
constexpr uint64_t kAny = ~0ull;

Instruction program[128];
uint16_t length;

void add(uint16_t code, uint32_t k, size_t if_true = 0, size_t if_false = 0) {
  program[length++] = {code, static_cast<uint8_t>(if_true), static_cast<uint8_t>(if_false), k};
}

/// The word at `offset` must be `k`; else the call is refused by the instruction `end`.
void demand(uint32_t offset, uint32_t k, size_t end) {
  add(kLoad, offset);
  add(kEqual, k, 0, end - length - 1u);
}

void allow(const char* site, uint32_t number, uint64_t first, uint64_t word) {
  const size_t demands = 2u + (first != kAny ? 2 : 0) + (word != kAny ? 4 : 0) + 1;
  add(kLoad, kPointer);
  add(kEqual, static_cast<uint32_t>(address(site)), 0, demands + 1);
  const size_t end = length + demands;
  demand(kNumber, number, end);
  if (first != kAny) demand(kFirst, static_cast<uint32_t>(first), end);
  if (word != kAny) {
    demand(kSixth, static_cast<uint32_t>(word), end);
    demand(kSixth + 4, static_cast<uint32_t>(word >> 32), end);
  }
  add(kReturn, kAllow);
  add(kReturn, kTrap);
}

}  // namespace

bool install_filter() {
  constexpr uint64_t kNoNewPrivileges = 38, kFilter = 1;
  // Without it, older kernels switch speculative store bypass off and slow the whole image down.
  // Compartments here are no defence against Spectre with it either: they share an address space.
  constexpr uint64_t kSpeculationAllowed = 4;
  add(kLoad, kMachine);
  add(kEqual, kX86_64, 1, 0);
  add(kReturn, kTrap);
  add(kLoad, kPointer + 4);
  add(kEqual, 0, 1, 0);
  add(kReturn, kTrap);
  allow(guarded_write_site, SYS_write, 1, state.console);
  allow(guarded_read_site, SYS_read, 0, state.console);
  allow(guarded_idle_site, SYS_ppoll, kAny, state.idle);
  allow(guarded_clock_site, SYS_clock_gettime, kAny, state.clock);
  allow(guarded_random_site, SYS_getrandom, kAny, state.random);
  if (platform_common.tap >= 0) {
    const auto tap = static_cast<uint64_t>(platform_common.tap);
    allow(guarded_net_read_site, SYS_read, tap, state.network);
    allow(guarded_net_write_site, SYS_write, tap, state.network);
  }
  allow(platform_last_write_site, SYS_write, 2, kAny);
  allow(platform_last_exit_site, SYS_exit_group, kAny, kAny);
  add(kReturn, kTrap);
  const Program filter = {length, program};
  return call(SYS_prctl, kNoNewPrivileges, 1) == 0 &&
         call(SYS_seccomp, kFilter, kSpeculationAllowed, address(&filter)) == 0;
}

}  // namespace flexos
