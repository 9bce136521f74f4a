#pragma once

#include "lwip/err.h"

/// Called by lwIP's tcp_in.c for each segment of a connection, behind its checksum, its header in
/// host order: other than ERR_OK = it is dropped (check.cc).
struct tcp_hdr;
struct tcp_pcb;
#ifdef __cplusplus
extern "C" {
#endif
err_t flexos_lwip_check(struct tcp_pcb* connection, const struct tcp_hdr* header);
#ifdef __cplusplus
}
#endif
