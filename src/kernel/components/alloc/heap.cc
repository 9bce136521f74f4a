#include "alloc/heap.h"

#include "alloc/pages.h"
#include "alloc/size_class.h"
#include "alloc/small.h"

namespace flexos::heap {

Class classes[kClasses];

namespace {

/// The free bits of a span of which nothing is in use.
uint64_t all_free(uint32_t blocks, uint32_t word) {
  uint32_t first = word * 64;
  if (blocks <= first) return 0;
  return blocks - first >= 64 ? ~uint64_t{0} : (uint64_t{1} << (blocks - first)) - 1;
}

uint32_t new_small_span(int number) {
  const SizeClass& c = kClassTable.entry[number];
  bool zeroed = false;
  uint32_t span = take_pages(c.pages, &zeroed);
  if (span == 0) return 0;
  for (uint32_t i = 0; i < c.pages; i++) arena.page[span + i].head = span;
  Page& p = arena.page[span];
  p.kind = Kind::kSmall;
  p.size_class = static_cast<uint8_t>(number);
  p.used = 0;
  for (uint32_t i = 0; i < 4; i++) p.free[i] = all_free(c.blocks, i);
  return span;
}

void* get_large(size_t size, size_t align, bool* zeroed) {
  size_t pages = (size + kPage - 1) / kPage;
  size_t more = align > kPage ? align / kPage - 1 : 0;
  uint32_t span = take_pages(pages + more, zeroed);
  if (span == 0) return nullptr;
  arena.page[span].kind = Kind::kLarge;
  auto address = reinterpret_cast<uintptr_t>(address_of(span));
  size_t skip = (((address + align - 1) & ~(align - 1)) - address) / kPage;
  if (skip > 0 && more > 0) {
    size_t all = arena.page[span].pages;
    uint32_t front = span;
    span += static_cast<uint32_t>(skip);
    arena.page[span].kind = Kind::kLarge;
    arena.page[span].head = span;
    arena.page[span].pages = static_cast<uint32_t>(all - skip);
    arena.page[span + all - skip - 1].head = span;
    arena.page[front].pages = static_cast<uint32_t>(skip);
    arena.page[span - 1].head = front;
    give_pages(front);
  }
  cut_span(span, pages);
  return address_of(span);
}

/// Where a block stands; faults unless the pointer is exactly a block's beginning.
struct Place {
  uint32_t span;
  uint32_t block;  ///< kSmall
};

[[gnu::always_inline]] inline Place place_of(const void* block, const void* caller) {
  auto offset = reinterpret_cast<uintptr_t>(block) - reinterpret_cast<uintptr_t>(arena.start);
  size_t page = offset / kPage;
  if (arena.start == nullptr || page >= arena.fresh) broken(caller, block);
  uint32_t head = arena.page[page].head;
  if (head >= arena.fresh) broken(caller, block);
  const Page& p = arena.page[head];
  if (p.kind == Kind::kSmall && page - head < p.pages) {
    const SizeClass& c = kClassTable.entry[p.size_class % kClasses];
    uint64_t within = offset - size_t{head} * kPage;
    auto number = static_cast<uint32_t>((within * c.inverse) >> 40);
    if (number * uint64_t{c.size} != within || number >= c.blocks) broken(caller, block);
    return {head, number};
  }
  if (p.kind != Kind::kLarge || head != page || offset % kPage != 0) broken(caller, block);
  return {head, 0};
}

/// The bits in which a block's own stands: the class's mask, or the span's.
inline uint64_t* bits_of(Place at) {
  Page& p = arena.page[at.span];
  Class& c = classes[p.size_class];
  uint32_t word = at.block / 64;
  return c.span == at.span && c.word == word ? &c.mask : &p.free[word];
}

/// A block has come back to a span that the class has not at hand.
[[gnu::noinline]] void put_elsewhere(uint32_t span) {
  Page& p = arena.page[span];
  Class& c = classes[p.size_class];
  bool was_full = p.used == kClassTable.entry[p.size_class].blocks;
  p.used--;
  if (c.span == span) return;
  if (was_full) push(&c.partial, span);
  // One empty span is kept, so that a block that comes and goes does not build one each time.
  if (p.used == 0 && (p.next != 0 || p.prev != 0)) {
    unlink(&c.partial, span);
    give_pages(span);
  }
}

}  // namespace

bool refill(int number) {
  Class& c = classes[number];
  for (;;) {
    if (c.span != 0) {
      Page& p = arena.page[c.span];
      for (uint32_t i = 0; i < 4; i++) {
        if (p.free[i] == 0) continue;
        c.mask = p.free[i];
        c.word = i;
        c.base = address_of(c.span) + size_t{i} * 64 * kClassTable.entry[number].size;
        p.free[i] = 0;
        p.used = static_cast<uint16_t>(p.used + __builtin_popcountll(c.mask));
        return true;
      }
    }
    // The span is full: it is in no list until a block comes back.
    c.span = c.partial;
    if (c.span != 0) {
      unlink(&c.partial, c.span);
    } else {
      c.span = new_small_span(number);
      if (c.span == 0) return false;
    }
  }
}

void* get(size_t size, size_t align, bool* zeroed) {
  *zeroed = false;
  if (size > kLargest || align > kLargest) return nullptr;
  if (size == 0) size = 1;
  if (align <= kSmallest) {
    if (size <= kLargestSmall) return get_small(class_of(size));
    return get_large(size, kSmallest, zeroed);
  }
  if (align <= kPage) {
    // Spans begin on pages, so a class whose size is a multiple of the alignment has it in all
    // blocks.
    for (size_t rounded = (size + align - 1) & ~(align - 1); rounded <= kLargestSmall;
         rounded += align) {
      int number = class_of(rounded);
      if (kClassTable.entry[number].size % align == 0) return get_small(number);
    }
  }
  return get_large(size, align, zeroed);
}

void put(void* block, const void* caller) {
  Place at = place_of(block, caller);
  Page& p = arena.page[at.span];
  if (p.kind != Kind::kSmall) return give_pages(at.span);
  uint64_t bit = uint64_t{1} << (at.block % 64);
  uint64_t* bits = bits_of(at);
  if (__builtin_expect((*bits & bit) != 0, 0)) broken(caller, block);
  *bits |= bit;
  if (bits != &classes[p.size_class].mask) put_elsewhere(at.span);
}

size_t size_of(void* block, const void* caller) {
  Place at = place_of(block, caller);
  const Page& p = arena.page[at.span];
  if (p.kind == Kind::kLarge) return size_t{p.pages} * kPage;
  if ((*bits_of(at) >> (at.block % 64) & 1) != 0) broken(caller, block);
  return kClassTable.entry[p.size_class].size;
}

bool resize_in_place(void* block, size_t size, const void* caller) {
  size_t have = size_of(block, caller);
  if (size > kLargest) return false;
  Place at = place_of(block, caller);
  if (arena.page[at.span].kind == Kind::kSmall) return size <= have && size >= have / 2;
  if (size <= kLargestSmall) return false;
  size_t pages = (size + kPage - 1) / kPage;
  if (size > have) return extend_span(at.span, pages - have / kPage);
  cut_span(at.span, pages);
  return true;
}

void* resize(void* block, size_t size, const void* caller) {
  if (resize_in_place(block, size, caller)) return block;
  bool zeroed = false;
  void* moved = get(size, kSmallest, &zeroed);
  if (moved == nullptr) return nullptr;
  size_t have = size_of(block, caller);
  // Rounded up: both blocks are multiples of 16.
  size_t n = ((size < have ? size : have) + kSmallest - 1) & ~(kSmallest - 1);
  copy(moved, block, n);
  put(block, caller);
  return moved;
}

// This component calls nobody, not even for these; both are handed multiples of 16 bytes.
using Chunk [[gnu::vector_size(16), gnu::may_alias]] = long long;

void copy(void* to, const void* from, size_t n) {
  auto* target = static_cast<Chunk*>(to);
  auto* source = static_cast<const Chunk*>(from);
  for (size_t i = 0; i < n / kSmallest; i++) target[i] = source[i];
}

void clear(void* block, size_t n) {
  auto* target = static_cast<Chunk*>(block);
  for (size_t i = 0; i < n / kSmallest; i++) target[i] = Chunk{};
}

}  // namespace flexos::heap
