#include "canary.h"

#include <flexos/platform.h>

#include "report.h"

/// Read by every function that -fstack-protector-strong instruments, at entry and at exit.
extern "C" {
uintptr_t __stack_chk_guard;

[[noreturn]] void __stack_chk_fail() { platform_fault("canary", FLEXOS_CALLER, 0); }
}

namespace flexos {

void canary_init(uint64_t seed) {
  // The lowest byte is zero: an overflow by a string function can neither read nor write past it.
  __stack_chk_guard = seed & ~uint64_t{0xff};
}

}  // namespace flexos
