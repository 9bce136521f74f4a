#pragma once

#include <stddef.h>
#include <stdint.h>

/// POSIX sockets over lwIP: TCP and UDP over IPv4. The layouts are Linux's (flexos/abi.h), errors
/// are negative numbers of Linux.
///
/// Descriptors are FLEXOS_FIRST_SOCKET and above, so the C library sees from the number alone whose
/// a descriptor is. A socket blocks unless FLEXOS_O_NONBLOCK was set: then -EAGAIN or -EINPROGRESS.
#ifdef __cplusplus
extern "C" {
#endif

enum { FLEXOS_FIRST_SOCKET = 512, FLEXOS_SOCKETS = 384 };

/// `struct sockaddr_in` of Linux; every other family is refused. Numbers in network order.
struct flexos_address {
  uint16_t family;
  uint16_t port;
  uint32_t address;
  uint8_t zero[8];
};

/// `struct pollfd`. A descriptor below 0 is passed over.
struct flexos_poll {
  int32_t fd;
  int16_t events;
  int16_t ready;
};

/// `struct epoll_event`.
struct flexos_event {
  uint32_t events;
  uint64_t data;
} __attribute__((__packed__));

/// `type` may hold FLEXOS_O_NONBLOCK and FLEXOS_O_CLOEXEC.
int lwip_socket(int domain, int type, int protocol);
int lwip_bind(int s, const void* name, uint32_t len);
int lwip_listen(int s, int backlog);
/// `flags`: as in `type`. `name` holds 16 bytes or more, `len` says so and then what was written.
int lwip_accept(int s, void* name, uint32_t* len, int flags);
int lwip_connect(int s, const void* name, uint32_t len);
/// The own address, or the peer's.
int lwip_name(int s, int peer, void* name, uint32_t* len);
int lwip_setsockopt(int s, int level, int option, const void* value, uint32_t len);
int lwip_getsockopt(int s, int level, int option, void* value, uint32_t* len);
/// Bytes; 0 = the peer has closed. FLEXOS_MSG_PEEK, FLEXOS_MSG_DONTWAIT, FLEXOS_MSG_WAITALL.
int64_t lwip_recv(int s, void* buffer, size_t n, int flags);
int64_t lwip_recvfrom(int s, void* buffer, size_t n, int flags, void* name, uint32_t* len);
int64_t lwip_send(int s, const void* buffer, size_t n, int flags);
int64_t lwip_sendto(int s, const void* buffer, size_t n, int flags, const void* name, uint32_t len);
int lwip_shutdown(int s, int how);
int lwip_close(int s);
/// F_GETFL, F_SETFL, F_GETFD, F_SETFD.
int lwip_control(int s, int command, int64_t argument);
/// epoll: a set of watched descriptors, itself a descriptor. Others' descriptors (below
/// FLEXOS_FIRST_SOCKET) can be watched and polled once their owner has said what they are ready
/// for.
int lwip_epoll_create(void);
int lwip_epoll_control(int set, int operation, int descriptor, uint32_t events, uint64_t data);
/// As lwip_poll.
int lwip_epoll_wait(int set, struct flexos_event* events, size_t n, int64_t deadline);
/// A descriptor of another component is now ready for `bits` (FLEXOS_POLL*); -1: closed.
void lwip_note(int descriptor, int bits);
/// The program ends: every connection is closed, so that peers need not find out by waiting.
void lwip_end(void);
/// Bytes that can be read at once (FIONREAD).
int lwip_pending(int s);
/// How many of the `n` are ready; waits until `deadline` (nanoseconds of time_now(1), INT64_MAX =
/// none; one that has passed: looks only).
int lwip_poll(struct flexos_poll* list, size_t n, int64_t deadline);

#ifdef __cplusplus
}
static_assert(sizeof(flexos_address) == 16 && sizeof(flexos_poll) == 8 &&
              sizeof(flexos_event) == 12);
#endif
