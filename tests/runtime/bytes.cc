#include "runtime/bytes.h"

#include <stddef.h>

/// What a C library would bring.
extern "C" {

void* memcpy(void* to, const void* from, size_t n) {
  flexos::copy(to, from, n);
  return to;
}

void* memmove(void* to, const void* from, size_t n) {
  const bool down =
      static_cast<size_t>(static_cast<char*>(to) - static_cast<const char*>(from)) < n;
  down ? flexos::copy_down(to, from, n) : flexos::copy(to, from, n);
  return to;
}

void* memset(void* to, int byte, size_t n) {
  flexos::fill(to, static_cast<uint8_t>(byte), n);
  return to;
}
}
