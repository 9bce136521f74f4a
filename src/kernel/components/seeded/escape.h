#pragma once

#include <stddef.h>
#include <stdint.h>

/// Keeps the optimizer from seeing that a bug is one: what it knows to be undefined, it leaves out.
namespace flexos {

/// The same pointer or number, of which nothing is known any more.
template <typename T>
inline T opaque(T value) {
  asm volatile("" : "+r"(value) : : "memory");
  return value;
}

}  // namespace flexos
