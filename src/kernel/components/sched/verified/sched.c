// The names, the memory and the platform of what is proved in queue.mlw: its functions do all the
// deciding. What stands here is trusted, and all of it (docs/verified.md):
//
//   - the seven arrays are apart and have 64 entries, and nobody else writes them
//   - they begin as the lemma `beginning` has it
//   - self() is the thread that runs: the platform says so, and switches to no other than it is
//   told
//   - thread_add: the platform prepares a number that is free, and touches no state of ours

#include "sched/sched.h"

#include "flexos/abi.h"
#include "flexos/platform.h"

// The platform as `Threads` declares it.

struct sched;

/// Below INT64_MAX, which is `never`, whatever the clock says.
static int64_t clock_now(void) {
  int64_t now = platform_clock();
  return now < INT64_MAX ? now : INT64_MAX - 1;
}

/// Has something come in before that time?
static int idle_until(int64_t until) {
  platform_idle(until);
  return until == INT64_MAX || platform_clock() < until;
}

static void switch_to(struct sched* s, int32_t me, int32_t next) {
  (void)s;
  (void)me;  // the platform knows
  platform_thread_switch((uint32_t)next);
}

// why3 extract -D c queue.mlw, when an image is built
#include "queue.c"  // NOLINT(bugprone-suspicious-include)

/// Its address is the number of the compartment that this component stands in; bound by the weaver.
extern const char compartment_number[];

_Static_assert(FLEXOS_THREADS == 64, "queue.mlw says 64");
_Static_assert(FLEXOS_ESRCH == 3 && FLEXOS_EINVAL == 22 && FLEXOS_ETIMEDOUT == 110,
               "queue.mlw returns them");

// Thread 0 runs before any code here does.
static int32_t state[FLEXOS_THREADS] = {2};
static int32_t ring[FLEXOS_THREADS];
static int32_t result[FLEXOS_THREADS];
static int32_t pending[FLEXOS_THREADS];
static int64_t deadline[FLEXOS_THREADS];
static uint64_t key[FLEXOS_THREADS];
static uint64_t since[FLEXOS_THREADS];
static struct sched scheduler = {.state = state,
                                 .ring = ring,
                                 .result = result,
                                 .pending = pending,
                                 .deadline = deadline,
                                 .key = key,
                                 .since = since,
                                 .soonest = INT64_MAX};

static int32_t self(void) { return (int32_t)(platform_thread % FLEXOS_THREADS); }

int thread_self(void) { return (int)platform_thread; }

int thread_add(void (*entry)(void*), void* argument) {
  if (entry == 0) return -FLEXOS_EINVAL;
  int32_t thread = vacant(&scheduler);
  if (thread < 0) return -FLEXOS_EAGAIN;
  uint32_t compartment = (uint32_t)(uintptr_t)compartment_number;
  if (platform_thread_prepare((uint32_t)thread, entry, argument, compartment) != 0) {
    return -FLEXOS_EAGAIN;
  }
  start(&scheduler, thread);
  return thread;
}

int thread_rm(int thread) { return end_thread(&scheduler, self(), thread); }

void thread_yield(void) { yield_self(&scheduler, self()); }

int thread_block(int64_t until) { return block_self(&scheduler, self(), until); }

int thread_wake(int thread) { return wake_thread(&scheduler, thread); }

int thread_wait(uint64_t queue, int64_t until) {
  return wait_key(&scheduler, self(), queue, until);
}

int thread_signal(uint64_t queue, int count) { return signal_all(&scheduler, queue, count); }
