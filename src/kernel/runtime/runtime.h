#pragma once

#include <stddef.h>
#include <stdint.h>

/// The runtime of one compartment: errno, and what instrumented code asks for (canary, UBSan
/// handlers, ASan shadow, unsafe stacks). One instance a compartment, by symbol renaming, so that
/// each variable below it is the compartment's own and no instance knows of another. It is never
/// instrumented itself. docs/hardening.md lists every symbol and who binds it.
#ifdef __cplusplus
extern "C" {
#endif

/// Threads that a runtime keeps state for; FlexosImage::threads must not be larger.
enum { FLEXOS_RUNTIME_THREADS = 64 };

/// Must run in its compartment, with its rights, before any other code of the compartment does.
/// `seed`: 64 random bits from the platform that nobody else is told. They are handed in, so that a
/// compartment needs no right to the random service for the sake of its canary.
void rt_init(uint64_t seed);

/// Makes a thread's stacks in this compartment as good as new, before its number is used again:
/// what ended there without returning has left its poison and its part of the unsafe stack.
void rt_thread_reset(uint32_t thread);

int* __errno_location(void);

#ifdef __cplusplus
}
#endif
