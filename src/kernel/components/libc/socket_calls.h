#pragma once

/// System calls about sockets, polling and pipes between descriptors (socket_calls.cc).
namespace libc {

/// Is it a socket's number?
bool is_socket(long descriptor);

/// The program ends: closes what it has left open.
void end_sockets();

/// Whether `number` is a call about sockets; then `result` is its answer.
bool socket_call(long number, long a, long b, long c, long d, long e, long f, long* result);

}  // namespace libc
