#pragma once

/* What lwIP asks of us while it works (lwipopts.h); C, for its own sources include this. */
#include "lwip/arch.h"

struct pbuf;
struct tcp_hdr;
struct tcp_pcb;

#ifdef __cplusplus
extern "C" {
#endif
/** Sees every TCP header before its sum is made; returns `options` (acknowledge.cc). */
u32_t* flexos_lwip_acknowledge(struct pbuf* segment, struct tcp_hdr* header,
                               const struct tcp_pcb* pcb, u32_t* options);
#ifdef __cplusplus
}
#endif
