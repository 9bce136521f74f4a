#include "asan_shadow.h"
#include "bytes.h"
#include "report.h"

/// Called before every load and store of instrumented code.
namespace flexos {
namespace {

/// An access of 1, 2, 4, 8 or 16 bytes is good when the granules it touches are clean, or when it
/// ends within the good part of the last.
template <size_t size>
inline void check(uintptr_t address, bool write, uint64_t rip) {
  const uint8_t* shadow = shadow_of(address);
  if (shadow == nullptr) [[unlikely]] {
    return;
  }
  if (*shadow == kClean && (address & 7) + size <= 8) [[likely]] {
    return;
  }
  asan_check_range(address, size, write, rip);
}

}  // namespace
}  // namespace flexos

#define ACCESS(size)                                      \
  extern "C" void __asan_load##size(uintptr_t address) {  \
    flexos::check<size>(address, false, FLEXOS_CALLER);   \
  }                                                       \
  extern "C" void __asan_store##size(uintptr_t address) { \
    flexos::check<size>(address, true, FLEXOS_CALLER);    \
  }

ACCESS(1)
ACCESS(2)
ACCESS(4)
ACCESS(8)
ACCESS(16)

extern "C" {

void __asan_loadN(uintptr_t address, size_t size) {
  asan_check_range(address, size, false, FLEXOS_CALLER);
}

void __asan_storeN(uintptr_t address, size_t size) {
  asan_check_range(address, size, true, FLEXOS_CALLER);
}

// What the compiler itself copies, and what the weaver binds an instrumented component's memcpy,
// memmove and memset to.
void* __asan_memcpy(void* to, const void* from, size_t n) {
  asan_check_range(reinterpret_cast<uintptr_t>(from), n, false, FLEXOS_CALLER);
  asan_check_range(reinterpret_cast<uintptr_t>(to), n, true, FLEXOS_CALLER);
  flexos::copy(to, from, n);
  return to;
}

void* __asan_memmove(void* to, const void* from, size_t n) {
  asan_check_range(reinterpret_cast<uintptr_t>(from), n, false, FLEXOS_CALLER);
  asan_check_range(reinterpret_cast<uintptr_t>(to), n, true, FLEXOS_CALLER);
  const uintptr_t ahead = reinterpret_cast<uintptr_t>(to) - reinterpret_cast<uintptr_t>(from);
  if (ahead < n) {
    flexos::copy_down(to, from, n);
  } else {
    flexos::copy(to, from, n);
  }
  return to;
}

void* __asan_memset(void* to, int byte, size_t n) {
  asan_check_range(reinterpret_cast<uintptr_t>(to), n, true, FLEXOS_CALLER);
  flexos::fill(to, static_cast<uint8_t>(byte), n);
  return to;
}
}
