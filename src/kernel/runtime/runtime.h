#pragma once

#include <stddef.h>
#include <stdint.h>

/// The runtime of one compartment, `rt`: errno and what instrumented code asks for (canary, UBSan's
/// handlers, ASan's shadow, unsafe stacks). One instance a compartment, by symbol renaming, so that
/// each variable of it is the compartment's own and no instance knows of another. It is never
/// instrumented itself. Beside it, where a component is compiled with ASan, stands the object
/// `asan_heap`. docs/hardening.md lists every symbol and who binds it.
#ifdef __cplusplus
extern "C" {
#endif

/// Threads that a runtime keeps state for; FlexosImage::threads must not be larger.
enum { FLEXOS_RUNTIME_THREADS = 64 };

/// Must run in its compartment, with its rights, on the stack of thread 0, before other code of the
/// compartment does.
void rt_init(void);

/// Makes a thread's stacks in this compartment as good as new, before the thread's number is used
/// again: what ended there without returning has left its poison and its part of the unsafe stack.
void rt_thread_reset(uint32_t thread);

int* __errno_location(void);

#ifdef __cplusplus
}
#endif
