#include "console/console.h"
#include "flexos/platform.h"
#include "seeded/escape.h"
#include "seeded/seeded.h"

namespace {

using flexos::opaque;

int64_t add(int64_t a, int64_t b) { return a + b; }

[[noreturn]] void hijacked() {
  static const char kText[] = "seeded: hijacked\n";
  console_write(kText, sizeof(kText) - 1);
  platform_exit(SEEDED_HIJACKED);
}

/// Where the forged return address leads. Arrived at by `ret`, the stack is 8 bytes off what the
/// calling convention promises.
[[gnu::naked]] void land() { asm volatile("andq $-16, %%rsp\n\tcall %P0" : : "i"(&hijacked)); }

/// Writes past its buffer, as far as a return address can be.
[[gnu::noinline]] void write_past(size_t words) {
  uintptr_t buffer[4];
  volatile uintptr_t* at = opaque(&buffer[0]);
  for (size_t i = 4; i < 4 + words; ++i) at[i] = reinterpret_cast<uintptr_t>(&land);
}

}  // namespace

extern "C" int seeded_call() {
  auto wrong = reinterpret_cast<int (*)(const char*)>(opaque(reinterpret_cast<uintptr_t>(&add)));
  opaque(wrong("text"));
  return 0;
}

extern "C" int seeded_return() {
  // Room for what the write goes over on whichever stack the buffer is.
  uintptr_t room[32] = {};
  opaque(&room[0]);
  write_past(opaque(size_t{16}));
  opaque(&room[0]);
  return 0;
}
