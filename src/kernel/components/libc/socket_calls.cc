// Sockets for musl. Where an image has no network stack its entry points are not there (they are
// weak): no socket can be made, so nothing else here is ever asked about one.
#define _GNU_SOURCE
#define restrict __restrict  // musl's private headers are C
#include "libc/socket_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>

#include "lwip/lwip_sockets.h"
#include "time/time.h"
#include "vfs/vfs.h"

#pragma clang attribute push(__attribute__((__weak__)), apply_to = function)
extern "C" {
decltype(lwip_socket) lwip_socket;
decltype(lwip_bind) lwip_bind;
decltype(lwip_listen) lwip_listen;
decltype(lwip_accept) lwip_accept;
decltype(lwip_connect) lwip_connect;
decltype(lwip_name) lwip_name;
decltype(lwip_setsockopt) lwip_setsockopt;
decltype(lwip_getsockopt) lwip_getsockopt;
decltype(lwip_recvfrom) lwip_recvfrom;
decltype(lwip_sendto) lwip_sendto;
decltype(lwip_shutdown) lwip_shutdown;
decltype(lwip_close) lwip_close;
decltype(lwip_control) lwip_control;
decltype(lwip_pending) lwip_pending;
decltype(lwip_poll) lwip_poll;
decltype(lwip_epoll_create) lwip_epoll_create;
decltype(lwip_epoll_control) lwip_epoll_control;
decltype(lwip_epoll_wait) lwip_epoll_wait;
decltype(lwip_end) lwip_end;
}
#pragma clang attribute pop

namespace libc {

namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kMillisecond = 1'000'000;

/// What one call carries at most, as for files: a gate's window is limited.
constexpr size_t kPiece = 32 << 10;

template <typename T>
T* pointer(long value) {
  return reinterpret_cast<T*>(value);
}
size_t size(long value) { return static_cast<size_t>(value); }
int integer(long value) { return static_cast<int>(value); }
uint32_t length(long value) { return static_cast<uint32_t>(value); }

/// -ENOTSOCK for whatever is no socket's number.
int checked(long descriptor) { return is_socket(descriptor) ? integer(descriptor) : -ENOTSOCK; }

long receive(int s, void* buffer, size_t n, int flags, void* name, uint32_t* len) {
  // What is there is handed over; a stream's reader asks again for the rest.
  return lwip_recvfrom(s, buffer, n < kPiece ? n : kPiece, flags, name, len);
}

/// A blocking send is a promise about all of it.
long transmit(int s, const void* bytes, size_t n, int flags, const void* name, uint32_t len) {
  size_t done = 0;
  do {
    const size_t want = n - done < kPiece ? n - done : kPiece;
    const long sent =
        lwip_sendto(s, static_cast<const char*>(bytes) + done, want, flags, name, len);
    if (sent < 0) return done > 0 ? static_cast<long>(done) : sent;
    done += size(sent);
    if (size(sent) < want) break;
  } while (done < n);
  return static_cast<long>(done);
}

long each_buffer(const iovec* vector, size_t count, auto once) {
  if (count > 1024) return -EINVAL;
  long total = 0;
  for (size_t i = 0; i < count; ++i) {
    if (vector[i].iov_len == 0) continue;
    const long moved = once(vector[i].iov_base, vector[i].iov_len, total);
    if (moved < 0) return total > 0 ? total : moved;
    total += moved;
    if (size(moved) < vector[i].iov_len) break;
  }
  return total;
}

long receive_message(int s, msghdr* m, int flags) {
  m->msg_flags = 0;
  m->msg_controllen = 0;
  uint32_t named = m->msg_namelen;
  const long got = each_buffer(m->msg_iov, static_cast<size_t>(m->msg_iovlen),
                               [&](void* p, size_t n, long done) {
                                 return receive(s, p, n, done > 0 ? flags | MSG_DONTWAIT : flags,
                                                m->msg_name, m->msg_name ? &named : nullptr);
                               });
  m->msg_namelen = named;
  return got;
}

long send_message(int s, const msghdr* m, int flags) {
  return each_buffer(m->msg_iov, static_cast<size_t>(m->msg_iovlen), [&](void* p, size_t n, long) {
    return transmit(s, p, n, flags, m->msg_name, m->msg_namelen);
  });
}

/// Sockets, and descriptors that vfs tells the network about (vfs_watch), are waited for there;
/// files are always ready.
long poll_all(pollfd* list, size_t n, int64_t deadline) {
  static_assert(sizeof(pollfd) == sizeof(flexos_poll));
  constexpr size_t kMost = 1024;
  if (n > kMost) return -EINVAL;
  flexos_poll waited[kMost];
  long files = 0;
  bool sockets = false;
  bool others = false;
  for (size_t i = 0; i < n; ++i) {
    const bool socket = is_socket(list[i].fd);
    sockets |= socket;
    waited[i] = {socket ? list[i].fd : -1, list[i].events, 0};
    list[i].revents = 0;
    if (socket || list[i].fd < 0) continue;
    const int ready = vfs_watch(list[i].fd);
    const bool changes = ready >= 0 && (ready & FLEXOS_POLL_CHANGES) != 0;
    if (changes && lwip_poll != nullptr) {
      sockets = true;
      waited[i].fd = list[i].fd;
      continue;
    }
    others |= changes;
    constexpr int kUnasked = POLLERR | POLLHUP;
    list[i].revents =
        static_cast<short>(ready < 0 ? POLLNVAL : ready & (list[i].events | kUnasked));
    if (list[i].revents != 0) files++;
  }
  if (!sockets || lwip_poll == nullptr) {
    // Without a network nobody tells of changes: one looks again every millisecond.
    if (files > 0 || deadline == 0) return files;
    const int64_t now = time_now(1);
    if (deadline <= now) return 0;
    const bool soon = others && deadline - now > kMillisecond;
    time_sleep(soon ? now + kMillisecond : deadline);
    return soon ? -EAGAIN : 0;
  }
  const long ready = lwip_poll(waited, n, files > 0 ? 0 : deadline);
  if (ready < 0) return ready;
  for (size_t i = 0; i < n; ++i) {
    if (waited[i].fd >= 0) list[i].revents = waited[i].ready;
  }
  return files + ready;
}

long poll_until(pollfd* list, size_t n, int64_t deadline) {
  for (;;) {
    const long ready = poll_all(list, n, deadline);
    if (ready != -EAGAIN) return ready;
  }
}

int64_t deadline_of(int64_t wait) {
  if (wait < 0) return INT64_MAX;
  if (wait == 0) return 0;
  return time_now(1) + wait;
}

long select_all(int n, fd_set* in, fd_set* out, fd_set* bad, int64_t wait) {
  if (n < 0 || n > FD_SETSIZE) return -EINVAL;
  pollfd list[FD_SETSIZE];
  size_t count = 0;
  for (int fd = 0; fd < n; ++fd) {
    short events = 0;
    if (in != nullptr && FD_ISSET(fd, in)) events |= POLLIN;
    if (out != nullptr && FD_ISSET(fd, out)) events |= POLLOUT;
    if (bad != nullptr && FD_ISSET(fd, bad)) events |= POLLPRI;
    if (events != 0) list[count++] = {fd, events, 0};
  }
  const long ready = poll_until(list, count, deadline_of(wait));
  if (ready < 0) return ready;
  if (in != nullptr) FD_ZERO(in);
  if (out != nullptr) FD_ZERO(out);
  if (bad != nullptr) FD_ZERO(bad);
  long set = 0;
  for (size_t i = 0; i < count; ++i) {
    const pollfd& p = list[i];
    if ((p.revents & POLLNVAL) != 0) return -EBADF;
    if ((p.events & POLLIN) != 0 && (p.revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
      FD_SET(p.fd, in);
      set++;
    }
    if ((p.events & POLLOUT) != 0 && (p.revents & (POLLOUT | POLLERR)) != 0) {
      FD_SET(p.fd, out);
      set++;
    }
  }
  return set;
}

long watch(long set, long operation, long descriptor, const epoll_event* event) {
  if (!is_socket(descriptor)) {
    const int ready = vfs_watch(integer(descriptor));
    if (ready < 0) return ready;
    if ((ready & FLEXOS_POLL_CHANGES) == 0) return -EPERM;  // a file never makes anybody wait
  }
  if (operation == EPOLL_CTL_DEL) {
    return lwip_epoll_control(integer(set), EPOLL_CTL_DEL, integer(descriptor), 0, 0);
  }
  if (event == nullptr) return -EFAULT;
  return lwip_epoll_control(integer(set), integer(operation), integer(descriptor), event->events,
                            event->data.u64);
}

/// More than so many at a time are told the next time.
long wait_for_events(long set, epoll_event* events, long most, int64_t deadline) {
  static_assert(sizeof(epoll_event) == sizeof(flexos_event));
  constexpr long kMost = 128;
  if (most <= 0) return -EINVAL;
  return lwip_epoll_wait(integer(set), reinterpret_cast<flexos_event*>(events),
                         size(most < kMost ? most : kMost), deadline);
}

}  // namespace

bool is_socket(long descriptor) {
  return descriptor >= FLEXOS_FIRST_SOCKET && descriptor < FLEXOS_FIRST_SOCKET + FLEXOS_SOCKETS;
}

void end_sockets() {
  if (lwip_end != nullptr) lwip_end();
}

bool socket_call(long number, long a, long b, long c, long d, long e, long f, long* result) {
  const auto answer = [&](long value) {
    *result = value;
    return true;
  };
  switch (number) {
    case SYS_socket:
      return answer(lwip_socket == nullptr ? -EAFNOSUPPORT
                                           : lwip_socket(integer(a), integer(b), integer(c)));
    case SYS_poll:
      return answer(
          poll_until(pointer<pollfd>(a), size(b), deadline_of(c < 0 ? -1 : c * kMillisecond)));
    case SYS_ppoll: {
      const timespec* t = pointer<timespec>(c);
      return answer(poll_until(pointer<pollfd>(a), size(b),
                               deadline_of(t == nullptr ? -1 : t->tv_sec * kSecond + t->tv_nsec)));
    }
    case SYS_select: {
      const timeval* t = pointer<timeval>(e);
      return answer(select_all(integer(a), pointer<fd_set>(b), pointer<fd_set>(c),
                               pointer<fd_set>(d),
                               t == nullptr ? -1 : t->tv_sec * kSecond + t->tv_usec * 1000));
    }
    case SYS_pselect6: {
      const timespec* t = pointer<timespec>(e);
      return answer(select_all(integer(a), pointer<fd_set>(b), pointer<fd_set>(c),
                               pointer<fd_set>(d),
                               t == nullptr ? -1 : t->tv_sec * kSecond + t->tv_nsec));
    }
    case SYS_epoll_create:
    case SYS_epoll_create1:
      return answer(lwip_epoll_create == nullptr ? -ENOSYS : lwip_epoll_create());
    case SYS_epoll_ctl:
    case SYS_epoll_wait:
    case SYS_epoll_pwait:
    case SYS_bind:
    case SYS_listen:
    case SYS_accept:
    case SYS_accept4:
    case SYS_connect:
    case SYS_getsockname:
    case SYS_getpeername:
    case SYS_setsockopt:
    case SYS_getsockopt:
    case SYS_recvfrom:
    case SYS_sendto:
    case SYS_recvmsg:
    case SYS_sendmsg:
    case SYS_shutdown:
      break;
    default:
      // Calls about any descriptor.
      if (!is_socket(a)) return false;
      break;
  }
  const int s = checked(a);
  if (s < 0) return answer(s);
  switch (number) {
    case SYS_epoll_ctl:
      return answer(watch(s, b, c, pointer<epoll_event>(d)));
    case SYS_epoll_wait:
    case SYS_epoll_pwait:
      return answer(wait_for_events(s, pointer<epoll_event>(b), c,
                                    deadline_of(integer(d) < 0 ? -1 : d * kMillisecond)));
    case SYS_bind:
      return answer(lwip_bind(s, pointer<void>(b), length(c)));
    case SYS_listen:
      return answer(lwip_listen(s, integer(b)));
    case SYS_accept:
      return answer(lwip_accept(s, pointer<void>(b), pointer<uint32_t>(c), 0));
    case SYS_accept4:
      return answer(lwip_accept(s, pointer<void>(b), pointer<uint32_t>(c), integer(d)));
    case SYS_connect:
      return answer(lwip_connect(s, pointer<void>(b), length(c)));
    case SYS_getsockname:
      return answer(lwip_name(s, 0, pointer<void>(b), pointer<uint32_t>(c)));
    case SYS_getpeername:
      return answer(lwip_name(s, 1, pointer<void>(b), pointer<uint32_t>(c)));
    case SYS_setsockopt:
      return answer(lwip_setsockopt(s, integer(b), integer(c), pointer<void>(d), length(e)));
    case SYS_getsockopt:
      return answer(
          lwip_getsockopt(s, integer(b), integer(c), pointer<void>(d), pointer<uint32_t>(e)));
    case SYS_recvfrom:
      return answer(receive(s, pointer<void>(b), size(c), integer(d), pointer<void>(e),
                            pointer<uint32_t>(f)));
    case SYS_sendto:
      return answer(
          transmit(s, pointer<void>(b), size(c), integer(d), pointer<void>(e), length(f)));
    case SYS_recvmsg:
      return answer(receive_message(s, pointer<msghdr>(b), integer(c)));
    case SYS_sendmsg:
      return answer(send_message(s, pointer<msghdr>(b), integer(c)));
    case SYS_shutdown:
      return answer(lwip_shutdown(s, integer(b)));
    case SYS_read:
      return answer(receive(s, pointer<void>(b), size(c), 0, nullptr, nullptr));
    case SYS_write:
      return answer(transmit(s, pointer<void>(b), size(c), 0, nullptr, 0));
    case SYS_readv:
      return answer(each_buffer(pointer<iovec>(b), size(c), [s](void* p, size_t n, long done) {
        return receive(s, p, n, done > 0 ? MSG_DONTWAIT : 0, nullptr, nullptr);
      }));
    case SYS_writev:
      return answer(each_buffer(pointer<iovec>(b), size(c), [s](void* p, size_t n, long) {
        return transmit(s, p, n, 0, nullptr, 0);
      }));
    case SYS_close:
      return answer(lwip_close(s));
    case SYS_fcntl:
      return answer(lwip_control(s, integer(b), c));
    case SYS_ioctl:
      if (b == FIONBIO) {
        const int flags = *pointer<int>(c) != 0 ? O_NONBLOCK : 0;
        return answer(lwip_control(s, F_SETFL, flags));
      }
      if (b == FIONREAD) {
        *pointer<int>(c) = lwip_pending(s);
        return answer(0);
      }
      return answer(-ENOTTY);
    case SYS_pread64:
    case SYS_pwrite64:
    case SYS_lseek:
      return answer(-ESPIPE);
    default:
      return answer(-EINVAL);
  }
}

}  // namespace libc
