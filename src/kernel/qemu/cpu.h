#pragma once

#include <stdint.h>

/// The instructions that C++ has no word for.
namespace flexos {

struct Cpuid {
  uint32_t a, b, c, d;
};

inline Cpuid cpuid(uint32_t leaf, uint32_t subleaf = 0) {
  Cpuid r;
  asm volatile("cpuid" : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d) : "a"(leaf), "c"(subleaf));
  return r;
}

inline void out8(uint16_t port, uint8_t value) {
  asm volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

inline uint8_t in8(uint16_t port) {
  uint8_t value;
  asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}

/// In assembly: for a loop or an initializer the compiler might call a memset that is not there.
inline void zero(void* at, uint64_t n) {
  asm volatile("rep stosb" : "+D"(at), "+c"(n) : "a"(0) : "memory");
}

inline void write_msr(uint32_t msr, uint64_t value) {
  asm volatile("wrmsr"
               :
               : "c"(msr), "a"(static_cast<uint32_t>(value)),
                 "d"(static_cast<uint32_t>(value >> 32)));
}

inline uint64_t read_tsc() {
  uint32_t low, high;
  asm volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
  return static_cast<uint64_t>(high) << 32 | low;
}

inline uint32_t read_pkru() {
  uint32_t value, high;
  asm volatile("rdpkru" : "=a"(value), "=d"(high) : "c"(0));
  return value;
}

inline void write_pkru(uint32_t value) {
  asm volatile("wrpkru" : : "a"(value), "c"(0), "d"(0) : "memory");
}

/// Lets ring 0 touch ring 3's memory, or forbids it, where SMAP is on. By popf instead of stac,
/// which the instruction emulator of KVM does not know and which faults where there is no SMAP.
inline void allow_user_access(bool allowed) {
  constexpr uint64_t kAc = 1 << 18;
  uint64_t flags;
  asm volatile("pushfq; pop %0" : "=r"(flags) : : "memory");
  flags = allowed ? flags | kAc : flags & ~kAc;
  asm volatile("push %0; popfq" : : "r"(flags) : "memory", "cc");
}

inline uint64_t read_cr4() {
  uint64_t value;
  asm volatile("mov %%cr4, %0" : "=r"(value));
  return value;
}

inline void write_cr4(uint64_t value) { asm volatile("mov %0, %%cr4" : : "r"(value) : "memory"); }

inline void write_cr3(uint64_t value) { asm volatile("mov %0, %%cr3" : : "r"(value) : "memory"); }

}  // namespace flexos
