// Descriptors that are waited for: each check says its name and what it saw.
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "checks.h"

enum { LARGE = 200 << 10 };

static char large[LARGE];

static int watch(int set, int operation, int fd, unsigned events) {
  struct epoll_event e = {.events = events, .data = {.u64 = (uint64_t)fd << 32 | 7}};
  return epoll_ctl(set, operation, fd, &e);
}

/// The events of the only descriptor that is ready: of `fd`, or what went wrong.
static long sole(int set, int fd, int wait) {
  struct epoll_event e[4];
  const int n = epoll_wait(set, e, 4, wait);
  if (n != 1) return -n;
  return e[0].data.u64 == ((uint64_t)fd << 32 | 7) ? (long)e[0].events : -100;
}

static void pipes(void) {
  int p[2];
  char text[16];
  check("pipe", pipe2(p, O_NONBLOCK), 0);
  check("empty", read(p[0], text, sizeof text), -1);
  check("says EAGAIN", errno, EAGAIN);
  check("in", write(p[1], "through", 7), 7);
  check("out", read(p[0], text, 4), 4);
  check("the rest", read(p[0], text + 4, sizeof text - 4), 3);
  check("the same", memcmp(text, "through", 7), 0);
  check("not its way", write(p[0], "x", 1), -1);
  check("says EBADF", errno, EBADF);
  check("no place in it", lseek(p[0], 0, SEEK_SET), -1);
  long put = 0;
  long n = 0;
  while ((n = write(p[1], large, 3000)) > 0) put += n;
  check("full behind 64 KiB", put > 60000 && put <= 65536, 1);
  struct pollfd list = {.fd = p[1], .events = POLLOUT};
  check("poll: no room", poll(&list, 1, 0), 0);
  while ((n = read(p[0], large, sizeof large)) > 0) put -= n;
  check("all came out", put, 0);
  check("poll: room", poll(&list, 1, 0), 1);
  close(p[0]);
  check("poll: nobody reads", poll(&list, 1, 0), 1);
  check("POLLERR", (list.revents & POLLERR) != 0, 1);
  check("broken", write(p[1], "x", 1), -1);
  check("says EPIPE", errno, EPIPE);
  close(p[1]);
  check("closed", poll(&list, 1, 0), 1);
  check("POLLNVAL", list.revents, POLLNVAL);
}

static void counters(void) {
  uint64_t n = 0;
  const int e = eventfd(3, EFD_NONBLOCK);
  check("eventfd", read(e, &n, sizeof n), 8);
  check("its value", (long)n, 3);
  check("is gone", read(e, &n, sizeof n), -1);
  n = 5;
  check("add", write(e, &n, sizeof n), 8);
  check("add", write(e, &n, sizeof n), 8);
  check("both", read(e, &n, sizeof n), 8);
  check("its value", (long)n, 10);
  close(e);
  const int s = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
  check("semaphore", read(s, &n, sizeof n), 8);
  check("one at a time", (long)n, 1);
  check("and the other", read(s, &n, sizeof n), 8);
  check("no third", read(s, &n, sizeof n), -1);
  close(s);
}

static void sets(void) {
  const int server = listener(7400);
  const int a = connection(7400);
  const int b = accept(server, 0, 0);
  const int set = epoll_create1(0);
  char text[16];
  const int one = 1;
  setsockopt(a, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  check("add", watch(set, EPOLL_CTL_ADD, b, EPOLLIN), 0);
  check("not twice", watch(set, EPOLL_CTL_ADD, b, EPOLLIN), -1);
  check("says EEXIST", errno, EEXIST);
  check("nothing yet", sole(set, b, 10), 0);
  send(a, "12", 2, 0);
  check("level", sole(set, b, 100), EPOLLIN);
  check("still there", sole(set, b, 0), EPOLLIN);
  check("also writing", watch(set, EPOLL_CTL_MOD, b, EPOLLIN | EPOLLOUT), 0);
  check("both", sole(set, b, 0), EPOLLIN | EPOLLOUT);
  watch(set, EPOLL_CTL_MOD, b, EPOLLIN | EPOLLET);
  check("edge", sole(set, b, 0), EPOLLIN);
  check("not again", sole(set, b, 0), 0);
  send(a, "3", 1, 0);
  check("until more comes", sole(set, b, 100), EPOLLIN);
  watch(set, EPOLL_CTL_MOD, b, EPOLLIN | EPOLLONESHOT);
  check("one shot", sole(set, b, 0), EPOLLIN);
  check("and no more", sole(set, b, 0), 0);
  watch(set, EPOLL_CTL_MOD, b, EPOLLIN);
  check("read", recv(b, text, sizeof text, 0), 3);
  check("nothing left", sole(set, b, 0), 0);

  int p[2];
  pipe(p);
  check("a pipe beside it", watch(set, EPOLL_CTL_ADD, p[0], EPOLLIN), 0);
  check("nothing yet", sole(set, p[0], 0), 0);
  write(p[1], "x", 1);
  check("the pipe", sole(set, p[0], 0), EPOLLIN);
  send(a, "4", 1, 0);
  struct epoll_event e[4];
  check("the socket, too", epoll_wait(set, e, 4, 100), 2);
  check("one place", epoll_wait(set, e, 1, 0), 1);
  const uint64_t first = e[0].data.u64;
  check("one place", epoll_wait(set, e, 1, 0), 1);
  check("in turn", first != e[0].data.u64, 1);
  read(p[0], text, 1);
  recv(b, text, 1, 0);
  check("quiet again", epoll_wait(set, e, 4, 0), 0);
  // Not in the order in which they are watched, and whatever was reported before.
  write(p[1], "x", 1);
  send(a, "5", 1, 0);
  check("both", epoll_wait(set, e, 4, 100), 2);
  check("the pipe came first", (long)(e[0].data.u64 >> 32), p[0]);
  read(p[0], text, 1);
  recv(b, text, 1, 0);
  check("quiet again", epoll_wait(set, e, 4, 0), 0);
  send(a, "6", 1, 0);
  send(a, "7", 1, 0);
  usleep(20000);
  write(p[1], "x", 1);
  check("both", epoll_wait(set, e, 4, 100), 2);
  check("now the socket did", (long)(e[0].data.u64 >> 32), b);
  read(p[0], text, 1);
  recv(b, text, sizeof text, 0);
  close(p[1]);
  check("the writer is gone", sole(set, p[0], 0), EPOLLHUP);
  close(p[0]);
  check("closed is not watched", sole(set, p[0], 0), 0);
  check("the peer closes", close(a), 0);
  check("is an event", sole(set, b, 100), EPOLLIN);
  check("take away", watch(set, EPOLL_CTL_DEL, b, 0), 0);
  check("not twice", watch(set, EPOLL_CTL_DEL, b, 0), -1);
  check("says ENOENT", errno, ENOENT);
  check("add", watch(set, EPOLL_CTL_ADD, b, EPOLLIN), 0);
  close(b);
  check("closed is not watched", sole(set, b, 0), 0);
  const int file = open("/file", O_CREAT | O_RDWR, 0600);
  check("files are always ready", watch(set, EPOLL_CTL_ADD, file, EPOLLIN), -1);
  check("says EPERM", errno, EPERM);
  close(file);
  close(set);
  close(server);
}

static int ends[2];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static int turn;

/// Writes more than a pipe holds: it has to wait for the reader.
static void* fill(void* argument) {
  memset(large, 'a', sizeof large);
  const long n = write(ends[1], large, sizeof large);
  close(ends[1]);
  return (void*)(n + (long)argument);
}

static void* later(void* argument) {
  const struct timespec pause = {.tv_nsec = 20000000};
  nanosleep(&pause, 0);
  write((int)(long)argument, "x", 1);
  return 0;
}

static void* answer(void* argument) {
  pthread_mutex_lock(&mutex);
  for (int i = 0; i < (long)argument; ++i) {
    while (turn != 1) pthread_cond_wait(&condition, &mutex);
    turn = 0;
    pthread_cond_broadcast(&condition);
  }
  pthread_mutex_unlock(&mutex);
  return 0;
}

static void* once(void* argument) {
  *(int*)argument += 1;
  return 0;
}

/// Who always finds something to read keeps nobody else from running.
static void fairness(void) {
  static char text[1000];
  pthread_t thread;
  int ran = 0;
  const int server = listener(7500);
  const int a = connection(7500);
  const int b = accept(server, 0, 0);
  send(a, text, sizeof text, 0);
  recv(b, text, 1, 0);
  pthread_create(&thread, 0, once, &ran);
  for (int i = 0; i < 500; ++i) recv(b, text, 1, MSG_DONTWAIT);
  check("another thread ran meanwhile", ran, 1);
  pthread_join(thread, 0);
  close(a);
  close(b);
  close(server);
}

static void threads(void) {
  static char text[5000];
  pthread_t thread;
  pipe(ends);
  check("thread", pthread_create(&thread, 0, fill, (void*)1), 0);
  long sum = 0;
  long n = 0;
  while ((n = read(ends[0], text, sizeof text)) > 0) sum += n;
  check("the end", n, 0);
  check("all of it", sum, LARGE);
  void* result = 0;
  check("join", pthread_join(thread, &result), 0);
  check("its result", (long)result, LARGE + 1);
  close(ends[0]);

  pipe(ends);
  const int set = epoll_create1(0);
  watch(set, EPOLL_CTL_ADD, ends[0], EPOLLIN);
  pthread_create(&thread, 0, later, (void*)(long)ends[1]);
  check("epoll waits for a thread", sole(set, ends[0], 5000), EPOLLIN);
  pthread_join(thread, 0);
  read(ends[0], text, 1);
  pthread_create(&thread, 0, later, (void*)(long)ends[1]);
  struct pollfd list = {.fd = ends[0], .events = POLLIN};
  check("so does poll", poll(&list, 1, 5000), 1);
  pthread_join(thread, 0);
  close(set);
  close(ends[0]);
  close(ends[1]);

  pthread_create(&thread, 0, answer, (void*)100);
  pthread_mutex_lock(&mutex);
  int rounds = 0;
  for (; rounds < 100; ++rounds) {
    turn = 1;
    pthread_cond_signal(&condition);
    while (turn != 0) pthread_cond_wait(&condition, &mutex);
  }
  pthread_mutex_unlock(&mutex);
  pthread_join(thread, 0);
  check("in turn, 100 times", rounds, 100);
  int made = 0;
  for (; made < 200; ++made) {
    if (pthread_create(&thread, 0, later, (void*)-1) != 0) break;
    if (made % 4 == 3)
      pthread_join(thread, 0);
    else
      pthread_detach(thread);
  }
  check("200 threads, one after the other", made, 200);
}

void events(void) {
  pipes();
  counters();
  sets();
  threads();
  fairness();
}
