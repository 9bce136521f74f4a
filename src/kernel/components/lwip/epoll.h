#pragma once

#include <stddef.h>
#include <stdint.h>

struct flexos_event;

/// Sets of watched descriptors, as epoll has them: level- and edge-triggered, and one-shot. They
/// stand here because sockets do: a server that waits for hundreds of connections enters this
/// compartment once. What is left out of Linux's: sets within sets.
namespace epoll {

struct Set;

/// NULL: no memory.
Set* make();
void release(Set* set);

/// 0, or -EEXIST, -ENOENT, -EBADF, -EINVAL.
int control(Set* set, int operation, int descriptor, uint32_t events, uint64_t data);

/// Up to `n` of those that are ready, in the order in which they became so. Who has been reported
/// goes to the end, so that none starves.
int collect(Set* set, flexos_event* events, size_t n);

/// The descriptor is closed: no set watches it any more.
void forget(int descriptor);

}  // namespace epoll
