#include "safestack.h"

#include <flexos/platform.h>

#include "layout.h"
#include "runtime.h"

/// Locals whose address escapes lie on a second stack. Instrumented code asks for the place of its
/// pointer at each function's entry. A pointer for each thread, in this compartment's own memory
/// even where the stack itself is shared (`dss`): who could write it would aim the victim's writes.
/// As each compartment has its own, a gate switches the unsafe stack by entering the compartment.
static void* unsafe_top[FLEXOS_RUNTIME_THREADS];

extern "C" void** __safestack_pointer_address() {
  return &unsafe_top[platform_thread % FLEXOS_RUNTIME_THREADS];
}

namespace flexos {

void safestack_reset(uint32_t thread) {
  const uintptr_t top = value(unsafe_stack_start) + (thread + 1) * value(unsafe_stack_size);
  unsafe_top[thread] = reinterpret_cast<void*>(top);
}

void safestack_init() {
  for (uint32_t thread = 0; thread < FLEXOS_RUNTIME_THREADS; ++thread) safestack_reset(thread);
}

}  // namespace flexos
