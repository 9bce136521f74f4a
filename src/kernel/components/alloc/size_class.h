#pragma once

#include <stddef.h>
#include <stdint.h>

#include "alloc/heap.h"

/// Sizes of small blocks: multiples of 16 up to 128, then eight steps a doubling, so that at most
/// an eighth of a block is waste.
namespace flexos::heap {

constexpr int kClasses = 56;
constexpr size_t kMostBlocks = 256;  ///< in one span: four words of bits

/// `size` is 1 .. kLargestSmall.
constexpr int class_of(size_t size) {
  size_t t = size - 1;
  int exponent = 63 - __builtin_clzll(t | 128);
  return (exponent - 7) * 8 + static_cast<int>(t >> (exponent - 3));
}

struct SizeClass {
  uint32_t size;
  uint32_t blocks;   ///< in a span
  uint32_t pages;    ///< of a span
  uint64_t inverse;  ///< (offset * inverse) >> 40 = offset / size, for offsets within a span
};

constexpr SizeClass size_class(int number) {
  SizeClass c{};
  int doubling = number < 16 ? 0 : number / 8 - 1;
  size_t step = size_t{16} << doubling;
  c.size = static_cast<uint32_t>(
      (static_cast<size_t>(number) + 1 - 8 * static_cast<size_t>(doubling)) * step);
  // The shortest span with eight blocks at least that wastes at most a sixteenth of itself.
  for (c.pages = 1;; c.pages++) {
    size_t bytes = c.pages * kPage;
    size_t blocks = bytes / c.size;
    if (blocks > kMostBlocks) blocks = kMostBlocks;
    c.blocks = static_cast<uint32_t>(blocks);
    if (blocks >= 8 && bytes - blocks * c.size <= bytes / 16) break;
  }
  c.inverse = ((uint64_t{1} << 40) + c.size - 1) / c.size;
  return c;
}

struct ClassTable {
  SizeClass entry[kClasses];
};

constexpr ClassTable class_table() {
  ClassTable table{};
  for (int i = 0; i < kClasses; i++) table.entry[i] = size_class(i);
  return table;
}

inline constexpr ClassTable kClassTable = class_table();

/// Every size is served by the smallest class that holds it, and the inverse is exact.
constexpr bool classes_are_right() {
  for (size_t size = 1; size <= kLargestSmall; size++) {
    int number = class_of(size);
    if (number < 0 || number >= kClasses) return false;
    if (kClassTable.entry[number].size < size) return false;
    if (number > 0 && kClassTable.entry[number - 1].size >= size) return false;
  }
  for (const SizeClass& c : kClassTable.entry) {
    if (c.blocks > kMostBlocks || c.size % kSmallest != 0) return false;
    for (uint64_t i = 0; i < c.blocks; i++) {
      uint64_t at = i * c.size;
      if ((at * c.inverse) >> 40 != i || ((at + c.size - 1) * c.inverse) >> 40 != i) return false;
    }
  }
  return true;
}

}  // namespace flexos::heap
