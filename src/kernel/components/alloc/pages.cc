#include "alloc/pages.h"

#include "flexos/platform.h"

/// The arena of this instance; bound by the weaver.
extern "C" char heap_start[];
extern "C" char heap_end[];

namespace flexos::heap {

Arena arena;

namespace {

// Free spans by length: one list for each of 1 .. 32 pages, then four lists a doubling.
constexpr uint32_t kExact = 32;
constexpr uint32_t kLists = 128;
uint32_t lists[kLists];
uint64_t not_empty[kLists / 64];

uint32_t list_of(size_t pages) {
  if (pages <= kExact) return static_cast<uint32_t>(pages) - 1;
  auto exponent = static_cast<uint32_t>(63 - __builtin_clzll(pages));
  uint32_t list =
      kExact + (exponent - 5) * 4 + static_cast<uint32_t>((pages >> (exponent - 2)) & 3);
  return list < kLists ? list : kLists - 1;
}

void enlist(uint32_t span) {
  uint32_t list = list_of(arena.page[span].pages);
  push(&lists[list], span);
  not_empty[list / 64] |= uint64_t{1} << (list % 64);
}

void delist(uint32_t span) {
  uint32_t list = list_of(arena.page[span].pages);
  unlink(&lists[list], span);
  if (lists[list] == 0) not_empty[list / 64] &= ~(uint64_t{1} << (list % 64));
}

/// The first list that is not empty, from `list` on; kLists = none.
uint32_t next_list(uint32_t list) {
  for (uint32_t word = list / 64; word < kLists / 64; word++) {
    uint64_t bits = not_empty[word];
    if (word == list / 64) bits &= ~uint64_t{0} << (list % 64);
    if (bits != 0) return word * 64 + static_cast<uint32_t>(__builtin_ctzll(bits));
  }
  return kLists;
}

/// A free span of at least `count` pages, or 0.
uint32_t find(size_t count) {
  uint32_t list = list_of(count);
  if (count > kExact) {  // lengths in this list differ
    for (uint32_t span = lists[list]; span != 0; span = arena.page[span].next) {
      if (arena.page[span].pages >= count) return span;
    }
    list++;
  }
  list = list < kLists ? next_list(list) : kLists;
  return list < kLists ? lists[list] : 0;
}

void shape(uint32_t span, size_t count, Kind kind) {
  auto pages = static_cast<uint32_t>(count);
  arena.page[span].kind = kind;
  arena.page[span].pages = pages;
  arena.page[span].head = span;
  arena.page[span + pages - 1].head = span;
}

/// The free span that ends where `page` begins, or 0.
uint32_t free_before(uint32_t page) {
  uint32_t head = arena.page[page - 1].head;
  const Page& p = arena.page[head];
  return p.kind == Kind::kFree && head + p.pages == page ? head : 0;
}

uint32_t free_at(uint32_t page) {
  return page < arena.fresh && arena.page[page].kind == Kind::kFree ? page : 0;
}

/// Frees pages that are in no list, with their free neighbours.
void release(uint32_t span, size_t count) {
  if (uint32_t next = free_at(span + static_cast<uint32_t>(count))) {
    delist(next);
    count += arena.page[next].pages;
    arena.page[next].kind = Kind::kInner;
  }
  if (uint32_t before = free_before(span)) {
    delist(before);
    count += arena.page[before].pages;
    arena.page[span].kind = Kind::kInner;
    span = before;
  }
  shape(span, count, Kind::kFree);
  enlist(span);
}

}  // namespace

void broken(const void* caller, const void* block) {
  platform_fault("heap", reinterpret_cast<uint64_t>(caller), reinterpret_cast<uint64_t>(block));
}

void push(uint32_t* list, uint32_t span) {
  Page& p = arena.page[span];
  p.prev = 0;
  p.next = *list;
  if (*list != 0) arena.page[*list].prev = span;
  *list = span;
}

void unlink(uint32_t* list, uint32_t span) {
  Page& p = arena.page[span];
  // A stray write into the table would show here first.
  if (p.next >= arena.pages || p.prev >= arena.pages ||
      (p.prev == 0 ? *list != span : arena.page[p.prev].next != span) ||
      (p.next != 0 && arena.page[p.next].prev != span)) {
    broken(__builtin_return_address(0), address_of(span));
  }
  if (p.prev != 0) {
    arena.page[p.prev].next = p.next;
  } else {
    *list = p.next;
  }
  if (p.next != 0) arena.page[p.next].prev = p.prev;
}

bool prepare_arena() {
  auto start = (reinterpret_cast<uintptr_t>(heap_start) + kPage - 1) & ~(kPage - 1);
  auto end = reinterpret_cast<uintptr_t>(heap_end) & ~(kPage - 1);
  if (start >= end) return false;
  size_t pages = (end - start) / kPage;
  size_t table = (pages * sizeof(Page) + kPage - 1) / kPage;
  if (pages > UINT32_MAX || table >= pages) return false;
  arena.page = reinterpret_cast<Page*>(start);
  arena.pages = static_cast<uint32_t>(pages);
  arena.fresh = static_cast<uint32_t>(table);
  arena.start = reinterpret_cast<char*>(start);
  shape(0, table, Kind::kTable);
  return true;
}

uint32_t take_pages(size_t count, bool* zeroed) {
  if (arena.start == nullptr && !prepare_arena()) return 0;
  *zeroed = false;
  if (count == 0 || count > arena.pages) return 0;
  if (uint32_t span = find(count)) {
    delist(span);
    size_t rest = arena.page[span].pages - count;
    shape(span, count, Kind::kInner);
    if (rest > 0) {
      uint32_t tail = span + static_cast<uint32_t>(count);
      shape(tail, rest, Kind::kFree);
      enlist(tail);
    }
    return span;
  }
  uint32_t span = arena.fresh;
  uint32_t before = free_before(span);
  size_t have = before != 0 ? arena.page[before].pages : 0;
  if (count - have > arena.pages - arena.fresh) return 0;
  if (before != 0) {
    delist(before);
    span = before;
  }
  *zeroed = before == 0;
  arena.fresh += static_cast<uint32_t>(count - have);
  shape(span, count, Kind::kInner);
  return span;
}

void give_pages(uint32_t span) { release(span, arena.page[span].pages); }

void cut_span(uint32_t span, size_t count) {
  size_t rest = arena.page[span].pages - count;
  if (rest == 0) return;
  shape(span, count, arena.page[span].kind);
  release(span + static_cast<uint32_t>(count), rest);
}

bool extend_span(uint32_t span, size_t count) {
  uint32_t end = span + arena.page[span].pages;
  size_t have = 0;
  uint32_t next = free_at(end);
  if (next != 0) {
    have = arena.page[next].pages;
    if (have < count && next + have != arena.fresh) return false;
  } else if (end != arena.fresh) {
    return false;
  }
  size_t missing = count > have ? count - have : 0;
  if (missing > arena.pages - arena.fresh) return false;
  if (next != 0) {
    delist(next);
    arena.page[next].kind = Kind::kInner;
  }
  arena.fresh += static_cast<uint32_t>(missing);
  shape(span, arena.page[span].pages + count, arena.page[span].kind);
  if (have > count) {
    uint32_t tail = end + static_cast<uint32_t>(count);
    shape(tail, have - count, Kind::kFree);
    enlist(tail);
  }
  return true;
}

}  // namespace flexos::heap
