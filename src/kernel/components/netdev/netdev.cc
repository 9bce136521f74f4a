#include "netdev/netdev.h"

#include "flexos/abi.h"
#include "flexos/platform.h"

namespace {

constexpr size_t kLargest = 1514;

/// How often a full device is asked again before a frame is given up: it takes frames off its queue
/// without our help, and who sends (TCP) sends again.
constexpr int kTries = 1000;

}  // namespace

extern "C" int netdev_send(const void* frame, size_t n) {
  if (n > kLargest) return -FLEXOS_EMSGSIZE;
  for (int i = 0; i < kTries; i++) {
    const int64_t sent = platform_net_send(frame, n);
    if (sent > 0) return 0;
    if (sent < 0) return -FLEXOS_ENXIO;
  }
  return -FLEXOS_ENOBUFS;
}

extern "C" int64_t netdev_recv(void* frame, size_t capacity) {
  const int64_t got = platform_net_receive(frame, capacity);
  if (got < 0) return -FLEXOS_ENXIO;
  return static_cast<uint64_t>(got) <= capacity ? got : 0;
}

extern "C" int netdev_mac(uint8_t* mac) {
  return platform_net_address(mac) == 0 ? 0 : -FLEXOS_ENXIO;
}
