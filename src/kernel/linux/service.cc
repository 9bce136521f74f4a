#include "linux.h"

// Console, random numbers, sleep. This runs with the caller's rights on the caller's stack; what it
// may do is decided by the grant that the guarded calls show to the kernel (entry.S).
PLATFORM_SECTIONS
namespace flexos {
namespace {

constexpr int64_t kInterrupted = -4;

}  // namespace

// What is ready without having anything to read is at its end, and would end each sleep at once.
bool console_listens() {
  Poll console = {0, 1, 0};
  const Timespec now = {};
  int32_t waiting = 0;
  call(SYS_ppoll, address(&console), 1, address(&now));
  return console.got == 0 || (call(SYS_ioctl, 0, 0x541b, address(&waiting)) == 0 && waiting > 0);
}

}  // namespace flexos

using namespace flexos;

extern "C" {

int64_t platform_console_write(const void* text, size_t n) {
  const char* rest = static_cast<const char*>(text);
  size_t left = n;
  while (left > 0) {
    const int64_t written = guarded_write(1, rest, left);
    if (written == kInterrupted) continue;
    if (written <= 0) break;
    rest += written;
    left -= static_cast<size_t>(written);
  }
  return static_cast<int64_t>(n - left);
}

int64_t platform_console_read(void* text, size_t n) {
  Poll console = {0, 1, 0};
  const Timespec now = {};
  if (guarded_idle(&console, 1, &now) <= 0) return 0;
  const int64_t got = guarded_read(0, text, n);
  return got > 0 ? got : 0;
}

int platform_random(void* buffer, size_t n) {
  char* rest = static_cast<char*>(buffer);
  while (n > 0) {
    const int64_t got = guarded_random(rest, n, 0);
    if (got == kInterrupted) continue;
    if (got <= 0) return -1;
    rest += got;
    n -= static_cast<size_t>(got);
  }
  return 0;
}

int64_t platform_arguments(char* text, size_t n) {
  const size_t size = platform_common.arguments_size;
  for (size_t i = 0; i < n && i < size; ++i) text[i] = platform_common.arguments[i];
  return static_cast<int64_t>(size);
}

void platform_idle(int64_t until) {
  const int64_t left = until - platform_now();
  if (left <= 0) return;
  Poll sources[2] = {{static_cast<int32_t>(platform_common.tap), 1, 0}, {0, 1, 0}};
  const Timespec time = {left / 1000000000, left % 1000000000};
  guarded_idle(sources, 1 + platform_common.listens, &time);
}

}  // extern "C"
