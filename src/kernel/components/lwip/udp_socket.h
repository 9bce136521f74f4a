#pragma once

#include "lwip/socket.h"

/// Datagrams. Errors are negative numbers of Linux; nothing here waits.
namespace udp {

int open(sockets::Socket* s);
int bind(sockets::Socket* s, uint32_t address, uint16_t port);
int connect(sockets::Socket* s, uint32_t address, uint16_t port);

/// The next datagram, cut at n bytes: how many were written, -EAGAIN: none.
int64_t take(sockets::Socket* s, void* buffer, uint32_t n, bool keep, uint32_t* from,
             uint16_t* port);

/// `port` 0: to whom the socket is connected.
int64_t put(sockets::Socket* s, const void* bytes, uint32_t n, uint32_t to, uint16_t port);

void close(sockets::Socket* s);

}  // namespace udp
