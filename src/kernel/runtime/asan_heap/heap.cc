#include <stddef.h>
#include <stdint.h>

#include "../asan_shadow.h"
#include "../bytes.h"
#include "../report.h"
#include "../runtime.h"

/// The allocator's entries with redzones. In a compartment that has an ASan component, the weaver
/// binds every component's alloc_get to asan_alloc_get here, and so on with all of the names below.
/// As all blocks of the compartment pass here, none can be freed past it. The allocator stays as it
/// is, unhardened.
///
///   base                        block                 block + size
///   | (padding to align) Header | what was asked for  | redzone |
///   |<-------- left ----------->|
///
/// A freed block waits in a queue before it goes back, so that a stale pointer still finds poison.
extern "C" {
void* alloc_get(size_t size, size_t align);
void alloc_put(void* block);
}

namespace flexos {
namespace {

struct Header {
  size_t size;
  Header* next;  ///< in the queue
  uint32_t left;
  uint32_t total;
  uint64_t state;
};
static_assert(sizeof(Header) == 32);

constexpr uint64_t kLive = 0x6c6976652d626c6b;
constexpr uint64_t kFreed = 0x66726565642d626b;
constexpr int kNoMemory = 12;                 // ENOMEM
constexpr size_t kLargest = size_t{1} << 31;  // more than any compartment's heap

struct Queue {
  Header* first;
  Header* last;
  size_t bytes;
};
Queue queue;

Header* header_of(void* block) { return reinterpret_cast<Header*>(block) - 1; }

/// Gives the oldest freed block back; false when there is none.
bool release_oldest() {
  Header* header = queue.first;
  if (header == nullptr) return false;
  queue.first = header->next;
  if (queue.first == nullptr) queue.last = nullptr;
  queue.bytes -= header->total;
  char* base = reinterpret_cast<char*>(header + 1) - header->left;
  header->state = 0;
  poison(reinterpret_cast<uintptr_t>(base), header->total, kClean);
  alloc_put(base);
  return true;
}

void put_in_queue(Header* header) {
  header->next = nullptr;
  (queue.last == nullptr ? queue.first : queue.last->next) = header;
  queue.last = header;
  queue.bytes += header->total;
  while (queue.bytes > value(asan_heap_size) / 16) release_oldest();
}

/// The header of a live block; anything else is reported as `what`.
Header* live(void* block, const char* what, uint64_t rip) {
  const auto address = reinterpret_cast<uintptr_t>(block);
  const uint8_t* before = shadow_of(address - 8);
  Report report;
  if (before != nullptr && *before == kHeapRedzone && (address & 15) == 0) {
    Header* header = header_of(block);
    if (header->state == kLive) return header;
    if (header->state == kFreed) report.text("asan:double-").text(what).raise(rip, address);
  }
  report.text("asan:invalid-").text(what).raise(rip, address);
}

bool covered(void* block) { return shadow_of(reinterpret_cast<uintptr_t>(block)) != nullptr; }

size_t redzone(size_t size) { return size < 128 ? 16 : size < 2048 ? size / 8 : 256; }

void* get(size_t size, size_t align) {
  if (size >= kLargest || align >= kLargest) return nullptr;
  const size_t left = align > sizeof(Header) ? align : sizeof(Header);
  const size_t total = left + ((size + redzone(size) + 15) & ~size_t{15});
  char* base = static_cast<char*>(alloc_get(total, align > 16 ? align : 16));
  while (base == nullptr && release_oldest()) {
    base = static_cast<char*>(alloc_get(total, align > 16 ? align : 16));
  }
  if (base == nullptr || !covered(base)) return base;
  char* block = base + left;
  *header_of(block) = {size, nullptr, static_cast<uint32_t>(left), static_cast<uint32_t>(total),
                       kLive};
  poison(reinterpret_cast<uintptr_t>(base), total, kHeapRedzone);
  unpoison(reinterpret_cast<uintptr_t>(block), size);
  return block;
}

void put(void* block, uint64_t rip) {
  if (block == nullptr) return;
  if (!covered(block)) return alloc_put(block);
  Header* header = live(block, "free", rip);
  header->state = kFreed;
  // At least one granule, so that a block of no bytes has a mark too.
  poison(reinterpret_cast<uintptr_t>(block), header->size == 0 ? 8 : header->size, kHeapFreed);
  put_in_queue(header);
}

void* resize(void* block, size_t size, uint64_t rip) {
  if (block == nullptr) return get(size, 16);
  const size_t old = live(block, "realloc", rip)->size;
  void* moved = get(size, 16);
  if (moved == nullptr) return nullptr;
  copy(moved, block, old < size ? old : size);
  put(block, rip);
  return moved;
}

void* get_zeroed(size_t size, size_t align) {
  void* block = get(size, align);
  if (block != nullptr) fill(block, 0, size);
  return block;
}

/// C's allocation functions say why they return null.
void* or_errno(void* block) {
  if (block == nullptr) *__errno_location() = kNoMemory;
  return block;
}

}  // namespace
}  // namespace flexos

extern "C" {

void* asan_alloc_get(size_t size, size_t align) { return flexos::get(size, align); }

void asan_alloc_put(void* block) { flexos::put(block, FLEXOS_CALLER); }

void* asan_alloc_resize(void* block, size_t size) {
  return flexos::resize(block, size, FLEXOS_CALLER);
}

size_t asan_alloc_size(void* block) {
  return block == nullptr ? 0 : flexos::live(block, "size", FLEXOS_CALLER)->size;
}

void* asan_alloc_pages(size_t count) {
  return count >= flexos::kLargest ? nullptr : flexos::get_zeroed(count * 4096, 4096);
}

void* asan_malloc(size_t size) { return flexos::or_errno(flexos::get(size, 16)); }

void asan_free(void* block) { flexos::put(block, FLEXOS_CALLER); }

void* asan_calloc(size_t count, size_t size) {
  size_t bytes = 0;
  const bool overflows = __builtin_mul_overflow(count, size, &bytes);
  return flexos::or_errno(overflows ? nullptr : flexos::get_zeroed(bytes, 16));
}

void* asan_realloc(void* block, size_t size) {
  return flexos::or_errno(flexos::resize(block, size, FLEXOS_CALLER));
}

void* asan_memalign(size_t align, size_t size) {
  return flexos::or_errno(flexos::get(size, align));
}

void* asan_aligned_alloc(size_t align, size_t size) {
  return flexos::or_errno(flexos::get(size, align));
}

int asan_posix_memalign(void** block, size_t align, size_t size) {
  void* got = flexos::get(size, align);
  if (got == nullptr) return flexos::kNoMemory;
  *block = got;
  return 0;
}

size_t asan_malloc_usable_size(void* block) {
  return block == nullptr ? 0 : flexos::live(block, "size", FLEXOS_CALLER)->size;
}
}
