#pragma once

#include <stddef.h>
#include <stdint.h>

/// The heap behind alloc.h and behind C's malloc.
///
/// The arena is divided into pages of 4 KiB. A *span* is a run of pages that either is free, or is
/// one large block, or holds equal small blocks of one size class. All that is known of a span
/// stands in a table at the arena's beginning, one `Page` a page, and nothing stands in the blocks
/// or between them: a block that is written beyond its end, or after it was put back, damages other
/// blocks, but not the heap, and a pointer that is put back is checked against the table exactly
/// (not a block: fault; not in use: fault).
///
///   | Page table | span | span | free span | span |      never used, all zeros      |
///   start                                           fresh                         end
///
/// Small blocks: a span's free blocks are bits of four words. Getting one is finding a bit, putting
/// one back is setting it; each class keeps one word of one span at hand. Large blocks: whole
/// pages, free ones in lists by length, neighbours merged. A free span is split from the front.
namespace flexos::heap {

constexpr size_t kPage = 4096;
constexpr size_t kSmallest = 16;
constexpr size_t kLargestSmall = 8192;
constexpr size_t kLargest = size_t{1} << 46;

/// NULL: no memory. `align`: a power of two. `zeroed` is told whether the block holds zeros only.
void* get(size_t size, size_t align, bool* zeroed);

/// `block` is not NULL.
void put(void* block, const void* caller);
size_t size_of(void* block, const void* caller);

/// In place, or NULL: move it.
bool resize_in_place(void* block, size_t size, const void* caller);

/// Moves the block; NULL: no memory, the block is as it was.
void* resize(void* block, size_t size, const void* caller);

void copy(void* to, const void* from, size_t n);
void clear(void* block, size_t n);

}  // namespace flexos::heap
