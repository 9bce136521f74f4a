#include <string.h>

#include "lwip/priv/tcp_priv.h"
#include "lwip/prot/ip4.h"
#include "lwip/prot/tcp.h"
#include "lwip/tcp.h"
#include "lwip_hooks.h"

// What lwIP 2.1.3 itself does not survive.
//
// It compares sequence numbers by the sign of their difference, and of two that are 2^31 apart each
// is before the other. A byte at rcv_nxt - 2^31 passes for one that overlaps what is there, by 2^31
// bytes, which is an assertion ("insane offset!"); an acknowledgement of snd_nxt + 2^31 when
// nothing is on its way passes for one of 2^31 bytes. Windows are of 2^30 bytes at most (RFC
// 7323, 2.3), so nobody means a segment that is further off.
//
// And it believes a peer that wants a byte a segment, each of which takes one of the pool that all
// connections share: a few such peers, and nobody is answered any more. Linux draws the same line
// since CVE-2019-11479.
//
// And a connection that the image has closed stands in the way of a new one between the same ports
// for two minutes: its SYN is answered with an old number, and the reset that follows from that is
// ignored. Clients that connect often come to the same port sooner. A newer SYN opens a new
// connection (RFC 1122, 4.2.2.13), so the old one makes room before lwIP sees it.
namespace {

constexpr u32_t kFurthest = 1U << 30;
constexpr u16_t kLeastSegment = 48;

bool is_near(u32_t number, u32_t expected) {
  return number - expected + kFurthest <= 2 * kFurthest;
}

bool is_between(const tcp_pcb* pcb, const ip_hdr& ip, const tcp_hdr& tcp) {
  return pcb->remote_port == lwip_ntohs(tcp.src) && pcb->local_port == lwip_ntohs(tcp.dest) &&
         ip_2_ip4(&pcb->remote_ip)->addr == ip.src.addr &&
         ip_2_ip4(&pcb->local_ip)->addr == ip.dest.addr;
}

void make_room(const ip_hdr& ip, const tcp_hdr& tcp) {
  for (tcp_pcb* pcb = tcp_tw_pcbs; pcb != nullptr; pcb = pcb->next) {
    if (!is_between(pcb, ip, tcp)) continue;
    if (TCP_SEQ_GT(lwip_ntohl(tcp.seqno), pcb->rcv_nxt)) {
      tcp_pcb_remove(&tcp_tw_pcbs, pcb);
      tcp_free(pcb);
    }
    return;
  }
}

}  // namespace

extern "C" int flexos_lwip_input(const pbuf* packet) {
  ip_hdr ip;
  tcp_hdr tcp;
  if (packet->len < sizeof ip) return 0;
  memcpy(&ip, packet->payload, sizeof ip);
  const size_t start = IPH_HL_BYTES(&ip);
  constexpr u16_t kPiece = IP_MF | IP_OFFMASK;
  if (IPH_PROTO(&ip) != IP_PROTO_TCP || (lwip_ntohs(IPH_OFFSET(&ip)) & kPiece) != 0 ||
      packet->len < start + sizeof tcp) {
    return 0;
  }
  memcpy(&tcp, static_cast<const char*>(packet->payload) + start, sizeof tcp);
  constexpr u16_t kKinds = TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN;
  if ((TCPH_FLAGS(&tcp) & kKinds) == TCP_SYN) make_room(ip, tcp);
  return 0;
}

extern "C" err_t flexos_lwip_check(tcp_pcb* connection, const tcp_hdr* header) {
  // Before the handshake nothing is expected, and a peer that has forgotten it is told a number.
  if (connection->state < SYN_RCVD || (TCPH_FLAGS(header) & TCP_SYN) != 0) return ERR_OK;
  if (connection->mss < kLeastSegment) connection->mss = kLeastSegment;
  // Half of the widest window ever seen is the other limit of a segment.
  if (connection->snd_wnd_max < 2 * kLeastSegment) connection->snd_wnd_max = 2 * kLeastSegment;
  if (!is_near(header->seqno, connection->rcv_nxt)) return ERR_VAL;
  const bool acknowledges = (TCPH_FLAGS(header) & TCP_ACK) != 0;
  return acknowledges && !is_near(header->ackno, connection->snd_nxt) ? ERR_VAL : ERR_OK;
}
