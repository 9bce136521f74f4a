#pragma once

#include "lwip/socket.h"

/// Connections: lwIP's callbacks on one side, what the socket calls want on the other. Errors are
/// negative numbers of Linux; nothing here waits.
namespace tcp {

/// Gives the socket its pcb. 0, or -ENOBUFS.
int open(sockets::Socket* s);
int bind(sockets::Socket* s, uint32_t address, uint16_t port);
int listen(sockets::Socket* s, int backlog);
/// Begins; the state says how it ends.
int connect(sockets::Socket* s, uint32_t address, uint16_t port);

/// Bytes that were there, at most n; 0 = none. `keep`: they stay unread.
uint32_t take(sockets::Socket* s, void* buffer, uint32_t n, bool keep);
uint32_t readable(const sockets::Socket* s);

/// Bytes that found room, at most n; -ENOBUFS and the like. `more`: others follow at once.
int64_t put(sockets::Socket* s, const void* bytes, uint32_t n, bool more);
bool writable(const sockets::Socket* s);

/// Sends what is there and the end behind it.
void finish(sockets::Socket* s);

/// The next finished handshake of a listener; null: none.
sockets::Socket* next(sockets::Socket* listener);

/// The socket's user is gone: lwIP ends the connection by itself.
void close(sockets::Socket* s);

}  // namespace tcp
