#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Writes all of the text; the bytes written, or -EFAULT, -EINVAL, -EIO (nothing went out).
int64_t console_write(const void* text, size_t n);

/// What has been typed, without waiting: 0 = nothing. A carriage return comes as a newline.
int64_t console_read(void* text, size_t n);

#ifdef __cplusplus
}
#endif
