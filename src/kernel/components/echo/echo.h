#pragma once

#include <stddef.h>
#include <stdint.h>

/// The other side of `micro`: functions that do next to nothing, one for each thing that a gate has
/// to carry.
#ifdef __cplusplus
extern "C" {
#endif

void echo_nothing(void);
int64_t echo_one(int64_t a);
int64_t echo_six(int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f);

/// Two of its arguments are on the stack.
int64_t echo_eight(int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f, int64_t g,
                   int64_t h);
double echo_double(double a, double b);

/// The sum of the bytes.
int64_t echo_read(const void* buffer, size_t n);

/// Fills the buffer with `byte`.
void echo_write(void* buffer, size_t n, int byte);

#ifdef __cplusplus
}
#endif
