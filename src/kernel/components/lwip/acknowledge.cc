#include "lwip/priv/tcp_priv.h"
#include "lwip/prot/tcp.h"
#include "lwip/tcp.h"
#include "lwip_hooks.h"

// A peer that does not read for a while can take back part of the window that it gave: what was on
// its way then, it drops. lwIP goes on to acknowledge with the number behind what it has sent,
// which is now outside of the window; Linux drops such segments with all that they acknowledge, and
// as long as both sides have data for each other neither gets any further. So an acknowledgement
// without data takes the last number that the peer must accept, as Linux's own do.
extern "C" u32_t* flexos_lwip_acknowledge(pbuf* segment, tcp_hdr* header, const tcp_pcb* connection,
                                          u32_t* options) {
  const bool bare = segment->payload == header && segment->tot_len == TCPH_HDRLEN_BYTES(header) &&
                    TCPH_FLAGS(header) == TCP_ACK;
  if (connection == nullptr || !bare || header->seqno != lwip_htonl(connection->snd_nxt))
    return options;
  const u32_t window_end = connection->lastack + connection->snd_wnd;
  if (TCP_SEQ_LT(window_end, connection->snd_nxt)) header->seqno = lwip_htonl(window_end);
  return options;
}
