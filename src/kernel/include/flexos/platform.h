#pragma once

#include <stddef.h>
#include <stdint.h>

/// What components may ask of the platform they run on: the only way out of ring 3 (qemu) or of the
/// process (linux). Plain C functions that stand in `.platform.text`; nothing else in an image may
/// hold a system call instruction, and each service is granted compartment by compartment
/// (image.h, `services`).
///
/// Pointers are used with the caller's rights: a compartment cannot have the platform read or write
/// what it could not itself.
#ifdef __cplusplus
extern "C" {
#endif

/// Writes to the console; returns the bytes written.
int64_t platform_console_write(const void* text, size_t n);

/// Reads what has been typed, without waiting; 0 = nothing there.
int64_t platform_console_read(void* text, size_t n);

/// Nanoseconds since boot, monotonic.
int64_t platform_clock(void);

/// Nanoseconds of processor time that the image has taken: platform_idle's are left out.
int64_t platform_busy_clock(void);

/// Nanoseconds since 1970, as the host says.
int64_t platform_wall_clock(void);

/// Fills the buffer with bytes that are fit for keys. 0 = done, -1 = the machine has no source.
int platform_random(void* buffer, size_t n);

/// Sleeps until `platform_clock()` is at least `until` or something has come in.
void platform_idle(int64_t until);

/// The next frame that has come in over the network, cut at n bytes: its size, 0 = none is there,
/// -1 = there is no network device.
int64_t platform_net_receive(void* frame, size_t n);

/// Hands a frame to the network device: n, 0 = no room yet, -1 = too long, or no device.
int64_t platform_net_send(const void* frame, size_t n);

/// The six bytes of the device's own address. 0, or -1: no device.
int platform_net_address(void* address);

/// Copies the image's arguments (qemu: the kernel command line; linux: argv[1..] joined by blanks)
/// without a NUL; returns their length, which may be more than n. Everybody's service.
int64_t platform_arguments(char* text, size_t n);

/// Ends the image with a code in 0..100.
[[noreturn]] void platform_exit(int code);

/// Reports a violation that software detected (`kind`: canary, ubsan, asan, cfi, gate, panic, ...)
/// as a fault line, then ends the image with code 111. `address`: what it is about, or 0.
[[noreturn]] void platform_fault(const char* kind, uint64_t rip, uint64_t address);

/// Prepares thread `thread` (1 .. threads-1) so that the first switch to it calls entry(argument)
/// with the rights of `compartment` on that compartment's stack for this thread. A compartment can
/// start threads with its own rights only: anything else would be a way past the gates. 0 = done.
int platform_thread_prepare(uint32_t thread, void (*entry)(void*), void* argument,
                            uint32_t compartment);

/// Saves the running thread and resumes `thread`. Each thread keeps the rights it had.
void platform_thread_switch(uint32_t thread);

/// The running thread. Everybody may read it, nobody but the platform can write it.
extern const volatile uint32_t platform_thread;

#ifdef __cplusplus
}
#endif
