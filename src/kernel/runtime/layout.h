#pragma once

#include <stddef.h>
#include <stdint.h>

/// What the weaver's linker script says about this compartment, as absolute symbols: the *address*
/// of each is the value. Absent things have size 0. Such addresses may be compared with variables
/// but not with each other or with null: the compiler knows that two objects never share an
/// address, and folds such comparisons.
extern "C" {

// ASan covers three ranges of the compartment; each has a shadow of size/8 bytes, zero at start.
extern const char asan_data_start[], asan_data_size[];
extern const char asan_heap_start[], asan_heap_size[];
extern const char asan_stack_start[], asan_stack_size[];
extern uint8_t asan_data_shadow[], asan_heap_shadow[], asan_stack_shadow[];

// Constructors of the compartment's objects (.init_array*): only ASan makes any.
extern const char rt_constructors_start[], rt_constructors_size[];

// One unsafe stack for each thread, one behind the other: safestack and `dss`.
extern const char unsafe_stack_start[], unsafe_stack_size[];
}

namespace flexos {

/// What asan_check.S calls in the middle of anything, so without touching vector registers.
/// Whatever such code calls must be the same, or it cannot be inlined there.
#define FLEXOS_GENERAL [[gnu::target("general-regs-only")]]

FLEXOS_GENERAL inline uintptr_t value(const char* symbol) {
  return reinterpret_cast<uintptr_t>(symbol);
}

}  // namespace flexos
