#include "lwip/ready.h"

#include "flexos/abi.h"
#include "lwip/lwip_sockets.h"
#include "lwip/tcp_socket.h"

namespace ready {

uint64_t Pulse::moments = 0;

namespace {

using sockets::Kind;
using sockets::Socket;
using sockets::State;

static_assert(kForeign == FLEXOS_FIRST_SOCKET);

struct Foreign {
  bool known;
  int bits;
  Pulse pulse;
};

constinit Foreign foreign[kForeign] = {};

int of_stream(const Socket* s) {
  int r = 0;
  if (tcp::readable(s) > 0 || s->finished || s->shut_read) r |= FLEXOS_POLLIN;
  if (tcp::writable(s) && !s->shut_write) r |= FLEXOS_POLLOUT;
  if (s->finished) r |= FLEXOS_POLLRDHUP;
  if (s->state == State::failed) r |= FLEXOS_POLLIN | FLEXOS_POLLOUT | FLEXOS_POLLHUP;
  if (s->state == State::fresh) r |= FLEXOS_POLLOUT | FLEXOS_POLLHUP;  // as Linux has it
  if (s->finished && s->shut_write) r |= FLEXOS_POLLHUP;
  return r;
}

int of_socket(const Socket* s) {
  switch (s->kind) {
    case Kind::listener:
      return s->waiting_count > 0 ? FLEXOS_POLLIN : 0;
    case Kind::udp:
      return (s->datagram_count > 0 ? FLEXOS_POLLIN : 0) | FLEXOS_POLLOUT;
    case Kind::tcp:
      return of_stream(s);
    default:
      return 0;
  }
}

}  // namespace

int of(int descriptor, int wanted) {
  constexpr int kUnasked = FLEXOS_POLLERR | FLEXOS_POLLHUP;
  if (descriptor >= 0 && descriptor < kForeign) {
    const Foreign& f = foreign[descriptor];
    return f.known ? f.bits & (wanted | kUnasked) : FLEXOS_POLLNVAL;
  }
  const Socket* s = sockets::find(descriptor);
  if (s == nullptr) return FLEXOS_POLLNVAL;
  const int error = s->error != 0 ? FLEXOS_POLLERR : 0;
  return (of_socket(s) | error) & (wanted | kUnasked);
}

Pulse* pulse(int descriptor) {
  if (descriptor >= 0 && descriptor < kForeign) return &foreign[descriptor].pulse;
  Socket* s = sockets::find(descriptor);
  return s == nullptr ? nullptr : &s->pulse;
}

void note(int descriptor, int bits) {
  if (descriptor < 0 || descriptor >= kForeign) return;
  Foreign& f = foreign[descriptor];
  const int now = bits >= 0 ? bits : 0;
  if ((now & ~f.bits) != 0) {
    f.pulse.rise();
  } else {
    f.pulse.touch();
  }
  f.known = bits >= 0;
  f.bits = now;
}

}  // namespace ready
