#include "cpu.h"
#include "nucleus.h"

// The serial port 0x3f8, polled: nothing of ours waits for its interrupt.
namespace flexos {
namespace {

constexpr uint16_t kPort = 0x3f8;
constexpr size_t kFifo = 16;
enum : uint8_t { kInput = 1, kFifoEmpty = 0x20, kAllSent = 0x40 };

uint8_t status() { return in8(kPort + 5); }

bool line_open;  // something stands on the line that the next report must not follow
bool early;      // what was typed before the queue was switched on, which empties it
char early_character;

}  // namespace

void console_start() {
  out8(kPort + 3, 3);  // eight bits
  out8(kPort + 1, 0);  // no interrupts
  early = status() & kInput;
  if (early) early_character = static_cast<char>(in8(kPort));
  out8(kPort + 2, 1);  // queues of 16 bytes
}

void console_write(const char* text, size_t n) {
  if (n != 0) line_open = text[n - 1] != '\n';
  while (n != 0) {
    while (!(status() & kFifoEmpty)) asm volatile("pause");
    size_t burst = n < kFifo ? n : kFifo;
    n -= burst;
    asm volatile("rep outsb" : "+S"(text), "+c"(burst) : "d"(kPort) : "memory");
  }
}

bool console_has_input() { return early || status() & kInput; }

char console_read() {
  if (!early) return static_cast<char>(in8(kPort));
  early = false;
  return early_character;
}

void console_flush() {
  while (!(status() & kAllSent)) asm volatile("pause");
}

void console_new_line() {
  if (line_open) console_write("\n", 1);
}

}  // namespace flexos
