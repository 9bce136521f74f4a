#include "linux.h"

// Last words: the fault line and the exit line, on standard error so that a program's own output
// stays its own, and the signal handler that turns what the kernel reports into a fault line.
//
// The kernel enters the handler with key 0's rights only. It needs no more: its stack and the
// constants have key 0. Whatever a component left on that stack does not matter, since the kernel
// writes what the handler reads after the component has stopped. It never returns, and the filter
// lets no sigreturn through: saved rights cannot be forged.
PLATFORM_SECTIONS
namespace flexos {
namespace {

enum { SIGILL = 4, SIGTRAP = 5, SIGBUS = 7, SIGFPE = 8, SIGSEGV = 11, SIGSYS = 31 };
enum { SA_SIGINFO = 4, SA_ONSTACK = 0x08000000, SA_RESTORER = 0x04000000 };
enum { kGates = 16, kRip = 16, kError = 19, kTrap = 20, kCr2 = 22, kRsp = 15 };

/// The part of the kernel's ucontext that is read here.
struct Ucontext {
  uint64_t flags;
  void* link;
  uint64_t stack[3];
  uint64_t registers[23];
  const char* floats;  ///< the xsave area
};
static_assert(offsetof(Ucontext, floats) == 40 + 23 * 8);

struct Siginfo {
  int32_t signal, error, code, pad;
  uint64_t address;
  int32_t number;
};

struct Sigaction {
  void (*handler)(int, const Siginfo*, const Ucontext*);
  uint64_t flags;
  void (*restorer)(void);
  uint64_t mask;
};

struct Sigstack {
  void* start;
  int32_t flags;
  uint64_t size;
};

/// PKRU as it was when the signal came. A component that is in its initial state is not saved.
uint32_t saved_rights(const Ucontext& context) {
  constexpr uint32_t kExtended = 0x46505853;
  constexpr uint64_t kPkru = 1 << 9;
  const char* area = context.floats;
  if (flexos_image.protection_keys == 0 || area == nullptr) return 0;
  if (*reinterpret_cast<const uint32_t*>(area + 464) != kExtended) return 0;
  if ((*reinterpret_cast<const uint64_t*>(area + 512) & kPkru) == 0) return 0;
  uint32_t a = 13, b, c = 9, d;
  asm("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
  return *reinterpret_cast<const uint32_t*>(area + b);
}

bool is_site(uint64_t rip) {
  return rip == address(guarded_write_site) || rip == address(guarded_read_site) ||
         rip == address(guarded_clock_site) || rip == address(guarded_random_site) ||
         rip == address(guarded_idle_site) || rip == address(guarded_net_read_site) ||
         rip == address(guarded_net_write_site);
}

/// By the processor's number; as on qemu.
constexpr const char* kKinds[] = {"div",  "debug", "nmi", "breakpoint", "overflow", "bound", "ud",
                                  "nm",   "df",    "fpu", "tss",        "segment",  "stack", "gp",
                                  "page", "trap",  "fpu", "align",      "check",    "simd"};
constexpr uint64_t kPageFault = 14;

const char* kind_of_trap(uint64_t trap, uint64_t rip) {
  if (rip == address(platform_forged)) return "pkru";
  if (rip == address(platform_refused)) return "service";
  return trap < sizeof kKinds / sizeof *kKinds ? kKinds[trap] : "trap";
}

void handle(int signal, const Siginfo* info, const Ucontext* context) {
  constexpr int32_t kProtectionKey = 4;
  const uint64_t* r = context->registers;
  const uint32_t rights = saved_rights(*context);
  if (signal == SIGSYS) {
    report(is_site(r[kRip]) ? "service" : "syscall", r[kRip], static_cast<uint64_t>(info->number),
           "-", rights, r[kRsp], 111);
  }
  const uint64_t trap = r[kTrap], error = r[kError];
  if (trap != kPageFault) {
    report(kind_of_trap(trap, r[kRip]), r[kRip], error, "-", rights, r[kRsp], 111);
  }
  const char* access = (error & 16) != 0 ? "x" : (error & 2) != 0 ? "w" : "r";
  const bool key = signal == SIGSEGV && info->code == kProtectionKey;
  report(key ? "pkey" : "page", r[kRip], r[kCr2], access, rights, r[kRsp], 111);
}

}  // namespace

Line& Line::text(const char* s) {
  for (; *s != 0 && size_ < sizeof text_; ++s) text_[size_++] = *s;
  return *this;
}

Line& Line::hex(uint64_t value) {
  text("0x");
  int shift = 60;
  while (shift > 0 && value >> shift == 0) shift -= 4;
  for (; shift >= 0 && size_ < sizeof text_; shift -= 4) {
    const auto digit = static_cast<char>(value >> shift & 15);
    text_[size_++] = static_cast<char>(digit < 10 ? '0' + digit : 'a' + digit - 10);
  }
  return *this;
}

Line& Line::decimal(uint32_t value) {
  uint32_t unit = 1;
  while (value / unit >= 10) unit *= 10;
  for (; unit > 0 && size_ < sizeof text_; unit /= 10) {
    text_[size_++] = static_cast<char>('0' + value / unit % 10);
  }
  return *this;
}

void report(const char* kind, uint64_t rip, uint64_t address, const char* access, uint32_t pkru,
            uint64_t rsp, int code) {
  Line line;
  line.text("FLEXOS FAULT kind=").text(kind).text(" rip=").hex(rip).text(" address=").hex(address);
  line.text(" access=").text(access).text(" pkru=").hex(pkru).text(" rsp=").hex(rsp);
  line.text("\nFLEXOS EXIT ").decimal(static_cast<uint32_t>(code)).text("\n");
  platform_last(line.start(), line.size(), code);
}

void install_handler() {
  Sigstack stack = {platform_alternate, 0, ALTERNATE_SIZE};
  call(SYS_sigaltstack, address(&stack));
  // It never returns, so what the kernel wants for a return is never used.
  Sigaction action = {handle, SA_SIGINFO | SA_ONSTACK | SA_RESTORER, platform_forged, ~0ull};
  constexpr uint64_t kReported[] = {SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV, SIGSYS};
  for (uint64_t signal : kReported) {
    call(SYS_rt_sigaction, signal, address(&action), 0, sizeof action.mask);
  }
  // Whoever started this process may have blocked what must be reported.
  uint64_t none = 0;
  call(SYS_rt_sigprocmask, 2, address(&none), 0, sizeof none);
}

}  // namespace flexos

extern "C" {

void platform_exit(int code) {
  flexos::Line line;
  const int shown = code < 0 || code > 100 ? 100 : code;
  line.text("FLEXOS EXIT ").decimal(static_cast<uint32_t>(shown)).text("\n");
  platform_last(line.start(), line.size(), shown);
}

// The kind is taken letter by letter, so that no line of the report can be forged with it.
void platform_fault(const char* kind, uint64_t rip, uint64_t address) {
  char name[17];
  size_t n = 0;
  for (; n + 1 < sizeof name && ((kind[n] >= 'a' && kind[n] <= 'z') || kind[n] == '-'); ++n) {
    name[n] = kind[n];
  }
  name[n] = 0;
  flexos::report(n > 0 ? name : "unnamed", rip, address, "-", platform_rights(),
                 flexos::address(__builtin_frame_address(0)), 111);
}

}  // extern "C"
