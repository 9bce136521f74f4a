#include "cpu.h"
#include "nucleus.h"

// Exceptions end the image: one line says what happened, to a person and to the tools.
namespace flexos {
namespace {

/// The stack as entry.S and the processor leave it.
struct Trap {
  uint64_t vector, error, rip, cs, rflags, rsp, ss;
};

struct [[gnu::packed]] Gate {
  uint16_t low, selector;
  uint8_t stack, type;
  uint16_t middle;
  uint32_t high, zero;
};
Gate gates[256];

constexpr int kPageFault = 14;
enum : uint64_t { kErrorWrite = 2, kErrorFetch = 16, kErrorKey = 32 };

/// The fault's name by vector; the table is what a reader of the line sees.
constexpr const char* kKinds[32] = {
    "div",  "debug", "nmi",   "breakpoint", "overflow", "bound",   "ud",   "nm",
    "df",   "fpu",   "tss",   "segment",    "stack",    "gp",      "page", "trap",
    "fpu",  "align", "check", "simd",       "trap",     "control", "trap", "trap",
    "trap", "trap",  "trap",  "trap",       "trap",     "trap",    "trap", "trap",
};

/// A line of text that grows from the left; what does not fit is dropped.
struct Line {
  char text[256];
  size_t size = 0;

  void put(char c) {
    if (size < sizeof text) text[size++] = c;
  }
  void put(const char* s) {
    while (*s) put(*s++);
  }
  void hex(uint64_t value) {
    put("0x");
    int digits = 1;
    while (digits < 16 && value >> (4 * digits)) ++digits;
    while (digits-- > 0) put("0123456789abcdef"[value >> (4 * digits) & 15]);
  }
  void decimal(unsigned value) {
    if (value >= 10) decimal(value / 10);
    put(static_cast<char>('0' + value % 10));
  }
};

}  // namespace

void exit(int code) {
  Line line;
  line.put("FLEXOS EXIT ");
  line.decimal(static_cast<unsigned>(code));
  line.put('\n');
  console_new_line();
  console_write(line.text, line.size);
  console_flush();
  out8(0x501, static_cast<uint8_t>(code));  // isa-debug-exit: QEMU ends with 2 * code + 1
  // Without that device: no table for the trap to find, so the machine resets (-no-reboot).
  struct [[gnu::packed]] {
    uint16_t limit = 0;
    uint64_t base = 0;
  } nothing;
  asm volatile("lidt %0; int3" : : "m"(nothing));
  __builtin_unreachable();
}

void fault(const char* kind, uint64_t rip, uint64_t address, char access, uint64_t rsp) {
  Line line;
  line.put("FLEXOS FAULT kind=");
  line.put(kind);
  line.put(" rip=");
  line.hex(rip);
  line.put(" address=");
  line.hex(address);
  line.put(" access=");
  line.put(access);
  line.put(" pkru=");
  line.hex(features.keys ? read_pkru() : 0);
  line.put(" rsp=");
  line.hex(rsp);
  line.put('\n');
  console_new_line();
  console_write(line.text, line.size);
  exit(kFaultCode);
}

void refuse(const char* kind, uint64_t address) { fault(kind, 0, address, '-', 0); }

/// Every exception. The nucleus faults only in nucleus_copy, on behalf of the service's caller;
/// anywhere else it is a bug of ours, and says so.
extern "C" [[noreturn]] void nucleus_trap(const Trap& trap, uint64_t address) {
  uint64_t rip = trap.rip, rsp = trap.rsp;
  auto copy = reinterpret_cast<uint64_t>(&nucleus_copy);
  if ((trap.cs & 3) == 0) {
    if (rip < copy || rip >= reinterpret_cast<uint64_t>(nucleus_copy_end)) {
      fault("nucleus", rip, trap.vector == kPageFault ? address : trap.vector, '-', rsp);
    }
    rip = current_frame().rip;
    rsp = current_frame().rsp;
  }
  if (trap.vector != kPageFault) fault(kKinds[trap.vector & 31], rip, trap.error, '-', rsp);
  bool fetch = trap.error & kErrorFetch, write = trap.error & kErrorWrite;
  fault(trap.error & kErrorKey ? "pkey" : "page", rip, address,
        fetch   ? 'x'
        : write ? 'w'
                : 'r',
        rsp);
}

void traps_start() {
  for (int i = 0; i < 256; ++i) {
    // Vectors that nothing sends are the timer's as well: whatever comes is acknowledged.
    uint64_t handler = nucleus_handlers[i < VECTOR_TIMER ? i : VECTOR_TIMER];
    gates[i] = {static_cast<uint16_t>(handler),
                SELECTOR_CODE,
                1,
                0x8e,
                static_cast<uint16_t>(handler >> 16),
                0,
                0};
  }
  struct [[gnu::packed]] {
    uint16_t limit;
    uint64_t base;
  } table{sizeof gates - 1, reinterpret_cast<uint64_t>(gates)};
  asm volatile("lidt %0" : : "m"(table));
}

}  // namespace flexos
