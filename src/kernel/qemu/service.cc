#include "cpu.h"
#include "nucleus.h"

// The services of platform.h, after the two questions that every syscall is asked: does it come
// from the platform's own text, and do the rights it runs with belong to a compartment that may.
namespace flexos {
namespace {

/// What a compartment needs one of, by service; 0: everybody's.
constexpr uint32_t kRight[SERVICES] = {
    FLEXOS_SERVICE_CONSOLE,
    FLEXOS_SERVICE_CONSOLE,
    FLEXOS_SERVICE_CLOCK,
    FLEXOS_SERVICE_CLOCK,
    FLEXOS_SERVICE_RANDOM,
    FLEXOS_SERVICE_CLOCK | FLEXOS_SERVICE_THREADS,
    0,
    0,
    FLEXOS_SERVICE_THREADS,
    FLEXOS_SERVICE_THREADS,
    0,
    FLEXOS_SERVICE_NETWORK,
    FLEXOS_SERVICE_NETWORK,
    FLEXOS_SERVICE_NETWORK,
    FLEXOS_SERVICE_CLOCK,
};

constexpr size_t kChunk = 256;

/// Ring 3 lives in [kImage, kLimit): nothing of the nucleus does, so no pointer can reach it. Holes
/// and foreign keys in between are for the processor to find.
void check_range(uint64_t from, uint64_t n, char access) {
  if (from < kImage || from >= kLimit || n > kLimit - from) {
    fault("page", current_frame().rip, from, access, current_frame().rsp);
  }
}

void copy(void* to, const void* from, size_t n) {
  allow_user_access(true);
  nucleus_copy(to, from, n);
  allow_user_access(false);
}

int64_t write(uint64_t text, uint64_t n) {
  char chunk[kChunk];
  check_range(text, n, 'r');
  for (uint64_t done = 0; done < n;) {
    uint64_t part = n - done < kChunk ? n - done : kChunk;
    copy_from_user(chunk, text + done, part);
    console_write(chunk, part);
    done += part;
  }
  return static_cast<int64_t>(n);
}

int64_t read(uint64_t text, uint64_t n) {
  char chunk[kChunk];
  check_range(text, n, 'w');
  size_t have = 0;
  while (have < n && have < kChunk && console_has_input()) chunk[have++] = console_read();
  copy_to_user(text, chunk, have);
  return static_cast<int64_t>(have);
}

int64_t random(uint64_t buffer, uint64_t n) {
  check_range(buffer, n, 'w');
  if (!features.random) return -1;
  for (uint64_t done = 0; done < n;) {
    uint64_t word;
    bool good = false;
    for (int tries = 0; tries < 10 && !good; ++tries) {
      asm volatile("rdrand %0" : "=r"(word), "=@ccc"(good));
    }
    if (!good) return -1;
    uint64_t part = n - done < sizeof word ? n - done : sizeof word;
    copy_to_user(buffer + done, &word, part);
    done += part;
  }
  return 0;
}

/// A violation that ring 3 found itself. Its word for it is taken letter by letter, so that no line
/// of the report can be forged with it, and `access=-` tells it from what the processor found.
[[noreturn]] void software_fault(uint64_t kind, uint64_t rip, uint64_t address) {
  char name[17];
  zero(name, sizeof name);
  for (uint64_t i = 0; i + 1 < sizeof name; ++i) {
    char c;
    copy_from_user(&c, kind + i, 1);
    if ((c < 'a' || c > 'z') && c != '-') break;
    name[i] = c;
  }
  fault(name[0] ? name : "unnamed", rip, address, '-', current_frame().rsp);
}

bool is_allowed(uint32_t number, const FlexosCompartment& caller) {
  return number < SERVICES && (kRight[number] == 0 || caller.services & kRight[number]);
}

}  // namespace

Frame& current_frame() { return reinterpret_cast<Frame*>(nucleus_stack_top)[-1]; }

void copy_from_user(void* to, uint64_t from, size_t n) {
  check_range(from, n, 'r');
  copy(to, reinterpret_cast<const void*>(from), n);
}

void copy_to_user(uint64_t to, const void* from, size_t n) {
  check_range(to, n, 'w');
  copy(reinterpret_cast<void*>(to), from, n);
}

extern "C" int64_t nucleus_service(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint32_t number,
                                   Frame& frame) {
  if (frame.rip <= reinterpret_cast<uint64_t>(platform_text_start) ||
      frame.rip >= reinterpret_cast<uint64_t>(platform_text_end)) {
    fault("syscall", frame.rip, number, '-', frame.rsp);
  }
  uint32_t rights = features.keys ? read_pkru() : 0;
  uint32_t caller = 1;
  while (caller <= compartment_count && compartments[caller].pkru != rights) ++caller;
  if (caller > compartment_count) fault("pkru", frame.rip, number, '-', frame.rsp);
  if (!is_allowed(number, compartments[caller])) {
    fault("service", frame.rip, number, '-', frame.rsp);
  }
  switch (number) {
    case SERVICE_CONSOLE_WRITE:
      return write(a, b);
    case SERVICE_CONSOLE_READ:
      return read(a, b);
    case SERVICE_CLOCK:
      return clock_now();
    case SERVICE_WALL_CLOCK:
      return clock_wall();
    case SERVICE_BUSY_CLOCK:
      return clock_busy();
    case SERVICE_RANDOM:
      return random(a, b);
    case SERVICE_IDLE:
      clock_idle(static_cast<int64_t>(a));
      return 0;
    case SERVICE_ARGUMENTS:
      copy_to_user(a, arguments, b < arguments_size ? b : arguments_size);
      return static_cast<int64_t>(arguments_size);
    case SERVICE_NET_RECEIVE:
      check_range(a, b, 'w');
      return network_receive(a, b);
    case SERVICE_NET_SEND:
      check_range(a, b, 'r');
      return network_send(a, b);
    case SERVICE_NET_ADDRESS:
      return network_address(a);
    case SERVICE_FAULT:
      software_fault(a, b, c);
    case SERVICE_THREAD_PREPARE:
      return d == caller ? thread_prepare(a, b, c, d)
                         : -1;  // its own rights, or it is a way round gates
    case SERVICE_THREAD_SWITCH:
      thread_switch(a, frame);
      return 0;
    default:
      exit(a <= 100 ? static_cast<int>(a) : 100);
  }
}

}  // namespace flexos
