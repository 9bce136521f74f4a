#include "console/console.h"

#include "flexos/abi.h"
#include "flexos/platform.h"

extern "C" int64_t console_write(const void* text, size_t n) {
  if (n > INT64_MAX) return -FLEXOS_EINVAL;
  if (n == 0) return 0;
  if (text == nullptr) return -FLEXOS_EFAULT;
  const char* bytes = static_cast<const char*>(text);
  size_t done = 0;
  while (done < n) {
    int64_t written = platform_console_write(bytes + done, n - done);
    if (written <= 0) return done > 0 ? static_cast<int64_t>(done) : -FLEXOS_EIO;
    done += static_cast<size_t>(written);
  }
  return static_cast<int64_t>(done);
}

extern "C" int64_t console_read(void* text, size_t n) {
  if (n > INT64_MAX) return -FLEXOS_EINVAL;
  if (n == 0) return 0;
  if (text == nullptr) return -FLEXOS_EFAULT;
  int64_t read = platform_console_read(text, n);
  if (read < 0 || static_cast<uint64_t>(read) > n) return -FLEXOS_EIO;
  char* bytes = static_cast<char*>(text);
  for (int64_t i = 0; i < read; i++) {
    if (bytes[i] == '\r') bytes[i] = '\n';
  }
  return read;
}
