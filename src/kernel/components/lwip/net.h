#pragma once

#include <stdint.h>

/// The motor of the stack: nothing happens in lwIP unless somebody calls it. Whoever uses a socket
/// moves packets and timers first; whoever waits for one sleeps until a packet or a timer may have
/// changed something.
namespace net {

/// Moves what has come in, what loops back, and timers that are due.
void pump();

/// Moves what loops back, no more.
void deliver();

/// A socket has changed: whoever waits must look again.
void changed();

/// Sleeps until something has changed or `deadline` has come: false. Pumps on the way. The caller
/// loops: true says "look again", not "it is yours".
bool wait(int64_t deadline);

/// Threads are cooperative: a program that always finds something to receive must let its others
/// run, and packets move. Now and then a call of this does.
void take_turns();

/// Starts the stack and its interfaces, once.
void start();

}  // namespace net
