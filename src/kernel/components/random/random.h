#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Fills the buffer with bytes that are fit for keys: ChaCha20 over a key from the platform. What
/// has been handed out is erased and cannot be computed back from the state (fast key erasure). 0,
/// or -EFAULT, -EINVAL, -EIO: the machine has no source of randomness; there is no weaker answer.
int random_bytes(void* buffer, size_t n);

#ifdef __cplusplus
}
#endif
