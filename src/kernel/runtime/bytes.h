#pragma once

#include <stddef.h>
#include <stdint.h>

/// Copies and fills without a library: the runtime must not depend on what it checks. As
/// instructions, since the compiler would turn a loop into a call of memcpy.
namespace flexos {

inline void fill(void* to, uint8_t byte, size_t n) {
  size_t words = n >> 3;
  n &= 7;
  const uint64_t word = byte * uint64_t{0x0101010101010101};
  asm volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(word) : "memory");
  asm volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(word) : "memory");
}

inline void copy(void* to, const void* from, size_t n) {
  size_t words = n >> 3;
  n &= 7;
  asm volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
  asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
}

/// For overlapping ranges whose end is overwritten first. No `rep` with the direction flag set: a
/// processor takes that byte by byte.
inline void copy_down(void* to, const void* from, size_t n) {
  char* last_to = static_cast<char*>(to) + n;
  const char* last_from = static_cast<const char*>(from) + n;
  for (; n >= 8; n -= 8) {
    uint64_t word;
    last_from -= 8;
    last_to -= 8;
    asm volatile("mov (%1), %0\n\tmov %0, (%2)"
                 : "=&r"(word)
                 : "r"(last_from), "r"(last_to)
                 : "memory");
  }
  for (; n > 0; --n) {
    uint8_t byte;
    asm volatile("movb (%1), %0\n\tmovb %0, (%2)"
                 : "=&q"(byte)
                 : "r"(--last_from), "r"(--last_to)
                 : "memory");
  }
}

}  // namespace flexos
