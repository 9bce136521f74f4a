#include "cpu.h"
#include "nucleus.h"

// The serial port 0x3f8, polled, without its queues: to switch them on empties them, and what was
// typed before would be lost. Without them QEMU holds input back until the last byte was taken.
namespace flexos {
namespace {

constexpr uint16_t kPort = 0x3f8, kControl = kPort + 3, kInterrupts = kPort + 1,
                   kStatus = kPort + 5;
enum : uint8_t { kInput = 1, kCanSend = 0x20, kAllSent = 0x40 };

bool line_open;  // something stands on the line that the next report must not follow

void wait_for(uint8_t bit) {
  while (!(in8(kStatus) & bit)) asm volatile("pause");
}

}  // namespace

void console_start() {
  out8(kControl, 3);  // eight bits
  out8(kInterrupts, 0);
}

void console_write(const char* text, size_t n) {
  if (n != 0) line_open = text[n - 1] != '\n';
  for (size_t i = 0; i < n; ++i) {
    wait_for(kCanSend);
    out8(kPort, static_cast<uint8_t>(text[i]));
  }
}

void console_new_line() {
  if (line_open) console_write("\n", 1);
}

bool console_has_input() { return in8(kStatus) & kInput; }

char console_read() { return static_cast<char>(in8(kPort)); }

void console_flush() { wait_for(kAllSent); }

}  // namespace flexos
