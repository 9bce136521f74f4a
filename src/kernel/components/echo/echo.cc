#include "echo/echo.h"

void echo_nothing(void) {}

int64_t echo_one(int64_t a) { return a; }

int64_t echo_six(int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f) {
  return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f;
}

int64_t echo_eight(int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f, int64_t g,
                   int64_t h) {
  return echo_six(a, b, c, d, e, f) + 7 * g + 8 * h;
}

double echo_double(double a, double b) { return a + 2 * b; }

int64_t echo_read(const void* buffer, size_t n) {
  const uint8_t* bytes = static_cast<const uint8_t*>(buffer);
  int64_t sum = 0;
  for (size_t i = 0; i < n; ++i) sum += bytes[i];
  return sum;
}

void echo_write(void* buffer, size_t n, int byte) {
  uint8_t* bytes = static_cast<uint8_t*>(buffer);
  for (size_t i = 0; i < n; ++i) bytes[i] = static_cast<uint8_t>(byte);
}
