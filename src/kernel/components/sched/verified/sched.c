// The scheduler around the proved decisions (queue.mlw): this asks the clock and the platform, and
// checks what callers hand over; whatever concerns the threads' states is a call into what was
// extracted. It holds its own memory only, calls no other component, and keeps the preconditions:
//
//   - a thread number from outside is looked up by exists_ before it is used
//   - the thread that runs is in the state `running`: dispatch takes it from the queue, which says
//   so,
//     and switches to it
//   - the clock is below INT64_MAX

#include "sched/sched.h"

#include "flexos/abi.h"
#include "flexos/platform.h"
#include "queue.c"  // why3 extract -D c queue.mlw, when an image is built

/// Its address is the number of the compartment that this component stands in; bound by the weaver.
extern const char compartment_number[];

_Static_assert(FLEXOS_THREADS == 64, "queue.mlw says 64");

// As the lemma `beginning` wants it: thread 0 runs before any code here does.
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

enum { kBlocked = 3, kWaiting = 4 };

static int32_t self(void) { return (int32_t)(platform_thread % FLEXOS_THREADS); }

/// Makes ready whose deadline has come; returns the earliest that the others may have.
static int64_t look_at_clock(void) {
  if (scheduler.soonest == INT64_MAX) return INT64_MAX;
  return expire(&scheduler, platform_clock(), -FLEXOS_ETIMEDOUT);
}

/// Runs the next thread; returns once the calling one is to run again. It has been made ready, or
/// waits, or is gone.
static void dispatch(void) {
  for (;;) {
    int64_t earliest = look_at_clock();
    if (scheduler.count != 0) break;
    platform_idle(earliest);
    if (earliest == INT64_MAX || platform_clock() < earliest) release_blocked(&scheduler);
  }
  int32_t next = dequeue(&scheduler);
  if (next != self()) platform_thread_switch((uint32_t)next);
}

static int wait_for(int32_t kind, uint64_t queue, int64_t until) {
  begin_wait(&scheduler, self(), kind, queue, until);
  dispatch();
  return result[self()];
}

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

int thread_rm(int thread) {
  if (!exists_(&scheduler, thread)) return -FLEXOS_ESRCH;
  if (thread == 0) return -FLEXOS_EINVAL;
  finish(&scheduler, thread);
  if (thread == self()) dispatch();  // nobody ever switches back: the number is a new thread's
  return 0;
}

void thread_yield(void) {
  look_at_clock();
  if (scheduler.count == 0) return;
  enqueue(&scheduler, self());
  dispatch();
}

int thread_block(int64_t until) {
  if (take_wake(&scheduler, self())) return 0;
  return wait_for(kBlocked, 0, until);
}

int thread_wake(int thread) {
  if (!exists_(&scheduler, thread)) return -FLEXOS_ESRCH;
  wake(&scheduler, thread);
  return 0;
}

int thread_wait(uint64_t queue, int64_t until) { return wait_for(kWaiting, queue, until); }

int thread_signal(uint64_t queue, int count) { return signal_key(&scheduler, queue, count); }
