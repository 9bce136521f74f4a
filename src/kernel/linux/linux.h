#pragma once

#include <flexos/image.h>
#include <flexos/platform.h>
#include <stddef.h>
#include <stdint.h>

#include "layout.h"

/// The `linux` platform: an image as one static process without a libc, on the real processor's
/// protection keys. It runs in ring 3 beside the components, so what the nucleus does by privilege
/// this does by four means:
///
///   * seccomp: a system call is let through only from one of nine addresses in
///     `.platform.text`, one for each call that an image needs (seccomp.cc). All others end the
///     image.
///   * Grants: each compartment has a page of its own key with a random word for each service that
///     it may ask for, and the kernel's filter wants to see that word. Who jumps to a system call
///     past the checks in front of it has no word to show (entry.S).
///   * A key of its own (the last) for the platform's stack, thread contexts and the words.
///   * What everybody may read (the running thread, the clock's scale) is one page that is mapped
///     twice: for all to read, under the platform's key to write.
///
/// Everything here stands in `.platform.*` sections; sections.ld places them.
namespace flexos {

/// What a compartment holds of the platform: a page under the compartment's own key.
struct alignas(PAGE) Grants {
  uint64_t landing;  ///< while the platform goes back to it: its stack pointer; else 0
  int64_t result;
  uint64_t identity;                      ///< proves who asks for a thread service; 0 = may not
  uint64_t console, clock, random, idle;  ///< proves the right to a service's system calls
  uint64_t foreign;  ///< with `landing`: another compartment's vectors are in the registers
  uint64_t network;
};
static_assert(offsetof(Grants, landing) == GRANT_LANDING);
static_assert(offsetof(Grants, result) == GRANT_RESULT);
static_assert(offsetof(Grants, identity) == GRANT_IDENTITY);
static_assert(offsetof(Grants, console) == GRANT_CONSOLE);
static_assert(offsetof(Grants, clock) == GRANT_CLOCK);
static_assert(offsetof(Grants, random) == GRANT_RANDOM);
static_assert(offsetof(Grants, idle) == GRANT_IDLE);
static_assert(offsetof(Grants, foreign) == GRANT_FOREIGN);
static_assert(offsetof(Grants, network) == GRANT_NETWORK);
static_assert(sizeof(Grants) == 1 << PAGE_BITS);

/// What everybody may read and only the platform can write.
struct Common {
  uint32_t thread;
  uint32_t tsc;  ///< the time stamp counter is a clock
  uint64_t tsc_start;
  uint64_t tsc_scale;  ///< nanoseconds a tick, in 2^-32
  int64_t clock_start;
  uint64_t listens;  ///< 1: there is something to wait for on the console; 0: it is at its end
  uint64_t arguments_size;
  int64_t tap;  ///< its descriptor; negative: there is none
  char arguments[PAGE - 56];
};
static_assert(offsetof(Common, thread) == COMMON_THREAD && offsetof(Common, tsc) == COMMON_TSC);
static_assert(offsetof(Common, tsc_start) == COMMON_TSC_START);
static_assert(offsetof(Common, tsc_scale) == COMMON_TSC_SCALE && sizeof(Common) == PAGE);

static_assert(offsetof(FlexosImage, compartments) == IMAGE_COMPARTMENTS);
static_assert(offsetof(FlexosImage, protection_keys) == IMAGE_KEYS);
static_assert(offsetof(FlexosImage, compartment) == IMAGE_COMPARTMENT);
static_assert(sizeof(FlexosCompartment) == COMPARTMENT_SIZE);
static_assert(offsetof(FlexosCompartment, pkru) == COMPARTMENT_PKRU);
static_assert(offsetof(FlexosCompartment, services) == COMPARTMENT_SERVICES);
static_assert(FLEXOS_SERVICE_CLOCK == SERVICE_CLOCK);

/// A thread that does not run. Where it goes on is on its stack.
struct Context {
  uint64_t rsp;          ///< 0: there is no such thread
  uint64_t compartment;  ///< whose rights it goes on with
  struct {
    uint64_t slot, wait;  ///< what gates keep for each compartment: the two words at its `slot`
  } gate[MOST_COMPARTMENTS + 1];
};

/// Under the platform's key.
struct State {
  uint64_t identity[MOST_COMPARTMENTS + 1];
  uint64_t console, clock, random, idle, network;
  Context* context;
};
extern State state;

/// What a compartment asks the platform for with raised rights; built by entry.S on the platform's
/// stack, from registers that may hold anything.
struct Request {
  uint64_t prepare;  ///< else switch
  uint64_t thread, entry, argument, compartment;
  uint64_t caller, identity, rsp;
};

struct Timespec {
  int64_t seconds, nanoseconds;
  int64_t total() const { return seconds * 1000000000 + nanoseconds; }
};

struct Poll {
  int32_t file;
  int16_t wanted, got;
};

/// One line of text, built without an allocation; what does not fit is left off.
class Line {
 public:
  Line& text(const char* s);
  Line& hex(uint64_t value);
  Line& decimal(uint32_t value);
  const char* start() const { return text_; }
  size_t size() const { return size_; }

 private:
  char text_[512];
  size_t size_ = 0;
};

/// Prints a fault line and ends the process with `code`. Needs no right but key 0's.
[[noreturn]] void report(const char* kind, uint64_t rip, uint64_t address, const char* access,
                         uint32_t pkru, uint64_t rsp, int code);

/// Lets through what the six sites need, from now on.
bool install_filter();
/// Has faults reported from now on.
void install_handler();
/// Finds out how fast the time stamp counter runs.
void start_clock();
/// Is there anybody who can type?
bool console_listens();
/// The tap that the environment names (FLEXOS_TAP); negative: none.
int64_t open_tap(const uint64_t* stack);
/// Makes the first switch to `thread` call entry(argument).
void prepare(uint64_t thread, uint64_t entry, uint64_t argument, uint64_t compartment);

/// A system call, for the time before the filter.
int64_t call(int64_t number, uint64_t a = 0, uint64_t b = 0, uint64_t c = 0, uint64_t d = 0,
             uint64_t e = 0, uint64_t f = 0);

inline uint64_t address(const void* p) { return reinterpret_cast<uint64_t>(p); }
inline uint64_t address(void (*p)()) { return reinterpret_cast<uint64_t>(p); }

}  // namespace flexos

// entry.S
extern "C" {
extern flexos::Grants platform_grants[MOST_COMPARTMENTS + 1];
extern const volatile flexos::Common platform_common;
extern flexos::Common platform_common_view;  ///< the same page, to write
extern char platform_alternate[ALTERNATE_SIZE];
int64_t platform_now(void);
int64_t guarded_write(uint64_t fd, const void* text, size_t n);
int64_t guarded_read(uint64_t fd, void* text, size_t n);
int64_t guarded_clock(uint64_t clock, flexos::Timespec* time, uint64_t zero);
int64_t guarded_random(void* buffer, size_t n, uint64_t flags);
int64_t guarded_net_read(uint64_t fd, void* frame, size_t n);
int64_t guarded_net_write(uint64_t fd, const void* frame, size_t n);
int64_t guarded_idle(void* files, uint64_t n, const flexos::Timespec* timeout);
[[noreturn]] void platform_last(const char* text, size_t n, int code);
void platform_forged(void);
void platform_refused(void);
[[noreturn]] void platform_land(uint64_t compartment);
void platform_thread_begin(void);
uint32_t platform_rights(void);
// The address behind each system call that the filter knows.
extern const char guarded_write_site[], guarded_read_site[], guarded_clock_site[];
extern const char guarded_random_site[], guarded_idle_site[];
extern const char guarded_net_read_site[], guarded_net_write_site[];
extern const char platform_last_write_site[], platform_last_exit_site[];
// sections.ld
extern char __platform_data_start[], __platform_data_end[];
extern const char __platform_start[], image_end[];
}

/// Everything in a file of the platform goes into its sections.
#define PLATFORM_SECTIONS                                                      \
  _Pragma("clang section text=\".platform.text\" rodata=\".platform.rodata\"") \
      _Pragma("clang section data=\".platform.data\" bss=\".platform.bss\"")
