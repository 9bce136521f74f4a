#pragma once

#include <stddef.h>
#include <stdint.h>

/// Copies and fills without a library: the runtime must not depend on what it checks. As
/// instructions, since the compiler would turn a loop into a call of memcpy.
namespace flexos {

inline void fill(void* to, uint8_t byte, size_t n) {
  asm volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(byte) : "memory");
}

inline void copy(void* to, const void* from, size_t n) {
  asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
}

/// For overlapping ranges whose end is overwritten first.
inline void copy_down(void* to, const void* from, size_t n) {
  if (n == 0) return;
  void* last_to = static_cast<char*>(to) + n - 1;
  const void* last_from = static_cast<const char*>(from) + n - 1;
  asm volatile("std\n\trep movsb\n\tcld"
               : "+D"(last_to), "+S"(last_from), "+c"(n)
               :
               : "memory", "cc");
}

}  // namespace flexos
