#include "linux.h"

// Time. Asking the kernel costs a system call through a filter; the time stamp counter costs 20
// cycles, where it runs at one speed in all states and on all processors.
PLATFORM_SECTIONS
namespace flexos {
namespace {

enum { kRealtime = 0, kProcess = 2, kMonotonicRaw = 4 };
constexpr int64_t kCalibration = 4000000;

struct Sample {
  uint64_t ticks;
  int64_t time;
};

uint64_t ticks() {
  uint32_t low, high;
  asm volatile("lfence; rdtsc; lfence" : "=a"(low), "=d"(high) : : "memory");
  return static_cast<uint64_t>(high) << 32 | low;
}

int64_t kernel_time() {
  Timespec time = {};
  call(SYS_clock_gettime, kMonotonicRaw, address(&time));
  return time.total();
}

/// Both clocks at one moment: the tightest of a few tries.
Sample sample() {
  Sample best = {};
  uint64_t narrowest = ~0ull;
  for (int i = 0; i < 8; ++i) {
    const uint64_t before = ticks();
    const int64_t time = kernel_time();
    const uint64_t width = ticks() - before;
    if (width >= narrowest) continue;
    narrowest = width;
    best = {before + width / 2, time};
  }
  return best;
}

bool has_steady_counter() {
  uint32_t a = 0x80000000, b, c, d;
  asm("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
  if (a < 0x80000007) return false;
  a = 0x80000007;
  asm("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
  return (d >> 8 & 1) != 0;
}

}  // namespace

void start_clock() {
  Common& common = platform_common_view;
  const Sample first = sample();
  common.clock_start = first.time;
  common.tsc_start = first.ticks;
  if (!has_steady_counter()) return;
  while (kernel_time() - first.time < kCalibration) asm volatile("pause");
  const Sample last = sample();
  const auto time = static_cast<uint64_t>(last.time - first.time);
  common.tsc_scale = (time << 32) / (last.ticks - first.ticks);
  common.tsc = 1;
}

}  // namespace flexos

using flexos::Timespec;

extern "C" {

int64_t platform_clock_slow() {
  Timespec time = {};
  guarded_clock(flexos::kMonotonicRaw, &time, 0);
  return time.total() - platform_common.clock_start;
}

int64_t platform_busy_clock() {
  Timespec time = {};
  guarded_clock(flexos::kProcess, &time, 0);
  return time.total();
}

int64_t platform_wall_clock() {
  Timespec time = {};
  guarded_clock(flexos::kRealtime, &time, 0);
  return time.total();
}

}  // extern "C"
