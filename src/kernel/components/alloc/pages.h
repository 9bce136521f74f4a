#pragma once

#include <stddef.h>
#include <stdint.h>

#include "alloc/heap.h"

/// Runs of pages, and the table that says what each page of the arena is.
namespace flexos::heap {

enum class Kind : uint8_t {
  kInner = 0,  ///< of a span, or never used
  kTable,      ///< the table itself
  kFree,
  kLarge,  ///< one block
  kSmall,  ///< blocks of one class
};

/// What is known of a page; the first of a span speaks for all of it. Page numbers count from the
/// arena's start, so 0 (the table) is no span and can mean "none".
struct alignas(64) Page {
  uint64_t free[4];  ///< kSmall: one bit a block
  uint32_t head;     ///< first page of the span; right in the first and last page, kSmall: in all
  uint32_t pages;    ///< length of the span
  uint32_t next;     ///< spans of one list
  uint32_t prev;
  uint16_t used;  ///< kSmall: blocks handed out, those that the class has at hand included
  Kind kind;
  uint8_t size_class;
};
static_assert(sizeof(Page) == 64);

struct Arena {
  char* start;  ///< NULL: not looked at yet
  Page* page;
  uint32_t pages;
  uint32_t fresh;  ///< pages from here on were never handed out: they hold zeros
};
extern Arena arena;

inline char* address_of(uint32_t page) { return arena.start + size_t{page} * kPage; }

/// False: no arena, or too small for anything.
bool prepare_arena();

/// A span of `count` pages, or 0. Its kind is to be set by the caller.
uint32_t take_pages(size_t count, bool* zeroed);

void give_pages(uint32_t span);

/// Cuts a span that is in use after `count` pages and gives back the rest.
void cut_span(uint32_t span, size_t count);

/// Makes a span that is in use `count` pages longer, where what follows is free.
bool extend_span(uint32_t span, size_t count);

/// The table contradicts itself, or what it is asked about.
[[noreturn]] void broken(const void* caller, const void* block);

void push(uint32_t* list, uint32_t span);
void unlink(uint32_t* list, uint32_t span);

}  // namespace flexos::heap
