#pragma once

#include <flexos/image.h>
#include <flexos/platform.h>
#include <stddef.h>
#include <stdint.h>

#include "service.h"

/// The ring-0 nucleus of the `qemu` platform: boot, page tables, traps, clock, serial console, and
/// the services of platform.h. With the gates it is the whole trusted base. It runs with interrupts
/// off, on one processor, on one stack, and never twice at a time, so nothing here is locked.
///
/// After boot its memory map is: its own pages (supervisor, none both writable and executable), the
/// local APIC, a second, writable view of the page that holds `platform_thread`, and the image's
/// regions for ring 3. Page tables are in no map at all: nothing can change them any more.
namespace flexos {

inline constexpr uint64_t kPage = 4096;
inline constexpr uint64_t kLargePage = 2 << 20;
inline constexpr uint64_t kTables = 2 << 20;     ///< page tables: from here up to the image
inline constexpr uint64_t kImage = 16 << 20;     ///< ring 3 has nothing below,
inline constexpr uint64_t kLimit = 1ull << 31;   ///< and nothing from here on.
inline constexpr uint64_t kThreadView = kLimit;  ///< where the nucleus can write `platform_thread`
inline constexpr uint64_t kApic = 0xfee00000;
inline constexpr uint32_t kThreads = 256;
inline constexpr uint32_t kCompartments = 16;
inline constexpr int kFaultCode = 111;

/// What a syscall saves at the top of the nucleus' stack, in the order in which entry.S pushes it.
struct Frame {
  uint64_t rdi, r15, r14, r13, r12, rbp, rbx, rflags, rip, rsp;
};

/// The frame of the service that is being served.
Frame& current_frame();

/// What the processor can do, found once.
struct Features {
  bool keys;    ///< protection keys are there and in use
  bool random;  ///< rdrand
};
extern Features features;

/// Of `flexos_image`, what services need, copied into the nucleus: [1 .. compartment_count].
extern FlexosCompartment compartments[kCompartments];
extern uint32_t compartment_count, thread_count;
extern uint64_t stack_size;

/// The command line that QEMU was given with -append, copied at boot.
extern char arguments[kPage];
extern size_t arguments_size;

// paging.cc
/// Builds the page tables for the image and switches to them.
void map_image(uint64_t memory_end);
/// Device registers, for the nucleus alone.
void map_device(uint64_t from, uint64_t end);

// console.cc
void console_start();
void console_write(const char* text, size_t n);
bool console_has_input();
char console_read();  ///< there must be input
/// Ends the line that stands there unfinished, if one does.
void console_new_line();
/// Waits until all has left, so that it is not lost when the machine goes.
void console_flush();

// clock.cc
void clock_start();
void clock_calibrate();
int64_t clock_now();
int64_t clock_wall();
int64_t clock_busy();  ///< as clock_now, without clock_idle's
/// Sleeps until the clock says `until` or something has come in.
void clock_idle(int64_t until);
void clock_pause(int64_t ns);  ///< until the next interrupt, the timer's at the latest

// network.cc
/// Does a compartment have the service?
bool network_is_wanted();
/// Maps the registers of every device that may be there (map_image).
void network_map();
/// Looks for a device; without one its services answer -1.
void network_start();
bool network_has_input();
/// As platform.h has them; the buffers are ring 3's.
int64_t network_receive(uint64_t frame, uint64_t n);
int64_t network_send(uint64_t frame, uint64_t n);
int64_t network_address(uint64_t address);

// trap.cc
void traps_start();
/// One fault line, then the end. `access`: r, w, x, or - where nothing was accessed.
[[noreturn]] void fault(const char* kind, uint64_t rip, uint64_t address, char access,
                        uint64_t rsp);
/// The nucleus cannot run this image on this machine.
[[noreturn]] void refuse(const char* kind, uint64_t address);
[[noreturn]] void exit(int code);

// service.cc
/// Copies with the rights that are in force; a violation is reported as the caller's fault.
void copy_from_user(void* to, uint64_t from, size_t n);
void copy_to_user(uint64_t to, const void* from, size_t n);

// thread.cc
int64_t thread_prepare(uint64_t thread, uint64_t entry, uint64_t argument, uint64_t compartment);
void thread_switch(uint64_t thread, Frame& frame);
/// Sets the stack pointers that gates enter with, as `thread` begins.
void threads_start();

}  // namespace flexos

// Assembly and the linker script.
extern "C" {
[[noreturn]] void nucleus_enter(uint64_t rip, uint64_t rsp, uint32_t pkru, bool has_pkru);
void nucleus_syscall(void);
void nucleus_copy(void* to, const void* from, size_t n);
extern const char nucleus_copy_end[];
extern char nucleus_stack_top[];
extern const uint64_t nucleus_handlers[VECTOR_TIMER + 1];
extern const char nucleus_text_start[], nucleus_text_end[];
extern const char nucleus_rodata_start[], nucleus_rodata_end[];
extern const char nucleus_data_start[], nucleus_data_end[];
extern const char platform_text_start[], platform_text_end[];
}
