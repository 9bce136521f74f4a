#include "alloc/alloc.h"
#include "seeded/escape.h"
#include "seeded/seeded.h"

using flexos::opaque;

extern "C" int seeded_heap() {
  auto* block = static_cast<volatile char*>(alloc_get(24, 16));
  if (block == nullptr) return 1;
  // The allocator rounds up to 32: nobody else's bytes.
  for (size_t i = 0; i < opaque(size_t{28}); ++i) block[i] = 'x';
  alloc_put(const_cast<char*>(block));
  return 0;
}

extern "C" int seeded_freed() {
  auto* block = static_cast<volatile char*>(opaque(alloc_get(24, 16)));
  if (block == nullptr) return 1;
  block[0] = 'x';
  alloc_put(const_cast<char*>(block));
  const char read = opaque(block)[0];
  opaque(read);
  return 0;
}

static char letters[40];

extern "C" int seeded_global() {
  const volatile char* p = opaque(&letters[0]);
  const char read = p[opaque(size_t{41})];
  opaque(read);
  return 0;
}
