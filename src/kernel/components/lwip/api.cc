#include <string.h>

#include "flexos/abi.h"
#include "lwip/epoll.h"
#include "lwip/lwip_sockets.h"
#include "lwip/net.h"
#include "lwip/ready.h"
#include "lwip/tcp_socket.h"
#include "lwip/udp_socket.h"
#include "sched/sched.h"
#include "time/time.h"

/// The entry points: what POSIX says of a call, over tcp_socket and udp_socket, which never wait.
/// Numbers from outside are checked here; pointers have been by the gate.

using sockets::Kind;
using sockets::Socket;
using sockets::State;

namespace {

constexpr int kInet = 2;
constexpr int kStream = 1;
constexpr int kDatagram = 2;
constexpr int kTypes = 0xf;
constexpr int kPeek = 2, kDontWait = 0x40, kWaitAll = 0x100, kMore = 0x8000;
constexpr int kSocketLevel = 1, kTcpLevel = 6;
constexpr int kReuse = 2, kType = 3, kError = 4, kBroadcast = 6, kSendBuffer = 7,
              kReceiveBuffer = 8, kKeepAlive = 9, kLinger = 13, kReusePort = 15,
              kReceiveTimeout = 20, kSendTimeout = 21, kAccepts = 30;
constexpr int kNoDelay = 1, kKeepIdle = 4, kKeepInterval = 5, kKeepCount = 6;
constexpr int64_t kSecond = 1'000'000'000;
constexpr size_t kLargest = 1U << 30;

uint16_t swapped(uint16_t x) { return static_cast<uint16_t>(x << 8 | x >> 8); }

/// 0, or -EINVAL, -EAFNOSUPPORT.
int read_address(const void* name, uint32_t len, flexos_address* a) {
  if (name == nullptr || len < sizeof *a) return -FLEXOS_EINVAL;
  memcpy(a, name, sizeof *a);
  return a->family == kInet ? 0 : -FLEXOS_EAFNOSUPPORT;
}

/// As much as there is room for; `len` then says how long it is.
void write_address(uint32_t address, uint16_t port, void* name, uint32_t* len) {
  if (name == nullptr || len == nullptr) return;
  flexos_address a{.family = kInet, .port = swapped(port), .address = address, .zero = {}};
  memcpy(name, &a, *len < sizeof a ? *len : sizeof a);
  *len = sizeof a;
}

int64_t until(int64_t patience) {
  return patience == 0 ? INT64_MAX : time_now(FLEXOS_CLOCK_MONOTONIC) + patience;
}

int take_error(Socket* s) {
  const int error = s->error;
  s->error = 0;
  return error;
}

bool is_stream(const Socket* s) { return s->kind == Kind::tcp; }

int64_t receive(Socket* s, void* buffer, size_t n, int flags, uint32_t* from, uint16_t* port) {
  const bool waits = !s->nonblocking && (flags & kDontWait) == 0;
  const bool keep = (flags & kPeek) != 0;
  const int64_t most = n > kLargest ? kLargest : static_cast<int64_t>(n);
  int64_t deadline = 0;  // 0: not asked for the time yet, since nobody has had to wait
  const int number = sockets::descriptor_of(s);
  int64_t done = 0;
  // Who finds something in a stream is not made to look at the device first: on `linux` each look
  // is a system call. What is taken frees the window, and the next call finds nothing and looks.
  if (s->kind != Kind::tcp || tcp::readable(s) == 0) net::pump();
  for (;;) {
    if (s->kind == Kind::listener || s->kind == Kind::epoll) return -FLEXOS_ENOTCONN;
    if (s->kind == Kind::udp) {
      const int64_t got = udp::take(s, buffer, static_cast<uint32_t>(most), keep, from, port);
      if (got >= 0) return got;
      if (s->shut_read) return 0;
    } else {
      if (s->state == State::fresh) return -FLEXOS_ENOTCONN;
      done +=
          tcp::take(s, static_cast<char*>(buffer) + done, static_cast<uint32_t>(most - done), keep);
      if (done == most || (done > 0 && ((flags & kWaitAll) == 0 || keep))) return done;
      if (s->finished || s->shut_read) {
        if (done > 0) return done;
        return s->error != 0 ? -take_error(s) : 0;
      }
    }
    if (!waits) return done > 0 ? done : -FLEXOS_EAGAIN;
    if (deadline == 0) deadline = until(s->patience_in);
    if (!net::wait(deadline)) return done > 0 ? done : -FLEXOS_EAGAIN;
    if (sockets::find(number) != s) return -FLEXOS_EBADF;  // closed by another thread
  }
}

int64_t transmit(Socket* s, const void* bytes, size_t n, int flags, uint32_t to, uint16_t port) {
  const bool waits = !s->nonblocking && (flags & kDontWait) == 0;
  const int64_t all = n > kLargest ? kLargest : static_cast<int64_t>(n);
  if (s->kind == Kind::udp) {
    const int64_t sent = udp::put(s, bytes, static_cast<uint32_t>(all), to, port);
    net::pump();
    return sent;
  }
  if (s->kind != Kind::tcp) return -FLEXOS_ENOTCONN;
  const int64_t deadline = waits ? until(s->patience_out) : 0;
  const int number = sockets::descriptor_of(s);
  int64_t done = 0;
  for (;;) {
    if (s->error != 0) return done > 0 ? done : -take_error(s);
    if (s->shut_write || s->state == State::failed) return done > 0 ? done : -FLEXOS_EPIPE;
    if (s->state == State::fresh) return -FLEXOS_ENOTCONN;
    if (s->state == State::connected) {
      const int64_t put = tcp::put(s, static_cast<const char*>(bytes) + done,
                                   static_cast<uint32_t>(all - done), (flags & kMore) != 0);
      if (put < 0) return done > 0 ? done : put;
      done += put;
      if (done == all) break;
    }
    if (!waits) {
      net::pump();
      return done > 0 ? done : -FLEXOS_EAGAIN;
    }
    if (!net::wait(deadline)) return done > 0 ? done : -FLEXOS_EAGAIN;
    if (sockets::find(number) != s) return done > 0 ? done : -FLEXOS_EBADF;
  }
  // It is on the wire already. Acknowledgements can wait until somebody asks for something or the
  // buffer is full.
  net::deliver();
  return done;
}

int option_of_socket(Socket* s, int option, const void* value, uint32_t len, int number) {
  switch (option) {
    case kReuse:
    case kReusePort:
      s->reuse = number != 0;
      return 0;
    case kKeepAlive:
      if (s->tcp == nullptr || s->kind != Kind::tcp) return 0;
      if (number != 0) {
        ip_set_option(s->tcp, SOF_KEEPALIVE);
      } else {
        ip_reset_option(s->tcp, SOF_KEEPALIVE);
      }
      return 0;
    case kReceiveTimeout:
    case kSendTimeout: {
      int64_t time[2];  // struct timeval
      if (len < sizeof time) return -FLEXOS_EINVAL;
      memcpy(time, value, sizeof time);
      if (time[0] < 0 || time[0] > 1'000'000'000 || time[1] < 0 || time[1] >= 1'000'000) {
        return -FLEXOS_EINVAL;
      }
      (option == kReceiveTimeout ? s->patience_in : s->patience_out) =
          time[0] * kSecond + time[1] * 1000;
      return 0;
    }
    case kBroadcast:
      if (s->udp != nullptr && number != 0) ip_set_option(s->udp, SOF_BROADCAST);
      return 0;
    case kSendBuffer:  // buffers have the sizes of lwipopts.h
    case kReceiveBuffer:
    case kLinger:  // close never waits
      return 0;
    default:
      return -FLEXOS_ENOPROTOOPT;
  }
}

int option_of_tcp(Socket* s, int option, int number) {
  if (!is_stream(s) && s->kind != Kind::listener) return -FLEXOS_EOPNOTSUPP;
  if (s->tcp == nullptr || s->kind == Kind::listener) return 0;
  const auto milliseconds = static_cast<uint32_t>(number) * 1000;
  if (option != kNoDelay && (number < 1 || number > 32767)) return -FLEXOS_EINVAL;
  switch (option) {
    case kNoDelay:
      s->no_delay = number != 0;
      if (number != 0) {
        tcp_nagle_disable(s->tcp);
      } else {
        tcp_nagle_enable(s->tcp);
      }
      return 0;
    case kKeepIdle:
      s->tcp->keep_idle = milliseconds;
      return 0;
    case kKeepInterval:
      s->tcp->keep_intvl = milliseconds;
      return 0;
    case kKeepCount:
      s->tcp->keep_cnt = static_cast<uint32_t>(number);
      return 0;
    default:
      return -FLEXOS_ENOPROTOOPT;
  }
}

}  // namespace

extern "C" int lwip_socket(int domain, int type, int protocol) {
  net::start();
  if (domain != kInet) return -FLEXOS_EAFNOSUPPORT;
  const int kind = type & kTypes;
  if (kind != kStream && kind != kDatagram) return -FLEXOS_EPROTONOSUPPORT;
  if (protocol != 0 && protocol != (kind == kStream ? 6 : 17)) return -FLEXOS_EPROTONOSUPPORT;
  Socket* s = sockets::make(kind == kStream ? Kind::tcp : Kind::udp);
  if (s == nullptr) return -FLEXOS_EMFILE;
  s->nonblocking = (type & FLEXOS_O_NONBLOCK) != 0;
  const int error = kind == kStream ? tcp::open(s) : udp::open(s);
  if (error == 0) return sockets::descriptor_of(s);
  sockets::release(s);
  return error;
}

extern "C" int lwip_bind(int number, const void* name, uint32_t len) {
  Socket* s = sockets::find(number);
  if (s == nullptr) return -FLEXOS_EBADF;
  flexos_address a;
  if (const int error = read_address(name, len, &a)) return error;
  return s->kind == Kind::udp ? udp::bind(s, a.address, swapped(a.port))
                              : tcp::bind(s, a.address, swapped(a.port));
}

extern "C" int lwip_listen(int number, int backlog) {
  Socket* s = sockets::find(number);
  if (s == nullptr) return -FLEXOS_EBADF;
  return s->kind == Kind::udp ? -FLEXOS_EOPNOTSUPP : tcp::listen(s, backlog);
}

extern "C" int lwip_accept(int number, void* name, uint32_t* len, int flags) {
  Socket* s = sockets::find(number);
  if (s == nullptr) return -FLEXOS_EBADF;
  if (s->kind != Kind::listener) return -FLEXOS_EINVAL;
  net::pump();
  const int64_t deadline = until(s->patience_in);
  for (;;) {
    if (Socket* fresh = tcp::next(s)) {
      fresh->nonblocking = (flags & FLEXOS_O_NONBLOCK) != 0;
      if (fresh->tcp != nullptr) {
        write_address(fresh->tcp->remote_ip.addr, fresh->tcp->remote_port, name, len);
      } else {
        write_address(0, 0, name, len);
      }
      return sockets::descriptor_of(fresh);
    }
    if (s->nonblocking || !net::wait(deadline)) return -FLEXOS_EAGAIN;
    if (sockets::find(number) != s) return -FLEXOS_EBADF;
  }
}

extern "C" int lwip_connect(int number, const void* name, uint32_t len) {
  Socket* s = sockets::find(number);
  if (s == nullptr) return -FLEXOS_EBADF;
  flexos_address a;
  if (const int error = read_address(name, len, &a)) return error;
  if (s->kind == Kind::udp) return udp::connect(s, a.address, swapped(a.port));
  if (const int error = tcp::connect(s, a.address, swapped(a.port))) return error;
  net::pump();
  const int64_t deadline = until(s->patience_out);
  while (s->state == State::connecting) {
    if (s->nonblocking) return -FLEXOS_EINPROGRESS;
    if (!net::wait(deadline)) return -FLEXOS_EINPROGRESS;
    if (sockets::find(number) != s) return -FLEXOS_EBADF;
  }
  return s->state == State::connected ? 0 : -take_error(s);
}

extern "C" int lwip_name(int number, int peer, void* name, uint32_t* len) {
  Socket* s = sockets::find(number);
  if (s == nullptr) return -FLEXOS_EBADF;
  if (name == nullptr || len == nullptr) return -FLEXOS_EFAULT;
  if (peer == 0) {
    const bool live = s->kind == Kind::tcp && s->tcp != nullptr && s->state == State::connected;
    write_address(live ? s->tcp->local_ip.addr : s->bound, s->port, name, len);
    return 0;
  }
  if (s->state != State::connected) return -FLEXOS_ENOTCONN;
  if (s->kind == Kind::udp) {
    write_address(s->udp->remote_ip.addr, s->udp->remote_port, name, len);
    return 0;
  }
  if (s->tcp == nullptr) return -FLEXOS_ENOTCONN;
  write_address(s->tcp->remote_ip.addr, s->tcp->remote_port, name, len);
  return 0;
}

extern "C" int lwip_setsockopt(int number, int level, int option, const void* value, uint32_t len) {
  Socket* s = sockets::find(number);
  if (s == nullptr) return -FLEXOS_EBADF;
  int n = 0;
  if (value == nullptr || len < sizeof n) return -FLEXOS_EINVAL;
  memcpy(&n, value, sizeof n);
  if (level == kSocketLevel) return option_of_socket(s, option, value, len, n);
  if (level == kTcpLevel) return option_of_tcp(s, option, n);
  return -FLEXOS_ENOPROTOOPT;
}

extern "C" int lwip_getsockopt(int number, int level, int option, void* value, uint32_t* len) {
  Socket* s = sockets::find(number);
  if (s == nullptr) return -FLEXOS_EBADF;
  if (value == nullptr || len == nullptr || *len < sizeof(int)) return -FLEXOS_EINVAL;
  int n = 0;
  if (level == kSocketLevel) {
    switch (option) {
      case kError:
        net::pump();
        n = take_error(s);
        break;
      case kType:
        n = s->kind == Kind::udp ? kDatagram : kStream;
        break;
      case kReuse:
        n = s->reuse ? 1 : 0;
        break;
      case kSendBuffer:
        n = TCP_SND_BUF;
        break;
      case kReceiveBuffer:
        n = TCP_WND;
        break;
      case kAccepts:
        n = s->kind == Kind::listener ? 1 : 0;
        break;
      default:
        return -FLEXOS_ENOPROTOOPT;
    }
  } else if (level == kTcpLevel && option == kNoDelay) {
    n = s->no_delay ? 1 : 0;
  } else if (level == kTcpLevel && option == 2) {
    n = TCP_MSS;
  } else {
    return -FLEXOS_ENOPROTOOPT;
  }
  memcpy(value, &n, sizeof n);
  *len = sizeof n;
  return 0;
}

extern "C" int64_t lwip_recvfrom(int number, void* buffer, size_t n, int flags, void* name,
                                 uint32_t* len) {
  net::take_turns();
  Socket* s = sockets::find(number);
  if (s == nullptr) return -FLEXOS_EBADF;
  if (n == 0 && s->kind == Kind::tcp) return 0;
  uint32_t from = 0;
  uint16_t port = 0;
  const int64_t got = receive(s, buffer, n, flags, &from, &port);
  if (got >= 0 && port != 0) {
    write_address(from, port, name, len);
  } else if (len != nullptr) {
    *len = 0;
  }
  return got;
}

extern "C" int64_t lwip_recv(int number, void* buffer, size_t n, int flags) {
  return lwip_recvfrom(number, buffer, n, flags, nullptr, nullptr);
}

extern "C" int64_t lwip_sendto(int number, const void* buffer, size_t n, int flags,
                               const void* name, uint32_t len) {
  Socket* s = sockets::find(number);
  if (s == nullptr) return -FLEXOS_EBADF;
  flexos_address a{};
  if (name != nullptr && len != 0 && s->kind == Kind::udp) {
    if (const int error = read_address(name, len, &a)) return error;
    if (a.port == 0) return -FLEXOS_EINVAL;
  }
  return transmit(s, buffer, n, flags, a.address, swapped(a.port));
}

extern "C" int64_t lwip_send(int number, const void* buffer, size_t n, int flags) {
  return lwip_sendto(number, buffer, n, flags, nullptr, 0);
}

extern "C" int lwip_shutdown(int number, int how) {
  Socket* s = sockets::find(number);
  if (s == nullptr) return -FLEXOS_EBADF;
  if (how < 0 || how > 2) return -FLEXOS_EINVAL;
  if (s->kind == Kind::tcp && s->state != State::connected) return -FLEXOS_ENOTCONN;
  if (how != 1) s->shut_read = true;
  if (how != 0 && s->kind == Kind::tcp && !s->shut_write) tcp::finish(s);
  net::changed();
  net::pump();
  return 0;
}

extern "C" int lwip_close(int number) {
  Socket* s = sockets::find(number);
  if (s == nullptr) return -FLEXOS_EBADF;
  epoll::forget(number);
  if (s->kind == Kind::epoll) {
    epoll::release(s->set);
  } else if (s->kind == Kind::udp) {
    udp::close(s);
  } else {
    tcp::close(s);
  }
  sockets::release(s);
  net::changed();
  net::pump();
  return 0;
}

extern "C" int lwip_control(int number, int command, int64_t argument) {
  Socket* s = sockets::find(number);
  if (s == nullptr) return -FLEXOS_EBADF;
  switch (command) {
    case FLEXOS_F_GETFL:
      return FLEXOS_O_RDWR | (s->nonblocking ? FLEXOS_O_NONBLOCK : 0);
    case FLEXOS_F_SETFL:
      s->nonblocking = (argument & FLEXOS_O_NONBLOCK) != 0;
      return 0;
    case FLEXOS_F_GETFD:
    case FLEXOS_F_SETFD:  // nothing is ever executed
      return 0;
    default:
      return -FLEXOS_EINVAL;
  }
}

extern "C" int lwip_pending(int number) {
  Socket* s = sockets::find(number);
  if (s == nullptr) return -FLEXOS_EBADF;
  net::pump();
  if (s->kind == Kind::tcp) return static_cast<int>(tcp::readable(s));
  return s->datagram_count > 0 ? s->datagrams[s->first_datagram].data->tot_len : 0;
}

extern "C" int lwip_poll(flexos_poll* list, size_t n, int64_t deadline) {
  constexpr size_t kMostPolled = 1024;
  if (n > kMostPolled) return -FLEXOS_EINVAL;
  net::pump();
  for (;;) {
    int count = 0;
    for (size_t i = 0; i < n; i++) {
      flexos_poll& p = list[i];
      p.ready = 0;
      if (p.fd < 0) continue;
      p.ready = static_cast<int16_t>(ready::of(p.fd, p.events));
      if (p.ready != 0) count++;
    }
    if (count > 0 || deadline <= 0) return count;
    if (!net::wait(deadline)) deadline = 0;  // one last look
  }
}

extern "C" int lwip_epoll_create() {
  Socket* s = sockets::make(Kind::epoll);
  if (s == nullptr) return -FLEXOS_EMFILE;
  s->set = epoll::make();
  if (s->set != nullptr) return sockets::descriptor_of(s);
  sockets::release(s);
  return -FLEXOS_ENOMEM;
}

extern "C" int lwip_epoll_control(int set, int operation, int descriptor, uint32_t events,
                                  uint64_t data) {
  Socket* s = sockets::find(set);
  if (s == nullptr) return -FLEXOS_EBADF;
  if (s->kind != Kind::epoll) return -FLEXOS_EINVAL;
  const Socket* watched = sockets::find(descriptor);
  if (watched != nullptr && watched->kind == Kind::epoll) return -FLEXOS_EINVAL;
  return epoll::control(s->set, operation, descriptor, events, data);
}

extern "C" int lwip_epoll_wait(int set, flexos_event* events, size_t n, int64_t deadline) {
  constexpr size_t kMostEvents = 4096;
  if (n == 0 || n > kMostEvents) return -FLEXOS_EINVAL;
  net::take_turns();
  net::pump();
  for (;;) {
    const Socket* s = sockets::find(set);
    if (s == nullptr) return -FLEXOS_EBADF;
    if (s->kind != Kind::epoll) return -FLEXOS_EINVAL;
    const int count = epoll::collect(s->set, events, n);
    if (count > 0 || deadline <= 0) return count;
    if (!net::wait(deadline)) deadline = 0;  // one last look
  }
}

extern "C" void lwip_note(int descriptor, int bits) {
  if (bits < 0) epoll::forget(descriptor);
  ready::note(descriptor, bits);
  net::changed();
}

extern "C" void lwip_end() {
  constexpr int kEnd = FLEXOS_FIRST_SOCKET + FLEXOS_SOCKETS;
  for (int number = FLEXOS_FIRST_SOCKET; number < kEnd; number++) {
    if (sockets::find(number) != nullptr) lwip_close(number);
  }
}
