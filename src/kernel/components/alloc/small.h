#pragma once

#include <stddef.h>
#include <stdint.h>

#include "alloc/heap.h"
#include "alloc/size_class.h"

/// What most calls of malloc come down to: a bit of a word that the size class has at hand.
namespace flexos::heap {

/// Of one size class. `mask` are the free blocks among the 64 at `base`: word `word` of `span`,
/// taken out of the span's own bits. At boot there is no span and the mask is empty.
struct Class {
  uint64_t mask;
  char* base;
  uint32_t span;
  uint32_t word;
  uint32_t partial;  ///< other spans with free blocks
};
extern Class classes[kClasses];

/// Gets the class a word with free blocks; false: no memory.
bool refill(int number);

inline void* get_small(int number) {
  Class& c = classes[number];
  if (__builtin_expect(c.mask == 0, 0) && !refill(number)) return nullptr;
  auto block = static_cast<uint32_t>(__builtin_ctzll(c.mask));
  c.mask &= c.mask - 1;
  return c.base + size_t{block} * kClassTable.entry[number].size;
}

}  // namespace flexos::heap
