#include "time/time.h"

#include "flexos/abi.h"
#include "flexos/platform.h"
#include "sched/sched.h"

namespace {

// Real time = the monotonic clock + this. The host's clock is asked once: one clock drives both
// from then on, and a host that sets its clock back revives nothing here.
int64_t real_offset;
bool real_known;

int64_t offset() {
  if (!real_known) {
    real_offset = platform_wall_clock() - platform_clock();
    real_known = true;
  }
  return real_offset;
}

}  // namespace

extern "C" int64_t time_now(int clock) {
  if (clock == FLEXOS_CLOCK_MONOTONIC) return platform_clock();
  if (clock == FLEXOS_CLOCK_REALTIME) {
    int64_t since_1970 = offset();
    return platform_clock() + since_1970;
  }
  if (clock == FLEXOS_CLOCK_BUSY) return platform_busy_clock();
  return -FLEXOS_EINVAL;
}

extern "C" int time_set(int clock, int64_t ns) {
  if (clock != FLEXOS_CLOCK_REALTIME || ns < 0) return -FLEXOS_EINVAL;
  int64_t now = platform_clock();
  // The clock must not run over within the next century.
  constexpr int64_t kCentury = 100LL * 366 * 86400 * 1'000'000'000;
  if (ns > INT64_MAX - kCentury) return -FLEXOS_EINVAL;
  real_offset = ns - now;
  real_known = true;
  return 0;
}

extern "C" int time_sleep(int64_t until) {
  // In a queue that nobody signals: thread_block would swallow a wake that is meant for the
  // sleeper.
  auto queue = reinterpret_cast<uint64_t>(&real_offset);
  while (platform_clock() < until) thread_wait(queue, until);
  return 0;
}
