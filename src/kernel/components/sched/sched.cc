#include "sched/sched.h"

#include "flexos/abi.h"
#include "flexos/platform.h"
#include "time/time.h"

// One array of threads, one queue of those that can run, and no function pointer: the platform
// starts a thread's entry. Everything else is found by looking at all 64: wait queues are short,
// and there is no list for a stray write to bend.

/// Its address is the number of the compartment that this component stands in; bound by the weaver.
extern "C" const char compartment_number[];

namespace {

constexpr int64_t kNever = INT64_MAX;

enum class State : uint8_t { kFree, kReady, kRunning, kBlocked, kWaiting };

struct Thread {
  State state;
  bool wake_pending;  ///< thread_wake came before thread_block
  int result;         ///< what thread_block or thread_wait will return
  int next;           ///< behind this one in the ready queue; 0-based number + 1, 0 = last
  int64_t deadline;
  uint64_t key;
  uint64_t since;  ///< when it began to wait, in order of waits
};

// Thread 0 runs before any code here does.
Thread threads[FLEXOS_THREADS] = {{State::kRunning, false, 0, 0, kNever, 0, 0}};
int ready_first;  // number + 1; 0 = empty
int ready_last;
int timed;  // threads that wait with a deadline
uint64_t waits;

bool waits_now(const Thread& t) { return t.state == State::kBlocked || t.state == State::kWaiting; }

int self() { return static_cast<int>(platform_thread % FLEXOS_THREADS); }

bool exists(int thread) {
  return thread >= 0 && thread < FLEXOS_THREADS && threads[thread].state != State::kFree;
}

void make_ready(int thread) {
  Thread& t = threads[thread];
  t.state = State::kReady;
  t.next = 0;
  if (ready_first == 0) {
    ready_first = thread + 1;
  } else {
    threads[ready_last - 1].next = thread + 1;
  }
  ready_last = thread + 1;
}

void leave_ready_queue(int thread) {
  int* link = &ready_first;
  int before = 0;
  while (*link != 0 && *link != thread + 1) {
    before = *link;
    link = &threads[*link - 1].next;
  }
  if (*link == 0) return;
  *link = threads[thread].next;
  if (ready_last == thread + 1) ready_last = before;
}

void stop_waiting(int thread, int result) {
  Thread& t = threads[thread];
  if (t.deadline != kNever) timed--;
  t.deadline = kNever;
  t.result = result;
  make_ready(thread);
}

/// Makes ready whose deadline has come; returns the earliest of the others.
int64_t expire() {
  if (timed == 0) return kNever;
  int64_t now = time_now(FLEXOS_CLOCK_MONOTONIC);
  int64_t earliest = kNever;
  for (int i = 0; i < FLEXOS_THREADS; i++) {
    Thread& t = threads[i];
    if (!waits_now(t) || t.deadline == kNever) continue;
    if (t.deadline <= now) {
      stop_waiting(i, -FLEXOS_ETIMEDOUT);
    } else if (t.deadline < earliest) {
      earliest = t.deadline;
    }
  }
  return earliest;
}

/// Something has come in from outside: who waits for that is in thread_block.
void wake_blocked() {
  for (int i = 0; i < FLEXOS_THREADS; i++) {
    if (threads[i].state == State::kBlocked) stop_waiting(i, 0);
  }
}

/// Runs the next thread; returns once the calling one is to run again. It has been made ready, or
/// waits, or is gone.
void dispatch() {
  for (;;) {
    int64_t earliest = expire();
    if (ready_first != 0) break;
    platform_idle(earliest);
    if (earliest == kNever || time_now(FLEXOS_CLOCK_MONOTONIC) < earliest) wake_blocked();
  }
  int next = ready_first - 1;
  ready_first = threads[next].next;
  if (ready_first == 0) ready_last = 0;
  threads[next].state = State::kRunning;
  if (next != self()) platform_thread_switch(static_cast<uint32_t>(next));
}

int wait(State state, uint64_t key, int64_t deadline) {
  Thread& t = threads[self()];
  t.state = state;
  t.key = key;
  t.since = ++waits;
  t.deadline = deadline;
  if (deadline != kNever) timed++;
  dispatch();
  return t.result;
}

}  // namespace

extern "C" int thread_self() { return static_cast<int>(platform_thread); }

extern "C" int thread_add(void (*entry)(void*), void* argument) {
  if (entry == nullptr) return -FLEXOS_EINVAL;
  for (int i = 1; i < FLEXOS_THREADS; i++) {
    Thread& t = threads[i];
    if (t.state != State::kFree) continue;
    auto compartment = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(compartment_number));
    if (platform_thread_prepare(static_cast<uint32_t>(i), entry, argument, compartment) != 0) {
      return -FLEXOS_EAGAIN;
    }
    t.wake_pending = false;
    t.deadline = kNever;
    make_ready(i);
    return i;
  }
  return -FLEXOS_EAGAIN;
}

extern "C" int thread_rm(int thread) {
  if (!exists(thread)) return -FLEXOS_ESRCH;
  if (thread == 0) return -FLEXOS_EINVAL;
  Thread& t = threads[thread];
  if (t.state == State::kReady) leave_ready_queue(thread);
  if (waits_now(t) && t.deadline != kNever) timed--;
  t.state = State::kFree;
  if (thread == self()) dispatch();  // nobody ever switches back: the number is a new thread's
  return 0;
}

extern "C" void thread_yield() {
  expire();
  if (ready_first == 0) return;
  make_ready(self());
  dispatch();
}

extern "C" int thread_block(int64_t deadline) {
  Thread& t = threads[self()];
  if (t.wake_pending) {
    t.wake_pending = false;
    return 0;
  }
  return wait(State::kBlocked, 0, deadline);
}

extern "C" int thread_wake(int thread) {
  if (!exists(thread)) return -FLEXOS_ESRCH;
  if (threads[thread].state == State::kBlocked) {
    stop_waiting(thread, 0);
  } else {
    threads[thread].wake_pending = true;
  }
  return 0;
}

extern "C" int thread_wait(uint64_t key, int64_t deadline) {
  return wait(State::kWaiting, key, deadline);
}

extern "C" int thread_signal(uint64_t key, int count) {
  int woken = 0;
  while (woken < count) {
    int longest = -1;
    for (int i = 0; i < FLEXOS_THREADS; i++) {
      if (threads[i].state != State::kWaiting || threads[i].key != key) continue;
      if (longest < 0 || threads[i].since < threads[longest].since) longest = i;
    }
    if (longest < 0) break;
    stop_waiting(longest, 0);
    woken++;
  }
  return woken;
}
