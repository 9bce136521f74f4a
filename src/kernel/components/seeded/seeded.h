#pragma once

#include <stdint.h>

/// Bugs, one a function, each of which one hardening catches and which passes unnoticed without it:
/// the function then returns 0 as if nothing had happened. What they damage is their own, so that
/// "unnoticed" is the same in every image.
#ifdef __cplusplus
extern "C" {
#endif

int seeded_canary(void);    ///< stack-protector: a string runs over the end of its buffer
int seeded_overflow(void);  ///< ubsan: a signed sum is too large
int seeded_shift(void);     ///< ubsan: a shift by more than the width
int seeded_index(void);     ///< ubsan: an index past the end of an array
int seeded_heap(void);      ///< asan: a write past the end of a heap block
int seeded_freed(void);     ///< asan: a read of a block that was given back
int seeded_stack(void);     ///< asan: a read past the end of a local array
int seeded_global(void);    ///< asan: a read past the end of a global array
int seeded_call(void);      ///< cfi: a call through a pointer of another type
/// safestack: writes from an escaped buffer up over the return address. Without it the function
/// does not return: it prints `seeded: hijacked` and ends with code SEEDED_HIJACKED. With it, it
/// returns 0.
int seeded_return(void);
/// No hardening: a local array that is larger than the stack. The page below the stack stops it.
int seeded_deep(void);

enum { SEEDED_HIJACKED = 77 };

#ifdef __cplusplus
}
#endif
