#include <stddef.h>
#include <stdint.h>

#include "asan_shadow.h"
#include "report.h"

/// What the weaver binds an instrumented component's string functions to, as it does memcpy: the
/// library's read whole words, and are instrumented only where the library is. Each checks the
/// bytes that it had to look at.
namespace {

void check(const char* text, size_t n, uint64_t rip) {
  asan_check_range(reinterpret_cast<uintptr_t>(text), n, false, rip);
}

int byte(const char* text, size_t at) { return static_cast<unsigned char>(text[at]); }

size_t length(const char* text) {
  size_t n = 0;
  while (text[n] != 0) ++n;
  return n;
}

/// The first of `most` places where they differ or end; `most`: there is none.
size_t first_difference(const char* a, const char* b, size_t most) {
  size_t n = 0;
  while (n < most && a[n] == b[n] && a[n] != 0) ++n;
  return n;
}

/// Compares up to `most` bytes of two strings; what it had to look at is checked.
int compare(const char* a, const char* b, size_t most, uint64_t rip) {
  const size_t n = first_difference(a, b, most);
  const size_t seen = n < most ? n + 1 : most;
  check(a, seen, rip);
  check(b, seen, rip);
  return n < most ? byte(a, n) - byte(b, n) : 0;
}

}  // namespace

extern "C" {

size_t __asan_strlen(const char* text) {
  const size_t n = length(text);
  check(text, n + 1, FLEXOS_CALLER);
  return n;
}

int __asan_strcmp(const char* a, const char* b) { return compare(a, b, SIZE_MAX, FLEXOS_CALLER); }

int __asan_strncmp(const char* a, const char* b, size_t most) {
  return compare(a, b, most, FLEXOS_CALLER);
}

/// All bytes are given, whatever the first of them say.
int __asan_memcmp(const char* a, const char* b, size_t n) {
  check(a, n, FLEXOS_CALLER);
  check(b, n, FLEXOS_CALLER);
  for (size_t i = 0; i < n; ++i) {
    if (a[i] != b[i]) return byte(a, i) - byte(b, i);
  }
  return 0;
}

char* __asan_strchr(const char* text, int wanted) {
  const char sought = static_cast<char>(wanted);
  size_t n = 0;
  while (text[n] != 0 && text[n] != sought) ++n;
  check(text, n + 1, FLEXOS_CALLER);
  return text[n] == sought ? const_cast<char*>(text) + n : nullptr;
}

char* __asan_strrchr(const char* text, int wanted) {
  const char sought = static_cast<char>(wanted);
  size_t n = length(text) + 1;
  check(text, n, FLEXOS_CALLER);
  while (n > 0) {
    if (text[--n] == sought) return const_cast<char*>(text) + n;
  }
  return nullptr;
}

char* __asan_strcpy(char* to, const char* from) {
  const size_t n = length(from) + 1;
  check(from, n, FLEXOS_CALLER);
  asan_check_range(reinterpret_cast<uintptr_t>(to), n, true, FLEXOS_CALLER);
  for (size_t i = 0; i < n; ++i) to[i] = from[i];
  return to;
}
}
