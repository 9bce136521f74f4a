#include "seeded/escape.h"
#include "seeded/seeded.h"

namespace {

using flexos::opaque;

/// What a careless loop does. Not inlined: its caller's buffer escapes.
[[gnu::noinline]] void write(volatile char* to, size_t n) {
  for (size_t i = 0; i < n; ++i) to[i] = 'x';
}

/// Lies behind the buffer where nothing else does, and takes the damage.
struct Bystander {
  uint64_t a, b, c, d;
};

}  // namespace

extern "C" int seeded_canary() {
  Bystander behind = {1, 2, 3, 4};
  opaque(&behind);
  char buffer[48];  // larger than what is behind: safestack puts the largest next to the canary
  opaque(&behind);
  write(buffer, opaque(sizeof(buffer) + 16));
  return 0;
}

extern "C" int seeded_deep() {
  char buffer[16 << 20];  // whatever lies below the stack: this would reach beyond it
  volatile char* p = opaque(&buffer[0]);
  p[0] = 1;
  return p[0] - 1;
}

extern "C" int seeded_stack() {
  Bystander behind = {1, 2, 3, 4};
  opaque(&behind);
  char buffer[32] = {};
  const volatile char* p = opaque(&buffer[0]);
  const char read = p[opaque(size_t{32})];
  opaque(read);
  return 0;
}
