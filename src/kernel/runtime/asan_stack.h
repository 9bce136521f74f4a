#pragma once

#include <stdint.h>

namespace flexos {

/// Forgets all poison on a thread's stack in this compartment.
void asan_stack_reset(uint32_t thread);

}  // namespace flexos
