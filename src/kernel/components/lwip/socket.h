#pragma once

#include <stdint.h>

#include "lwip/pbuf.h"
#include "lwip/pulse.h"
#include "lwip/tcp.h"
#include "lwip/udp.h"

namespace epoll {
struct Set;
}

/// The table of sockets, and what lwIP's callbacks leave in it.
namespace sockets {

constexpr int kMost = 384;           // FLEXOS_SOCKETS
constexpr unsigned kSegments = 192;  // that one TCP socket holds unread; lwIP keeps what comes then
static_assert(kSegments * TCP_MSS >= TCP_WND, "a full window of full segments finds its place");
constexpr unsigned kDatagrams =
    32;                             // that one UDP socket holds unread; more are lost, as on a wire
constexpr unsigned kWaiting = 128;  // connections that one listener holds

enum class Kind : uint8_t { free, tcp, listener, udp, epoll };

/// A connection's life as its user sees it.
enum class State : uint8_t { fresh, connecting, connected, failed };

struct Datagram {
  pbuf* data;
  uint32_t from;  ///< network order
  uint16_t port;  ///< host order
};

struct Socket {
  Kind kind;
  State state;
  bool nonblocking;
  bool finished;   ///< the peer sends no more
  bool shut_read;  ///< we read no more
  bool shut_write;
  bool refused;  ///< TCP: lwIP had no room for a byte, and nothing has changed since
  bool no_delay;
  bool reuse;
  int error;             ///< a positive number of Linux, handed out once
  int64_t patience_in;   ///< SO_RCVTIMEO, nanoseconds; 0 = for ever
  int64_t patience_out;  ///< SO_SNDTIMEO
  uint32_t bound;        ///< network order
  uint16_t port;         ///< host order; 0 = not bound
  tcp_pcb* tcp;          ///< also a listener's; null once lwIP has let go of it
  udp_pcb* udp;
  pbuf* in[kSegments];  ///< TCP: received, unread
  unsigned first_in;
  unsigned in_count;
  uint32_t taken;   ///< bytes of the first one that have been read
  uint32_t unread;  ///< bytes of all of them that have not
  Datagram datagrams[kDatagrams];
  unsigned first_datagram;
  unsigned datagram_count;
  int16_t waiting[kWaiting];  ///< a listener's finished handshakes: places in the table
  unsigned first_waiting;
  unsigned waiting_count;
  unsigned backlog;
  ready::Pulse pulse;
  epoll::Set* set;  ///< of a set of watched descriptors
};

/// Null: no such socket.
Socket* find(int descriptor);
/// A fresh one, or null: the table is full.
Socket* make(Kind kind);
int descriptor_of(const Socket* s);
void release(Socket* s);

/// The number of Linux for one of lwIP's.
int error_of(err_t error);

}  // namespace sockets
