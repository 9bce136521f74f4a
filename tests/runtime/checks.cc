#include "alloc/alloc.h"
#include "console/console.h"
#include "flexos/platform.h"
#include "runtime/runtime.h"
#include "seeded/escape.h"

/// What an instrumented component meets at run time, one case a number of functions. Called by
/// name; a case that comes back has found nothing.
extern "C" {
void test_set_thread(uint32_t thread);
void* memcpy(void* to, const void* from, size_t n);
void* memmove(void* to, const void* from, size_t n);
void* memset(void* to, int byte, size_t n);
void** __safestack_pointer_address();
extern uintptr_t __stack_chk_guard;
}

namespace {

using flexos::opaque;

void print(const char* text) {
  size_t n = 0;
  while (text[n] != 0) ++n;
  console_write(text, n);
}

void expect(bool right, const char* what) {
  if (right) return;
  print("wrong: ");
  print(what);
  print("\n");
  platform_exit(1);
}

char* block(size_t size) { return opaque(static_cast<char*>(malloc(size))); }

void copy_past_end() {
  char* from = block(32);
  char* to = block(24);
  memcpy(to, from, opaque(size_t{25}));
}
void copy_from_past_end() {
  char* from = block(24);
  char* to = block(64);
  memmove(to, from, opaque(size_t{32}));
}
void set_past_end() { memset(block(24), 0, opaque(size_t{25})); }
void compiler_copies() {
  struct Large {
    uint64_t words[64];
  };
  auto* small = reinterpret_cast<Large*>(block(256));
  auto* large = reinterpret_cast<Large*>(block(512));
  *large = *small;
}
void huge_copy() { memcpy(block(24), block(24), opaque(~size_t{0})); }
// Long ranges are looked at 64 bytes at a time: in the first of these, in a later one, behind the
// last whole one, and at a start that is no multiple of 8.
void long_copy_past_end() { memcpy(block(40), block(4096), opaque(size_t{4096})); }
void long_copy_far_past_end() { memcpy(block(4096), block(1000), opaque(size_t{4096})); }
void long_copy_one_past_end() { memcpy(block(4096), block(4093), opaque(size_t{4094})); }
void long_set_past_end() { memset(block(2000) + 3, 0, opaque(size_t{1998})); }
/// From the hole below the heap, which has no shadow, into it: what has none is passed over, no
/// more.
void set_from_outside() {
  constexpr uintptr_t kHeapAlign = 2 << 20;
  const uintptr_t heap = reinterpret_cast<uintptr_t>(block(24)) & ~(kHeapAlign - 1);
  memset(opaque(reinterpret_cast<char*>(heap - 4096)), 0, opaque(size_t{1 << 20}));
}
void write_before() { *opaque(block(24) - 1) = 1; }
void write_last() { block(13)[opaque(13)] = 1; }
void straddle() { *reinterpret_cast<volatile uint32_t*>(opaque(block(16) + 14)) = 1; }
void free_twice() {
  char* b = block(24);
  free(b);
  free(b);
}
void free_middle() { free(opaque(block(64) + 16)); }
void free_stack() {
  alignas(16) char local[32];
  free(opaque(&local[16]));
}
void resize_freed() {
  char* b = block(24);
  free(b);
  free(realloc(b, 100));
}
void use_old_after_resize() {
  char* b = block(24);
  char* moved = opaque(static_cast<char*>(realloc(b, 1000)));
  moved[999] = 1;
  *opaque(b) = 1;
}
void pages_past_end() { opaque(static_cast<char*>(alloc_pages(1)))[opaque(4096)] = 1; }
void no_bytes() { *opaque(block(0)) = 1; }

[[gnu::noinline]] void fill_array(size_t size, size_t written) {
  volatile char* p = opaque(static_cast<char*>(__builtin_alloca(size)));
  for (size_t i = 0; i < written; ++i) p[i] = 1;
}
void array_past_end() { fill_array(opaque(size_t{40}), opaque(size_t{41})); }
void scope_left() {
  char* stale = nullptr;
  {
    char local[32];
    stale = opaque(&local[0]);
  }
  *opaque(stale) = 1;
}

struct Node {
  Node* next;
  size_t value;
};

void expect_filled(const char* p, size_t n, char byte) {
  for (size_t i = 0; i < n; ++i) expect(p[i] == byte, "contents of a block");
}

using Loose64 [[gnu::aligned(1)]] = uint64_t;
using Loose32 [[gnu::aligned(1)]] = uint32_t;

/// Accesses across granules are right too, though their checks take the long way; what is computed
/// around them in registers stays.
void unaligned() {
  char* b = block(4096);
  double scale = opaque(3) * 0.5;
  size_t sum = 0;
  for (size_t i = 0; i + 8 <= 4096; i += 5) {
    *reinterpret_cast<Loose64*>(b + i) = i;
    sum += *reinterpret_cast<Loose32*>(b + i + 2) + i;
    scale *= 1.0001;
  }
  size_t expected = 0;
  double expected_scale = 1.5;
  for (size_t i = 0; i + 8 <= 4096; i += 5) {
    expected += i + (i >> 16);
    expected_scale *= 1.0001;
  }
  expect(sum == expected && scale == expected_scale, "registers around a check");
  free(b);
}

void move_overlapping(char* b, size_t from, size_t to, size_t n) {
  for (size_t i = 0; i < 256; ++i) b[i] = static_cast<char>(i);
  memmove(b + to, b + from, n);
  for (size_t i = 0; i < 256; ++i) {
    const size_t was = i >= to && i < to + n ? i - to + from : i;
    expect(b[i] == static_cast<char>(was), "what overlaps is moved whole");
  }
}

/// Ranges of every length that overlap by any distance, up and down.
void overlaps() {
  char* b = block(256);
  for (size_t n = 0; n <= 70; ++n) {
    for (size_t by = 0; by <= 20; ++by) {
      move_overlapping(b, 64, 64 + by, n);
      move_overlapping(b, 64 + by, 64, n);
    }
  }
  free(b);
}

/// Much honest work: no finding, and freed memory comes back from the queue.
void honest() {
  for (size_t round = 0; round < 2000; ++round) {
    const size_t size = round * 37 % 9000;
    char* b = block(size);
    expect(b != nullptr && reinterpret_cast<uintptr_t>(b) % 16 == 0, "a block");
    memset(b, 'a', size);
    char* larger = opaque(static_cast<char*>(realloc(b, size * 2 + 1)));
    expect_filled(larger, size, 'a');
    expect(alloc_size(larger) >= size * 2 + 1, "a block's size");
    free(larger);
  }
  for (size_t i = 0; i < 64; ++i) {
    char* large = block(2 << 20);
    expect(large != nullptr, "large blocks come back");
    large[(2 << 20) - 1] = 1;
    free(large);
  }
  Node* list = nullptr;
  for (size_t i = 0; i < 1000; ++i) {
    auto* node = reinterpret_cast<Node*>(block(sizeof(Node)));
    *node = {list, i};
    list = node;
  }
  size_t sum = 0;
  while (list != nullptr) {
    Node* next = list->next;
    sum += list->value;
    free(list);
    list = next;
  }
  expect(sum == 999 * 500, "a list");
  void* aligned = nullptr;
  expect(posix_memalign(&aligned, 4096, 100) == 0, "posix_memalign");
  expect(reinterpret_cast<uintptr_t>(aligned) % 4096 == 0, "alignment");
  free(aligned);
  auto* zeros = opaque(static_cast<char*>(calloc(33, 3)));
  expect_filled(zeros, 99, 0);
  free(zeros);
  expect(calloc(opaque(~size_t{0} / 2), 3) == nullptr, "calloc that overflows");
  expect(*__errno_location() == 12, "ENOMEM");
  expect(malloc(opaque(size_t{1} << 40)) == nullptr, "more than there is");
  free(nullptr);
  overlaps();
  unaligned();
  char text[16] = "abcdefgh";
  memmove(opaque(&text[1]), text, 8);
  expect(text[0] == 'a' && text[1] == 'a' && text[8] == 'h', "memmove up");
  memmove(text, opaque(&text[1]), 8);
  expect(text[0] == 'a' && text[1] == 'b' && text[7] == 'h', "memmove down");
  for (size_t i = 1; i < 100; ++i) fill_array(opaque(i), i);
}

[[gnu::noinline]] void dive(void** frame, int depth) {
  char local[64];
  opaque(&local[0]);
  if (depth == 0) __builtin_longjmp(frame, 1);
  dive(frame, depth - 1);
  opaque(&local[0]);
}
[[gnu::noinline]] void walk(size_t n) {
  char local[512];
  volatile char* p = opaque(&local[0]);
  for (size_t i = 0; i < n; ++i) p[i] = 1;
}

/// Frames that are left by a jump leave no poison.
void jump_out() {
  void* frame[8];
  if (__builtin_setjmp(frame) == 0) dive(frame, 20);
  walk(512);
}

void threads() {
  void** first = __safestack_pointer_address();
  int* first_errno = __errno_location();
  *first_errno = 5;
  test_set_thread(1);
  void** second = __safestack_pointer_address();
  expect(first != second, "an unsafe stack a thread");
  const auto distance = reinterpret_cast<intptr_t>(*second) - reinterpret_cast<intptr_t>(*first);
  expect(distance >= 0x10000 && distance < 0x11000, "unsafe stacks one behind the other");
  expect(__errno_location() != first_errno && *__errno_location() == 0, "errno a thread");
  test_set_thread(0);
  expect(*__errno_location() == 5, "errno of the first thread");
}

void canary() {
  expect((__stack_chk_guard & 0xff) == 0, "lowest byte of the canary");
  expect(__stack_chk_guard != 0, "the canary");
  uintptr_t digits = __stack_chk_guard;
  char text[18] = {};
  for (int i = 0; i < 16; ++i, digits >>= 4) text[15 - i] = "0123456789abcdef"[digits & 15];
  text[16] = '\n';
  print(text);
}

struct Case {
  const char* name;
  void (*run)();
};

#define CASE(name) {#name, name}
constexpr Case kCases[] = {
    CASE(copy_past_end),
    CASE(copy_from_past_end),
    CASE(set_past_end),
    CASE(compiler_copies),
    CASE(huge_copy),
    CASE(set_from_outside),
    CASE(long_copy_past_end),
    CASE(long_copy_far_past_end),
    CASE(long_copy_one_past_end),
    CASE(long_set_past_end),
    CASE(write_before),
    CASE(write_last),
    CASE(straddle),
    CASE(free_twice),
    CASE(free_middle),
    CASE(free_stack),
    CASE(resize_freed),
    CASE(use_old_after_resize),
    CASE(pages_past_end),
    CASE(no_bytes),
    CASE(array_past_end),
    CASE(scope_left),
    CASE(honest),
    CASE(jump_out),
    CASE(threads),
    CASE(canary),
};

bool same(const char* a, const char* b, size_t n) {
  size_t i = 0;
  while (i < n && a[i] == b[i] && a[i] != 0) ++i;
  return i == n && a[i] == 0;
}

}  // namespace

extern "C" int checks_main() {
  char text[64];
  const auto n = static_cast<size_t>(platform_arguments(text, sizeof(text)));
  for (const Case& c : kCases) {
    if (!same(c.name, text, n)) continue;
    c.run();
    print("came back\n");
    return 0;
  }
  return 2;
}
