#pragma once

#include <stdint.h>

/// Cooperative threads: one runs until it yields, blocks or ends. They are numbered 0 .. 63; 0 is
/// the thread that the image starts with. Deadlines are nanoseconds of time_now(1); INT64_MAX =
/// none.
#ifdef __cplusplus
extern "C" {
#endif

enum { FLEXOS_THREADS = 64 };

/// A new thread that will call entry(argument) and end when it returns. Its number, or -EAGAIN: the
/// image has no stack left for one, -EINVAL. Does not switch to it. All stacks have the image's
/// size. `entry` is a callback: the thread starts in the scheduler's own compartment, and where the
/// entry belongs to another one, the gate has handed over a gate back to it.
int thread_add(void (*entry)(void*), void* argument);

/// Ends a thread. The running one: does not return (thread 0 must not: -EINVAL). 0, or -ESRCH.
int thread_rm(int thread);

/// The running thread's number. A leaf: it runs in its caller's domain.
int thread_self(void);

/// Lets every other thread that can run do so first.
void thread_yield(void);

/// Waits for thread_wake. A wake that came before counts, once. 0 = woken (or, after outside input,
/// for nothing: look again at what you wait for), -ETIMEDOUT.
int thread_block(int64_t deadline);

/// Wakes a thread from thread_block, or its next thread_block. 0, or -ESRCH.
int thread_wake(int thread);

/// Waits in the queue `key` (any number: an address, say). Threads are cooperative, so whoever has
/// compared a word and then waits here misses no signal. 0 = signalled, -ETIMEDOUT.
int thread_wait(uint64_t key, int64_t deadline);

/// Wakes the `count` threads that have waited longest in the queue `key`. How many there were.
int thread_signal(uint64_t key, int count);

#ifdef __cplusplus
}
#endif
