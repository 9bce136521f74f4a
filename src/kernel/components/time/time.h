#pragma once

#include <stdint.h>

/// Clocks: 0 = CLOCK_REALTIME (ns since 1970), 1 = CLOCK_MONOTONIC (ns since boot),
/// 2 = CLOCK_PROCESS_CPUTIME_ID (ns that the image ran, idling left out).
#ifdef __cplusplus
extern "C" {
#endif

/// Nanoseconds; -EINVAL: no such clock.
int64_t time_now(int clock);

/// Sets the real-time clock, from now on and for everybody in this image. -EINVAL: another clock,
/// or a time before 1970.
int time_set(int clock, int64_t ns);

/// Sleeps until time_now(1) is at least `until`; other threads run meanwhile. Returns 0.
int time_sleep(int64_t until);

#ifdef __cplusplus
}
#endif
