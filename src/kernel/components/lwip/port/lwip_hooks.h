#pragma once

#include "lwip/arch.h"
#include "lwip/err.h"

/* What lwIP asks of us while it works (lwipopts.h); C, for its own sources include this. */
struct pbuf;
struct tcp_hdr;
struct tcp_pcb;
#ifdef __cplusplus
extern "C" {
#endif
/** Sees each packet before lwIP does. Always 0: it is lwIP's (check.cc). */
int flexos_lwip_input(const struct pbuf* packet);
/**
 * Sees each segment of a connection, behind its checksum, its header in host order. Other than
 * ERR_OK: it is dropped (check.cc).
 */
err_t flexos_lwip_check(struct tcp_pcb* connection, const struct tcp_hdr* header);
/** Sees each header before its sum is made; returns `options` (acknowledge.cc). */
u32_t* flexos_lwip_acknowledge(struct pbuf* segment, struct tcp_hdr* header,
                               const struct tcp_pcb* connection, u32_t* options);
#ifdef __cplusplus
}
#endif
