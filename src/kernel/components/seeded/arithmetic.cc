#include "seeded/escape.h"
#include "seeded/seeded.h"

using flexos::opaque;

extern "C" int seeded_overflow() {
  const int sum = opaque(INT32_MAX) + opaque(1);
  opaque(sum);
  return 0;
}

extern "C" int seeded_shift() {
  const int shifted = opaque(1) << opaque(40);
  opaque(shifted);
  return 0;
}

extern "C" int seeded_index() {
  static struct {
    int table[8];
    int behind[8];
  } numbers;
  const int read = numbers.table[opaque(9)];
  opaque(read);
  return 0;
}
