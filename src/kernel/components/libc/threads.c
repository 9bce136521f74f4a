// Threads of musl on top of component `sched`, in place of thread/pthread_create.c: cooperative, so
// nothing here needs a lock. Every compartment's copy of the library has its own blocks, and starts
// threads that begin in its own compartment.
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "libc.h"
#include "pthread_impl.h"
#include "sched/sched.h"
#include "stdio_impl.h"

enum { NAME = 16, BLOCK = 4096 };  // a thread's name with its NUL; what its control block takes

volatile int __thread_list_lock;

// By number of the thread: threads that this library did not start have a block here, too. It is
// made the first time that one needs it.
static struct pthread blocks[FLEXOS_THREADS];
static struct pthread* started[FLEXOS_THREADS];

/// What a new thread is to do; part of its block, behind the control block.
struct beginning {
  struct pthread self;
  void* (*start)(void*);
  void* argument;
};

static void make_block(struct pthread* self, unsigned thread) {
  self->self = self;
  self->detach_state = DT_JOINABLE;
  self->tid = (int)thread + 1;
  self->locale = &libc.global_locale;
  self->robust_list.head = &self->robust_list.head;
  self->next = self->prev = self;
}

uintptr_t flexos_thread_block(unsigned thread) {
  thread %= FLEXOS_THREADS;
  if (started[thread]) return (uintptr_t)started[thread];
  struct pthread* self = &blocks[thread];
  if (!self->self) make_block(self, thread);
  return (uintptr_t)self;
}

// The functions of musl that end thread-specific data and stdio locks, where a program uses them.
static void nothing(void) {}
weak_alias(nothing, __pthread_tsd_run_dtors);
weak_alias(nothing, __do_orphaned_stdio_locks);

static void begin(void* argument) {
  struct beginning* b = argument;
  const int number = thread_self();
  b->self.tid = number + 1;
  started[number] = &b->self;
  pthread_exit(b->start(b->argument));
}

static void lock_stdio(FILE* f) {
  if (f && f->lock < 0) f->lock = 0;
}

/// From the second thread on stdio takes its locks: a thread may wait while it writes.
static void become_threaded(void) {
  if (libc.threaded) return;
  for (FILE* f = *__ofl_lock(); f; f = f->next) lock_stdio(f);
  __ofl_unlock();
  lock_stdio(__stdin_used);
  lock_stdio(__stdout_used);
  lock_stdio(__stderr_used);
  libc.threaded = 1;
  libc.need_locks = 1;
}

static FILE* volatile no_file;
weak_alias(no_file, __stdin_used);
weak_alias(no_file, __stdout_used);
weak_alias(no_file, __stderr_used);

/// Stacks are the image's: what an attribute says of stacks and scheduling changes nothing.
int pthread_create(pthread_t* restrict result, const pthread_attr_t* restrict attribute,
                   void* (*start)(void*), void* restrict argument) {
  struct beginning* b = mmap(0, BLOCK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (b == MAP_FAILED) return EAGAIN;
  become_threaded();
  make_block(&b->self, 0);
  b->self.map_base = (unsigned char*)b;  // pthread_join gives it back
  b->self.map_size = BLOCK;
  if (attribute && attribute->_a_detach) b->self.detach_state = DT_DETACHED;
  b->start = start;
  b->argument = argument;
  const int number = thread_add(begin, b);
  if (number < 0) {
    munmap(b, BLOCK);
    return EAGAIN;
  }
  libc.threads_minus_1++;
  *result = &b->self;
  return 0;
}
weak_alias(pthread_create, __pthread_create);

_Noreturn void pthread_exit(void* result) {
  struct pthread* self = __pthread_self();
  const int number = thread_self();
  self->result = result;
  while (self->cancelbuf) {
    void (*f)(void*) = self->cancelbuf->__f;
    void* x = self->cancelbuf->__x;
    self->cancelbuf = self->cancelbuf->__next;
    f(x);
  }
  __pthread_tsd_run_dtors();
  __do_orphaned_stdio_locks();
  if (libc.threads_minus_1-- == 0) exit(0);  // the last one ends the program
  const int detached = self->detach_state == DT_DETACHED;
  self->detach_state = DT_EXITED;
  __wake((volatile int*)&self->detach_state, 1, 1);
  started[number] = 0;
  if (detached && self->map_base) munmap(self->map_base, self->map_size);
  // Thread 0 is the image's own and stays, asleep.
  for (;;) {
    thread_rm(number);
    thread_block(INT64_MAX);
  }
}

/// Threads end by themselves: there is no signal that would stop one.
int pthread_cancel(pthread_t thread) {
  (void)thread;
  return ENOSYS;
}

/// Nothing shows a thread's name.
int pthread_setname_np(pthread_t thread, const char* name) {
  (void)thread;
  return strnlen(name, NAME) < NAME ? 0 : ERANGE;
}
