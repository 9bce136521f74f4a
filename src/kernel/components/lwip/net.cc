#include "lwip/net.h"

#include <string.h>

#include "flexos/abi.h"
#include "lwip/netif.h"
#include "lwip/sys.h"
#include "lwip/timeouts.h"
#include "lwip/wire.h"
#include "random/random.h"
#include "sched/sched.h"
#include "time/time.h"

namespace {

constexpr int64_t kMillisecond = 1'000'000;

bool started;

/// Threads that wait for a change, as bits.
uint64_t sleepers;
static_assert(FLEXOS_THREADS <= 64);

uint32_t pool[64];
unsigned left;

}  // namespace

/// Sequence numbers and ports must not be guessed: they come from `random`, a block at a time.
extern "C" uint32_t flexos_lwip_random() {
  if (left == 0) {
    if (random_bytes(pool, sizeof pool) != 0) platform_fault("random", 0, 0);
    left = sizeof pool / sizeof pool[0];
  }
  const uint32_t drawn = pool[--left];
  pool[left] = 0;
  return drawn;
}

/// lwIP's clock, milliseconds.
extern "C" uint32_t sys_now() {
  return static_cast<uint32_t>(time_now(FLEXOS_CLOCK_MONOTONIC) / kMillisecond);
}

namespace net {

void start() {
  if (started) return;
  started = true;
  wire::start();  // lwip_init() has run: the name is that of the component's hook before the
                  // program
}

void pump() {
  start();
  wire::receive();
  deliver();
  sys_check_timeouts();
}

void deliver() { netif_poll_all(); }

void take_turns() {
  constexpr unsigned kTurns = 64;
  static unsigned turns;
  if (++turns % kTurns != 0) return;
  thread_yield();
  pump();
}

void changed() {
  const uint64_t asleep = sleepers;
  sleepers = 0;
  for (uint64_t rest = asleep; rest != 0; rest &= rest - 1) {
    thread_wake(__builtin_ctzll(rest));
  }
}

bool wait(int64_t deadline) {
  const uint32_t pause = sys_timeouts_sleeptime();
  int64_t until = deadline;
  if (pause != SYS_TIMEOUTS_SLEEPTIME_INFINITE) {
    const int64_t timer = time_now(FLEXOS_CLOCK_MONOTONIC) + pause * kMillisecond;
    if (timer < until) until = timer;
  }
  sleepers |= 1ULL << thread_self();
  thread_block(until);
  sleepers &= ~(1ULL << thread_self());
  pump();
  return deadline == INT64_MAX || time_now(FLEXOS_CLOCK_MONOTONIC) < deadline;
}

}  // namespace net
