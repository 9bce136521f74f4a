#pragma once

#include "lwip/err.h"

/* What lwIP asks of us while it works (lwipopts.h, check.cc); C, for its own sources include this.
 */
struct pbuf;
struct tcp_hdr;
struct tcp_pcb;
#ifdef __cplusplus
extern "C" {
#endif
/** Sees each packet before lwIP does. Always 0: it is lwIP's. */
int flexos_lwip_input(const struct pbuf* packet);
/**
 * Sees each segment of a connection, behind its checksum, its header in host order. Other than
 * ERR_OK: it is dropped.
 */
err_t flexos_lwip_check(struct tcp_pcb* connection, const struct tcp_hdr* header);
#ifdef __cplusplus
}
#endif
