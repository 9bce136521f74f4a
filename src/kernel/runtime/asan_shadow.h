#pragma once

#include <stddef.h>
#include <stdint.h>

#include "layout.h"

/// The shadow: one byte for 8 bytes of the compartment's data, heap and stacks. 0 = all eight may
/// be touched, 1..7 = only the first ones, the others say why not. It lies in the compartment's own
/// memory and covers nothing else: memory of others is what protection keys are about, and a shadow
/// in common would be a channel. Where the three parts lie are constants of the
/// linker, so that an address finds its part by compares with immediates.
namespace flexos {

enum Poison : uint8_t {
  kClean = 0,
  kAllocaLeft = 0xca,
  kAllocaRight = 0xcb,
  kStackLeft = 0xf1,
  kStackMiddle = 0xf2,
  kStackRight = 0xf3,
  kStackReturned = 0xf5,
  kStackScope = 0xf8,
  kGlobal = 0xf9,
  kHeapRedzone = 0xfa,
  kHeapFreed = 0xfd,
};

/// The shadow byte of an address, or null where there is none. Most accesses are to the stack.
FLEXOS_GENERAL inline uint8_t* shadow_of(uintptr_t address) {
  uintptr_t at = address - value(asan_stack_start);
  if (at < value(asan_stack_size)) return asan_stack_shadow + (at >> 3);
  at = address - value(asan_heap_start);
  if (at < value(asan_heap_size)) return asan_heap_shadow + (at >> 3);
  at = address - value(asan_data_start);
  if (at < value(asan_data_size)) return asan_data_shadow + (at >> 3);
  return nullptr;
}

/// Marks [start, start + size); start is a multiple of 8, and a last granule begun counts as whole.
void poison(uintptr_t start, size_t size, uint8_t kind);

/// Makes exactly `size` bytes accessible; what remains of the last granule is not.
void unpoison(uintptr_t start, size_t size);

/// The first of these bytes that must not be touched, or 0.
FLEXOS_GENERAL uintptr_t first_poisoned(uintptr_t start, size_t size);

[[noreturn]] void report_access(uintptr_t bad, size_t size, bool write, uint64_t rip);

}  // namespace flexos

/// Ends the image when one of these bytes must not be touched.
extern "C" FLEXOS_GENERAL void asan_check_range(uintptr_t start, size_t size, bool write,
                                                uint64_t rip);
