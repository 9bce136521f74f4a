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
namespace {

constexpr u32_t kFurthest = 1U << 30;
constexpr u16_t kLeastSegment = 48;

bool is_near(u32_t number, u32_t expected) {
  return number - expected + kFurthest <= 2 * kFurthest;
}

}  // namespace

extern "C" err_t flexos_lwip_check(tcp_pcb* connection, const tcp_hdr* header) {
  // Before the handshake nothing is expected.
  if (connection->state < SYN_RCVD) return ERR_OK;
  if (connection->mss < kLeastSegment) connection->mss = kLeastSegment;
  // Half of the widest window ever seen is the other limit of a segment.
  if (connection->snd_wnd_max < 2 * kLeastSegment) connection->snd_wnd_max = 2 * kLeastSegment;
  if (!is_near(header->seqno, connection->rcv_nxt)) return ERR_VAL;
  const bool acknowledges = (TCPH_FLAGS(header) & TCP_ACK) != 0;
  return acknowledges && !is_near(header->ackno, connection->snd_nxt) ? ERR_VAL : ERR_OK;
}
