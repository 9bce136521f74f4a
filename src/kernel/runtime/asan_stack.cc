#include "asan_stack.h"

#include "asan_shadow.h"

/// Redzones between locals. Instrumented functions set their frame's shadow at entry and clear it
/// at exit, by calls (-asan-max-inline-poisoning-size=0). They believe in a shadow at
/// (address >> 3) + kOffset; what arrives here as a shadow address is thus the number of a granule,
/// and is looked up like any other.
namespace flexos {
namespace {

/// -asan-mapping-offset of specs/hardening/asan.yaml: anything that is no power of two, for which
/// clang would combine by `or` and then knows no cheap checks.
constexpr uintptr_t kOffset = 24;

uintptr_t stack_size;  // of one thread

void set_shadow(uintptr_t shadow, size_t count, uint8_t kind) {
  poison((shadow - kOffset) << 3, count << 3, kind);
}

}  // namespace

void asan_stack_init() {
  const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  const uintptr_t at = here - value(asan_stack_start);
  if (at < value(asan_stack_size)) stack_size = (at + 4095) & ~uintptr_t{4095};
}

void asan_stack_reset(uint32_t thread) {
  const uintptr_t at = thread * stack_size;
  if (at + stack_size > value(asan_stack_size)) return;
  poison(value(asan_stack_start) + at, stack_size, kClean);
}

}  // namespace flexos

#define SET_SHADOW(hex)                                                     \
  extern "C" void __asan_set_shadow_##hex(uintptr_t shadow, size_t count) { \
    flexos::set_shadow(shadow, count, 0x##hex);                             \
  }

SET_SHADOW(00)
SET_SHADOW(01)
SET_SHADOW(02)
SET_SHADOW(03)
SET_SHADOW(04)
SET_SHADOW(05)
SET_SHADOW(06)
SET_SHADOW(07)
SET_SHADOW(f1)
SET_SHADOW(f2)
SET_SHADOW(f3)
SET_SHADOW(f5)
SET_SHADOW(f8)

extern "C" {

void __asan_poison_stack_memory(uintptr_t start, size_t size) {
  flexos::poison(start, size, flexos::kStackScope);
}

void __asan_unpoison_stack_memory(uintptr_t start, size_t size) { flexos::unpoison(start, size); }

// Frames are about to be left without returning (exit, longjmp, a call that does not come back):
// the poison of all of them goes, from here to the end of this thread's stack.
void __asan_handle_no_return() {
  using namespace flexos;
  const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0)) & ~uintptr_t{7};
  const uintptr_t at = here - value(asan_stack_start);
  if (at >= value(asan_stack_size) || stack_size == 0) return;
  poison(here, stack_size - at % stack_size, kClean);
}

// A variable-length array has 32 bytes of redzone on the left and at least as many on the right.
void __asan_alloca_poison(uintptr_t start, size_t size) {
  const uintptr_t end = start + size;
  const uintptr_t right = (end + 31) & ~uintptr_t{31};
  flexos::poison(start - 32, 32, flexos::kAllocaLeft);
  flexos::unpoison(start, size);
  const uintptr_t whole = (end + 7) & ~uintptr_t{7};
  flexos::poison(whole, right + 32 - whole, flexos::kAllocaRight);
}

void __asan_allocas_unpoison(uintptr_t top, uintptr_t bottom) {
  if (top != 0 && top <= bottom) flexos::poison(top, bottom - top, flexos::kClean);
}
}
