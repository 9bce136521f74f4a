#pragma once

#include "lwip/arch.h"
#include "lwip/err.h"

/// Called by lwIP's tcp_in.c for each segment of a connection, behind its checksum, its header in
/// host order: other than ERR_OK = it is dropped (check.cc).
struct pbuf;
struct tcp_hdr;
struct tcp_pcb;
#ifdef __cplusplus
extern "C" {
#endif
err_t flexos_lwip_check(struct tcp_pcb* connection, const struct tcp_hdr* header);
/// By tcp_out.c for each header before its sum is made; returns `options` (acknowledge.cc).
u32_t* flexos_lwip_acknowledge(struct pbuf* segment, struct tcp_hdr* header,
                               const struct tcp_pcb* connection, u32_t* options);
#ifdef __cplusplus
}
#endif
