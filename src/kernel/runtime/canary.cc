#include "canary.h"

#include <flexos/platform.h>

#include "report.h"

/// Read by every function that -fstack-protector-strong instruments, at entry and at exit.
extern "C" {
uintptr_t __stack_chk_guard;

[[noreturn]] void __stack_chk_fail() { platform_fault("canary", FLEXOS_CALLER, 0); }
}

namespace flexos {

void canary_init() {
  uintptr_t random;
  if (platform_random(&random, sizeof(random)) != 0) {
    // No source: what an attacker from outside cannot read is still better than a constant.
    random = __builtin_ia32_rdtsc() * 0x9e3779b97f4a7c15;
  }
  // The lowest byte is zero: an overflow by a string function can neither read nor write past it.
  __stack_chk_guard = random & ~uintptr_t{0xff};
}

}  // namespace flexos
