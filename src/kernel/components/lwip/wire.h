#pragma once

/// The interface to the network device (component `netdev`), where the image has one.
namespace wire {

void start();

/// Hands the frames that have come in to the stack, a bounded number of them.
void receive();

}  // namespace wire
