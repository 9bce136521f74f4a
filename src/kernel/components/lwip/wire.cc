#include "lwip/wire.h"

#include <string.h>

#include "flexos/platform.h"
#include "flexos/words.h"
#include "lwip/etharp.h"
#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "netdev/netdev.h"
#include "netif/ethernet.h"

#pragma clang attribute push(__attribute__((__weak__)), apply_to = function)
extern "C" {
decltype(netdev_send) netdev_send;
decltype(netdev_recv) netdev_recv;
decltype(netdev_mac) netdev_mac;
}
#pragma clang attribute pop

namespace wire {

namespace {

constexpr size_t kFrame = 1514;
constexpr int kAtOnce = 64;  // frames a pass: a flood must not keep the program from its turn

netif interface;
bool up;
uint8_t frame[kFrame];

struct Settings {
  ip4_addr_t address, mask, gateway;
};

/// "10.0.2.15/24,10.0.2.2" behind `net=` among the image's arguments. Without it: what QEMU's own
/// network gives its first guest. False: it is there and makes no sense.
bool read_settings(Settings* s) {
  char text[1024];
  int64_t n = platform_arguments(text, sizeof text - 1);
  if (n < 0) n = 0;
  if (n > static_cast<int64_t>(sizeof text) - 1) n = sizeof text - 1;
  text[n] = 0;
  IP4_ADDR(&s->address, 10, 0, 2, 15);
  IP4_ADDR(&s->mask, 255, 255, 255, 0);
  IP4_ADDR(&s->gateway, 10, 0, 2, 2);
  char* rest = text;
  char* at = text;
  do {
    if (flexos_word(&rest, &at) == 0) return true;
  } while (flexos_is_network(at) == 0);
  at += 4;
  char* slash = at;
  while (*slash != 0 && *slash != '/') slash++;
  if (*slash == 0) return false;
  *slash++ = 0;
  unsigned bits = 0;
  for (; *slash >= '0' && *slash <= '9' && bits <= 32; slash++) {
    bits = bits * 10 + static_cast<unsigned>(*slash - '0');
  }
  if (bits > 32 || *slash != ',') return false;
  char* gateway = slash + 1;
  s->mask.addr = bits == 0 ? 0 : lwip_htonl(~0U << (32 - bits));
  return ip4addr_aton(at, &s->address) != 0 && ip4addr_aton(gateway, &s->gateway) != 0;
}

err_t send(netif*, pbuf* p) {
  if (p->tot_len > kFrame) return ERR_BUF;
  const void* bytes = p->payload;
  if (p->next != nullptr) {
    pbuf_copy_partial(p, frame, p->tot_len, 0);
    bytes = frame;
  }
  return netdev_send(bytes, p->tot_len) == 0 ? ERR_OK : ERR_IF;
}

err_t begin(netif* n) {
  n->name[0] = 'e';
  n->name[1] = 'n';
  n->hwaddr_len = ETH_HWADDR_LEN;
  n->mtu = 1500;
  n->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_LINK_UP;
  n->output = etharp_output;
  n->linkoutput = send;
  return netdev_mac(n->hwaddr) == 0 ? ERR_OK : ERR_IF;
}

}  // namespace

void start() {
  Settings s;
  if (netdev_mac == nullptr) return;
  if (!read_settings(&s)) platform_fault("arguments", 0, 0);
  if (netif_add(&interface, &s.address, &s.mask, &s.gateway, nullptr, begin, ethernet_input) ==
      nullptr) {
    return;  // the machine has no device: loopback is all there is
  }
  netif_set_default(&interface);
  netif_set_up(&interface);
  up = true;
}

void receive() {
  if (!up) return;
  for (int i = 0; i < kAtOnce; i++) {
    const int64_t n = netdev_recv(frame, sizeof frame);
    if (n <= 0 || n > static_cast<int64_t>(sizeof frame)) return;
    pbuf* p = pbuf_alloc(PBUF_RAW, static_cast<u16_t>(n), PBUF_POOL);
    if (p == nullptr) return;  // lost, as on a wire
    pbuf_take(p, frame, static_cast<u16_t>(n));
    if (interface.input(p, &interface) != ERR_OK) pbuf_free(p);
  }
}

}  // namespace wire
