// Exercises gates and nothing else: calls `echo` with each kind of argument that a gate carries,
// checks what comes back, and prints the cycles of a call (time-stamp counter, best of some runs).
// Beside them stands a call that never leaves the compartment. The last lines are for `measure`:
// all calls together, and the time from the first to the last.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "echo/echo.h"
#include "flexos/platform.h"

namespace {

constexpr int kRuns = 7;
constexpr int64_t kDefaultCalls = 2000;
constexpr size_t kMost = 4096;

char buffer[kMost];

uint64_t cycles() { return __builtin_ia32_rdtsc(); }

[[gnu::noinline]] void nothing_here() { __asm__ volatile(""); }

/// The first number among the image's arguments.
int64_t wanted_calls() {
  char text[128];
  const int64_t n = platform_arguments(text, sizeof text - 1);
  text[n < 0 ? 0 : n < int64_t{sizeof text} ? n : int64_t{sizeof text} - 1] = 0;
  const int64_t calls = strtol(text + strcspn(text, "0123456789"), nullptr, 10);
  return calls > 0 ? calls : kDefaultCalls;
}

bool all_right = true;
long long calls_made = 0;

long long nanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/// `call(i)` makes one call and says whether the answer was right.
template <typename Call>
void measure(const char* name, int64_t calls, Call call) {
  uint64_t best = ~0UL;
  bool right = true;
  for (int run = 0; run < kRuns; ++run) {
    const uint64_t start = cycles();
    for (int64_t i = 0; i < calls; ++i) right &= call(i);
    const uint64_t taken = cycles() - start;
    if (taken < best) best = taken;
    calls_made += calls;
  }
  all_right &= right;
  printf("micro %-12s %8llu cycles a call  %s\n", name,
         static_cast<unsigned long long>(best / static_cast<uint64_t>(calls)),
         right ? "right" : "WRONG");
}

bool reads(size_t n, int64_t i) {
  buffer[0] = static_cast<char>(i & 0x7f);
  return echo_read(buffer, n) == (i & 0x7f) + static_cast<int64_t>(n - 1);
}

bool writes(size_t n, int64_t i) {
  const int byte = static_cast<int>(i & 0x7f);
  echo_write(buffer, n, byte);
  return buffer[0] == byte && buffer[n - 1] == byte;
}

}  // namespace

extern "C" int micro_main() {
  const int64_t calls = wanted_calls();
  const long long start = nanoseconds();
  measure("inside", calls, [](int64_t) { return nothing_here(), true; });
  measure("nothing", calls, [](int64_t) { return echo_nothing(), true; });
  measure("one", calls, [](int64_t i) { return echo_one(i) == i; });
  measure("six", calls, [](int64_t i) { return echo_six(i, 1, 2, 3, 4, 5) == i + 70; });
  measure("eight", calls, [](int64_t i) { return echo_eight(i, 1, 2, 3, 4, 5, 6, 7) == i + 168; });
  measure("double", calls, [](int64_t i) {
    const double a = static_cast<double>(i);
    return echo_double(a, 0.5) == a + 1.0;
  });
  memset(buffer, 1, sizeof buffer);
  measure("in 64", calls, [](int64_t i) { return reads(64, i); });
  measure("in 4096", calls, [](int64_t i) { return reads(kMost, i); });
  measure("out 64", calls, [](int64_t i) { return writes(64, i); });
  measure("out 4096", calls, [](int64_t i) { return writes(kMost, i); });
  const long long taken = nanoseconds() - start;
  printf("calls %lld\nseconds %lld.%09lld\n", calls_made, taken / 1000000000, taken % 1000000000);
  fflush(stdout);
  return all_right ? 0 : 1;
}
