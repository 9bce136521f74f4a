#include "alloc/alloc.h"

#include "alloc/heap.h"
#include "alloc/small.h"
#include "flexos/abi.h"

using namespace flexos;

/// The caller's compartment's errno.
extern "C" int* __errno_location();

namespace {

bool power_of_two(size_t n) { return n != 0 && (n & (n - 1)) == 0; }

void* or_errno(void* block, int error = FLEXOS_ENOMEM) {
  if (__builtin_expect(block == nullptr, 0)) *__errno_location() = error;
  return block;
}

}  // namespace

// The faults name who called: the address that each entry point returns to.
#define CALLER __builtin_return_address(0)

extern "C" void* alloc_get(size_t size, size_t align) {
  bool zeroed = false;
  if (align == 0) align = heap::kSmallest;
  return power_of_two(align) ? heap::get(size, align, &zeroed) : nullptr;
}

extern "C" void alloc_put(void* block) {
  if (block != nullptr) heap::put(block, CALLER);
}

extern "C" void* alloc_resize(void* block, size_t size) {
  return block == nullptr ? alloc_get(size, 0) : heap::resize(block, size, CALLER);
}

extern "C" size_t alloc_size(void* block) {
  return block == nullptr ? 0 : heap::size_of(block, CALLER);
}

extern "C" void* alloc_pages(size_t count) {
  bool zeroed = false;
  if (count == 0 || count > heap::kLargest / heap::kPage) return nullptr;
  void* block = heap::get(count * heap::kPage, heap::kPage, &zeroed);
  if (block != nullptr && !zeroed) heap::clear(block, count * heap::kPage);
  return block;
}

extern "C" void* malloc(size_t size) {
  if (__builtin_expect(size - 1 < heap::kLargestSmall, 1)) {
    return or_errno(heap::get_small(heap::class_of(size)));
  }
  bool zeroed = false;
  return or_errno(heap::get(size, heap::kSmallest, &zeroed));
}

extern "C" void free(void* block) {
  if (block != nullptr) heap::put(block, CALLER);
}

extern "C" void* calloc(size_t count, size_t size) {
  size_t bytes = 0;
  bool zeroed = false;
  if (__builtin_mul_overflow(count, size, &bytes)) return or_errno(nullptr);
  void* block = heap::get(bytes, heap::kSmallest, &zeroed);
  if (block != nullptr && !zeroed) {
    heap::clear(block, (bytes + heap::kSmallest - 1) & ~(heap::kSmallest - 1));
  }
  return or_errno(block);
}

extern "C" void* realloc(void* block, size_t size) {
  if (block == nullptr) return malloc(size);
  return or_errno(heap::resize(block, size, CALLER));
}

extern "C" void* memalign(size_t align, size_t size) {
  if (!power_of_two(align)) return or_errno(nullptr, FLEXOS_EINVAL);
  bool zeroed = false;
  return or_errno(heap::get(size, align, &zeroed));
}

extern "C" void* aligned_alloc(size_t align, size_t size) { return memalign(align, size); }

extern "C" int posix_memalign(void** block, size_t align, size_t size) {
  if (!power_of_two(align) || align < sizeof(void*)) return FLEXOS_EINVAL;
  bool zeroed = false;
  void* got = heap::get(size, align, &zeroed);
  if (got == nullptr) return FLEXOS_ENOMEM;
  *block = got;
  return 0;
}

extern "C" size_t malloc_usable_size(void* block) {
  return block == nullptr ? 0 : heap::size_of(block, CALLER);
}
