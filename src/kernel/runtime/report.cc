#include "report.h"

#include <flexos/platform.h>

namespace flexos {

void Report::put(char c) {
  if (size_ + 1 < sizeof(text_)) text_[size_++] = c > ' ' && c < 127 ? c : '-';
}

Report& Report::text(const char* s) {
  while (*s != 0) put(*s++);
  return *this;
}

Report& Report::number(uint64_t n) {
  char digits[20];
  size_t count = 0;
  do {
    digits[count++] = static_cast<char>('0' + n % 10);
    n /= 10;
  } while (n != 0);
  while (count > 0) put(digits[--count]);
  return *this;
}

void Report::raise(uint64_t rip, uint64_t address) const { platform_fault(text_, rip, address); }

}  // namespace flexos
