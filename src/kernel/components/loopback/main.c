// Sockets from a program's side, over 127.0.0.1: each check says its name and what it saw. One
// thread is both ends, so whatever would block shows itself as -EAGAIN.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "checks.h"

static int failures;

void check(const char* name, long got, long wanted) {
  if (got == wanted) {
    printf("ok %s\n", name);
    return;
  }
  printf("FAILED %s: %ld, expected %ld (errno %d)\n", name, got, wanted, errno);
  failures++;
}

struct sockaddr_in address_of(unsigned short port) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return a;
}

int listener(unsigned short port) {
  const int s = socket(AF_INET, SOCK_STREAM, 0);
  const struct sockaddr_in a = address_of(port);
  const int one = 1;
  setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(s, (const struct sockaddr*)&a, sizeof a) != 0 || listen(s, 4) != 0) return -1;
  return s;
}

int connection(unsigned short port) {
  const int s = socket(AF_INET, SOCK_STREAM, 0);
  const struct sockaddr_in a = address_of(port);
  return connect(s, (const struct sockaddr*)&a, sizeof a) == 0 ? s : -1;
}

static short ready(int s, short events, int wait) {
  struct pollfd p = {.fd = s, .events = events};
  return poll(&p, 1, wait) > 0 ? p.revents : 0;
}

/// A megabyte each way at once, through buffers that are smaller: bytes in order, none lost.
static void transfer(int a, int b) {
  enum { ALL = 1 << 20, PIECE = 5000 };
  static unsigned char out[PIECE], in[PIECE];
  const int ends[2] = {a, b};
  unsigned sent[2] = {0, 0}, got[2] = {0, 0}, wrong = 0;
  fcntl(a, F_SETFL, O_NONBLOCK);
  fcntl(b, F_SETFL, O_NONBLOCK);
  for (unsigned turn = 0; turn < 100000 && (got[0] < ALL || got[1] < ALL); ++turn) {
    const unsigned before = sent[0] + sent[1] + got[0] + got[1];
    for (int i = 0; i < 2; ++i) {
      unsigned n = ALL - sent[i] < PIECE ? ALL - sent[i] : PIECE;
      for (unsigned k = 0; k < n; ++k) out[k] = (unsigned char)((sent[i] + k) * 31 + (unsigned)i);
      const ssize_t put = n == 0 ? 0 : send(ends[i], out, n, 0);
      if (put > 0) sent[i] += (unsigned)put;
      const ssize_t read_now = recv(ends[i], in, sizeof in, 0);
      for (ssize_t k = 0; k < read_now; ++k) {
        wrong += in[k] != (unsigned char)((got[i] + (unsigned)k) * 31 + (unsigned)(1 - i));
      }
      if (read_now > 0) got[i] += (unsigned)read_now;
    }
    // Small rests wait for an acknowledgement, which waits for company (Nagle).
    if (sent[0] + sent[1] + got[0] + got[1] == before) ready(got[0] < ALL ? a : b, POLLIN, 1000);
  }
  check("both directions arrive", (long)got[0] + (long)got[1], 2L * ALL);
  check("in order", (long)wrong, 0);
  fcntl(a, F_SETFL, 0);
  fcntl(b, F_SETFL, 0);
}

static void streams(void) {
  const int server = listener(7000);
  check("a listener", server >= 0, 1);
  check("nobody waits yet", ready(server, POLLIN, 0), 0);
  const int client = connection(7000);
  check("a connection", client >= 0, 1);
  check("somebody waits", ready(server, POLLIN, 1000), POLLIN);
  struct sockaddr_in peer;
  socklen_t length = sizeof peer;
  const int served = accept(server, (struct sockaddr*)&peer, &length);
  check("accepted", served >= 0, 1);
  struct sockaddr_in own;
  socklen_t own_length = sizeof own;
  getsockname(client, (struct sockaddr*)&own, &own_length);
  check("the peer's port is the client's", peer.sin_port, own.sin_port);
  check("its address is the loopback's", ntohl(peer.sin_addr.s_addr), INADDR_LOOPBACK);

  char text[64] = {0};
  check("send", send(client, "hello", 5, 0), 5);
  check("there is something to read", ready(served, POLLIN, 1000), POLLIN);
  int pending = 0;
  check("FIONREAD", ioctl(served, FIONREAD, &pending) == 0 ? pending : -1, 5);
  check("a look", recv(served, text, sizeof text, MSG_PEEK), 5);
  check("a part", recv(served, text, 2, 0), 2);
  check("the rest", read(served, text + 2, sizeof text - 2), 3);
  check("what was sent", strcmp(text, "hello"), 0);
  check("no more", recv(served, text, sizeof text, MSG_DONTWAIT), -1);
  check("says EAGAIN", errno, EAGAIN);
  struct iovec parts[2] = {{(void*)"ab", 2}, {(void*)"cde", 3}};
  check("writev", writev(served, parts, 2), 5);
  check("MSG_WAITALL", recv(client, text, 5, MSG_WAITALL), 5);
  const int one = 1;
  check("TCP_NODELAY", setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one), 0);
  transfer(client, served);

  check("half closed", shutdown(client, SHUT_WR), 0);
  check("the end", recv(served, text, sizeof text, 0), 0);
  check("the other half is open", send(served, "bye", 3, 0), 3);
  check("and heard", recv(client, text, sizeof text, 0), 3);
  check("no way out", send(client, "x", 1, MSG_NOSIGNAL), -1);
  check("says EPIPE", errno, EPIPE);
  close(served);
  check("the client sees the end", recv(client, text, sizeof text, 0), 0);
  close(client);
  close(server);
  check("a closed number", send(client, "x", 1, 0), -1);
  check("says EBADF", errno, EBADF);
}

/// A reader that comes late: what was sent lies ready, and nothing of it has to be sent again.
static void late(void) {
  enum { SMALL = 300 };
  static char piece[5000];
  const int server = listener(7010);
  const int client = connection(7010);
  const int served = accept(server, 0, 0);
  long sent = 0, got = 0;
  ssize_t n = 0;
  do {
    while ((n = send(client, piece, sizeof piece, MSG_DONTWAIT)) > 0) sent += n;
  } while (ready(client, POLLOUT, 50));
  while ((n = recv(served, piece, sizeof piece, MSG_DONTWAIT)) > 0) got += n;
  check("a window and more was sent", sent > 200000, 1);
  check("and is there", got, sent);

  // More segments than a socket holds: lwIP keeps the next one, and the rest comes again.
  const int one = 1;
  setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  for (int i = 0; i < SMALL; ++i) send(client, "x", 1, 0);
  const long first = recv(served, piece, SMALL, MSG_DONTWAIT);
  check("a part of them", first > 0 && first < SMALL, 1);
  check("what was kept comes at once", recv(served, piece, SMALL, MSG_DONTWAIT) > 0, 1);
  close(served);
  close(client);
  close(server);
}

static void endings(void) {
  check("refused", connection(7001), -1);
  check("says ECONNREFUSED", errno, ECONNREFUSED);
  const int server = listener(7002);
  const int client = connection(7002);
  const int served = accept(server, 0, 0);
  check("unread", send(client, "unread", 6, 0), 6);
  check("has arrived", ready(served, POLLIN, 1000), POLLIN);
  close(served);
  char byte;
  check("the peer has reset", recv(client, &byte, 1, 0), -1);
  check("says ECONNRESET", errno, ECONNRESET);
  close(client);
  check("a bound port", listener(7002), -1);
  close(server);

  const int late = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  const int other = listener(7003);
  const struct sockaddr_in a = address_of(7003);
  const int begun = connect(late, (const struct sockaddr*)&a, sizeof a);
  check("begun or done", begun == 0 || errno == EINPROGRESS, 1);
  check("writable at last", ready(late, POLLOUT, 1000), POLLOUT);
  int error = -1;
  socklen_t size = sizeof error;
  getsockopt(late, SOL_SOCKET, SO_ERROR, &error, &size);
  check("without an error", error, 0);
  close(late);
  close(other);
  check("another family", socket(AF_INET6, SOCK_STREAM, 0), -1);
  check("says EAFNOSUPPORT", errno, EAFNOSUPPORT);
}

static void datagrams(void) {
  const int a = socket(AF_INET, SOCK_DGRAM, 0);
  const int b = socket(AF_INET, SOCK_DGRAM, 0);
  const struct sockaddr_in place = address_of(7100);
  check("bound", bind(a, (const struct sockaddr*)&place, sizeof place), 0);
  check("sent", sendto(b, "datagram", 8, 0, (const struct sockaddr*)&place, sizeof place), 8);
  char text[64];
  struct sockaddr_in from;
  socklen_t length = sizeof from;
  check("cut", recvfrom(a, text, 4, 0, (struct sockaddr*)&from, &length), 4);
  check("answered", sendto(a, "again", 5, 0, (struct sockaddr*)&from, sizeof from), 5);
  check("heard", recv(b, text, sizeof text, 0), 5);
  check("the rest is gone", recv(a, text, sizeof text, MSG_DONTWAIT), -1);
  close(a);
  close(b);
}

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void waiting(void) {
  const int s = socket(AF_INET, SOCK_DGRAM, 0);
  const struct sockaddr_in place = address_of(7200);
  bind(s, (const struct sockaddr*)&place, sizeof place);
  long long since = now();
  check("poll: nothing came", ready(s, POLLIN, 20), 0);
  check("after its time", now() - since >= 20000000, 1);
  fd_set set;
  FD_ZERO(&set);
  FD_SET(s, &set);
  struct timeval pause = {.tv_usec = 20000};
  since = now();
  check("select: nothing came", select(s + 1, &set, 0, 0, &pause), 0);
  check("after its time", now() - since >= 20000000, 1);
  char byte;
  const struct timeval patience = {.tv_usec = 10000};
  setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  check("SO_RCVTIMEO", recv(s, &byte, 1, 0), -1);
  check("says EAGAIN", errno, EAGAIN);
  close(s);
}

/// Sockets come and go: none may be left behind, or the table is full some day.
static void churn(void) {
  const int server = listener(7300);
  int round = 0;
  for (; round < 2000; ++round) {
    const int client = connection(7300);
    const int served = accept(server, 0, 0);
    char byte = 0;
    if (client < 0 || served < 0 || send(client, "x", 1, 0) != 1 ||
        recv(served, &byte, 1, 0) != 1 || byte != 'x') {
      break;
    }
    close(round % 2 == 0 ? client : served);
    close(round % 2 == 0 ? served : client);
  }
  check("2000 connections, one after the other", round, 2000);
  close(server);
}

int loopback_main(void) {
  setvbuf(stdout, 0, _IOLBF, 0);
  streams();
  late();
  endings();
  datagrams();
  waiting();
  events();
  churn();
  printf("failures %d\n", failures);
  fflush(stdout);
  return failures == 0 ? 0 : 1;
}
