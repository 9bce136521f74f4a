#pragma once

#include <stdint.h>

#include "lwip/pulse.h"
#include "lwip/socket.h"

/// Who is ready for what: sockets, which the stack knows itself, and others' descriptors, whose
/// owner says so (lwip_note).
namespace ready {

/// Others' descriptors have numbers below this; sockets follow, so that one table holds all.
constexpr int kForeign = 512;
constexpr int kAll = kForeign + sockets::kMost;

/// Bits of `wanted`, and what is told unasked; FLEXOS_POLLNVAL: there is no such descriptor.
int of(int descriptor, int wanted);

/// What has happened to the descriptor; null: there is no such socket.
Pulse* pulse(int descriptor);

/// A descriptor of somebody else; -1: gone.
void note(int descriptor, int bits);

}  // namespace ready
