// A TCP server on port 7 that sends back whatever it gets, to many clients at a time, and ends when
// a client's first byte is EOT (4). With it the network is tried from outside.
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 128, PIECE = 16 << 10 };

struct client {
  unsigned char data[PIECE];
  ssize_t from, to;  // of `data`, still to be sent
  int heard;
};

static struct pollfd watched[MOST];
static struct client clients[MOST];
static int count;

static int listener(void) {
  const int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  const struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons(7)};
  if (s < 0 || bind(s, (const struct sockaddr*)&place, sizeof place) != 0 || listen(s, 64) != 0) {
    printf("echo-server: error %d\n", errno);
    return -1;
  }
  return s;
}

static void drop(int i) {
  close(watched[i].fd);
  count--;
  watched[i] = watched[count];
  clients[i] = clients[count];
}

/// 1: the client wants us to end; -1: it is gone.
static int serve(int i) {
  struct client* c = &clients[i];
  if (c->from == c->to) {
    const ssize_t n = recv(watched[i].fd, c->data, PIECE, 0);
    if (n < 0 && errno == EAGAIN) return 0;
    if (n <= 0) return -1;
    if (!c->heard && c->data[0] == 4) return 1;
    c->heard = 1;
    c->from = 0;
    c->to = n;
  }
  const ssize_t n = send(watched[i].fd, c->data + c->from, (size_t)(c->to - c->from), 0);
  if (n < 0 && errno != EAGAIN) return -1;
  if (n > 0) c->from += n;
  watched[i].events = c->from == c->to ? POLLIN : POLLOUT;
  return 0;
}

int echo_server_main(void) {
  watched[0].fd = listener();
  if (watched[0].fd < 0) return 1;
  watched[0].events = POLLIN;
  count = 1;
  printf("echo-server: ready\n");
  fflush(stdout);
  long served = 0;
  for (;;) {
    if (poll(watched, (nfds_t)count, -1) < 0) return 1;
    for (int i = count - 1; i > 0; --i) {
      if (watched[i].revents == 0) continue;
      const int end = serve(i);
      if (end > 0) {
        printf("echo-server: served %ld\n", served);
        fflush(stdout);
        return 0;
      }
      if (end < 0) drop(i);
    }
    if (watched[0].revents == 0) continue;
    const int s = accept4(watched[0].fd, 0, 0, SOCK_NONBLOCK);
    if (s < 0) continue;
    if (count == MOST) {
      close(s);
      continue;
    }
    watched[count] = (struct pollfd){.fd = s, .events = POLLIN};
    clients[count] = (struct client){.heard = 0};
    count++;
    served++;
  }
}
