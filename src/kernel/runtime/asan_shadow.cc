#include "asan_shadow.h"

#include "bytes.h"
#include "report.h"

namespace flexos {

void poison(uintptr_t start, size_t size, uint8_t kind) {
  if (size == 0) return;
  uint8_t* first = shadow_of(start);
  if (first != nullptr) fill(first, kind, (size + 7) >> 3);
}

void unpoison(uintptr_t start, size_t size) {
  uint8_t* first = shadow_of(start);
  if (first == nullptr) return;
  fill(first, kClean, size >> 3);
  if ((size & 7) != 0) first[size >> 3] = static_cast<uint8_t>(size & 7);
}

namespace {

/// How many of the bytes from `start` on, a multiple of 64, have a clean shadow for certain: a copy
/// of a page is not to take a look at each of its granules by itself.
FLEXOS_GENERAL size_t clean_bytes(uintptr_t start, size_t size) {
  const uint8_t* shadow = shadow_of(start);
  if (size < 64 || shadow == nullptr) return 0;
  const size_t words = size >> 6;
  // The three parts lie apart and have a shadow each: both ends in one, then all between as well.
  if (shadow_of(start + size - 1) != shadow + ((start + size - 1) >> 3) - (start >> 3)) return 0;
  size_t word = 0;
  for (; word < words; ++word) {
    uint64_t eight;
    __builtin_memcpy(&eight, shadow + word * 8, sizeof eight);
    if (eight != 0) break;
  }
  return word << 6;
}

/// `part` where it lies between the two, else `end`.
FLEXOS_GENERAL uintptr_t earlier(uintptr_t from, uintptr_t part, uintptr_t end) {
  asm("" : "+r"(part));  // a number from here on: parts are compared with each other
  return part > from && part < end ? part : end;
}

/// From an address without a shadow: where the next part with one begins, or `end`. What others
/// hand over in a window has none, and pages of it are copied at a time.
FLEXOS_GENERAL uintptr_t next_part(uintptr_t from, uintptr_t end) {
  end = earlier(from, value(asan_stack_start), end);
  end = earlier(from, value(asan_heap_start), end);
  return earlier(from, value(asan_data_start), end);
}

}  // namespace

FLEXOS_GENERAL uintptr_t first_poisoned(uintptr_t start, size_t size) {
  const uintptr_t end = start + size;
  uintptr_t granule = start & ~uintptr_t{7};
  granule += clean_bytes(granule, end - granule);
  while (granule < end) {
    const uint8_t* shadow = shadow_of(granule);
    if (shadow == nullptr) {
      granule = next_part(granule, end);
      granule += clean_bytes(granule, end - granule);
      continue;
    }
    if (*shadow == kClean) {
      granule += 8;
      continue;
    }
    const uintptr_t good = *shadow < 8 ? *shadow : 0;
    const uintptr_t bad = granule + good > start ? granule + good : start;
    if (bad < end && bad < granule + 8) return bad;
    granule += 8;
  }
  return 0;
}

namespace {

const char* name(uint8_t shadow) {
  switch (shadow) {
    case kAllocaLeft:
    case kAllocaRight:
      return "dynamic-stack-buffer-overflow";
    case kStackLeft:
      return "stack-buffer-underflow";
    case kStackMiddle:
    case kStackRight:
      return "stack-buffer-overflow";
    case kStackReturned:
      return "stack-use-after-return";
    case kStackScope:
      return "stack-use-after-scope";
    case kGlobal:
      return "global-buffer-overflow";
    case kHeapRedzone:
      return "heap-buffer-overflow";
    case kHeapFreed:
      return "heap-use-after-free";
    default:
      return "wild-access";
  }
}

}  // namespace

void report_access(uintptr_t bad, size_t size, bool write, uint64_t rip) {
  const uint8_t* shadow = shadow_of(bad);
  uint8_t kind = shadow == nullptr ? uint8_t{kClean} : *shadow;
  // A granule that is accessible in part says nothing of the kind; the next one does.
  if (kind < 8 && (shadow = shadow_of(bad + 8)) != nullptr) kind = *shadow;
  Report report;
  report.text("asan:").text(name(kind)).text(write ? ":write:" : ":read:").number(size);
  report.raise(rip, bad);
}

}  // namespace flexos

extern "C" FLEXOS_GENERAL void asan_check_range(uintptr_t start, size_t size, bool write,
                                                uint64_t rip) {
  if (size == 0) return;
  if (start + size < start) flexos::report_access(start, size, write, rip);
  const uintptr_t bad = flexos::first_poisoned(start, size);
  if (bad != 0) flexos::report_access(bad, size, write, rip);
}
