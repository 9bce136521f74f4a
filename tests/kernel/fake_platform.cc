#include "fake_platform.h"

#include <ucontext.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "flexos/platform.h"

// What the weaver binds: an arena of zeros, and a number.
asm(".pushsection .bss\n"
    ".balign 4096\n"
    ".globl heap_start, heap_end\n"
    "heap_start: .zero 192 << 20\n"
    "heap_end:\n"
    ".popsection\n"
    ".globl compartment_number\n"
    ".set compartment_number, 5\n");

// Components may only read it; the platform writes it under another name.
asm(".globl platform_thread\n.set platform_thread, fake_running_thread\n");
extern "C" {
volatile std::uint32_t fake_running_thread;
}

namespace flexos::fake {

Platform platform;

namespace {

struct Context {
  ucontext_t context;
  std::vector<char> stack;
  void (*entry)(void*);
  void* argument;
};
Context contexts[64];

void first_code() {
  Context& c = contexts[fake_running_thread];
  c.entry(c.argument);
  std::abort();  // entries never return
}

}  // namespace

Fault fault_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Fault& fault) {
    return fault;
  }
  return {};
}

}  // namespace flexos::fake

using flexos::fake::platform;

extern "C" {

int64_t platform_console_write(const void* text, size_t n) {
  n = std::min(n, platform.console_takes);
  platform.written.append(static_cast<const char*>(text), n);
  return static_cast<int64_t>(n);
}

int64_t platform_console_read(void* text, size_t n) {
  n = std::min(n, platform.typed.size());
  std::memcpy(text, platform.typed.data(), n);
  platform.typed.erase(0, n);
  return static_cast<int64_t>(n);
}

int64_t platform_clock() { return platform.clock; }
int64_t platform_busy_clock() { return platform.busy; }
int64_t platform_wall_clock() { return platform.wall_clock; }

int platform_random(void* buffer, size_t n) {
  if (!platform.random) return -1;
  std::memset(buffer, platform.random_byte, n);
  return 0;
}

void platform_idle(int64_t until) {
  platform.idles++;
  if (until == INT64_MAX && platform.wakes_after == INT64_MAX) {
    throw flexos::fake::Fault{"deadlock", 0};
  }
  platform.clock = std::max(platform.clock, std::min(until, platform.wakes_after));
}

void platform_fault(const char* kind, uint64_t, uint64_t address) {
  throw flexos::fake::Fault{kind, address};
}

int platform_thread_prepare(uint32_t thread, void (*entry)(void*), void* argument,
                            uint32_t compartment) {
  using namespace flexos::fake;
  if (thread == 0 || thread >= platform.threads) return -1;
  Context& c = contexts[thread];
  c.stack.assign(256 << 10, 0);
  c.entry = entry;
  c.argument = argument;
  getcontext(&c.context);
  c.context.uc_stack.ss_sp = c.stack.data();
  c.context.uc_stack.ss_size = c.stack.size();
  c.context.uc_link = nullptr;
  makecontext(&c.context, first_code, 0);
  platform.prepared_for = compartment;
  return 0;
}

void platform_thread_switch(uint32_t thread) {
  using namespace flexos::fake;
  Context& from = contexts[fake_running_thread];
  fake_running_thread = thread;
  swapcontext(&from.context, &contexts[thread].context);
}
}
