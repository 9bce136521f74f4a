#pragma once

/// What lwIP must know of the compiler and the machine (its `arch/cc.h`).
#include <stdint.h>
#include <stdlib.h>

#include "flexos/platform.h"

#ifndef BYTE_ORDER
#define BYTE_ORDER LITTLE_ENDIAN
#endif

#define PACK_STRUCT_STRUCT __attribute__((__packed__))

#define LWIP_PLATFORM_DIAG(x)  // nobody reads it
#define LWIP_PLATFORM_ASSERT(text) \
  platform_fault("lwip", (uint64_t)__builtin_return_address(0), (uint64_t)(text))

#ifdef __cplusplus
extern "C" {
#endif
uint32_t flexos_lwip_random(void);
#ifdef __cplusplus
}
#endif
#define LWIP_RAND() flexos_lwip_random()
