#pragma once

#include <stdint.h>

namespace flexos {

/// Learns how large a thread's stack is: must run on thread 0's, within a page of its top.
void asan_stack_init();

/// Forgets all poison on a thread's stack in this compartment.
void asan_stack_reset(uint32_t thread);

}  // namespace flexos
