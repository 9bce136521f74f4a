#include "cpu.h"
#include "nucleus.h"

// Time is the processor's counter (TSC). What it counts per nanosecond is measured against the
// local APIC's timer, which every machine of QEMU has and which ticks once a nanosecond with TCG
// and with KVM (the APIC bus runs at 1 GHz), unless the hypervisor says it (KVM with a known,
// invariant counter). A millisecond is enough: both ends are read to within a fraction of a
// microsecond.
namespace flexos {
namespace {

enum : uint32_t {
  kSpurious = 0xf0,
  kTimerVector = 0x320,
  kLine0 = 0x350,
  kLine1 = 0x360,
  kTimerStart = 0x380,
  kTimerNow = 0x390,
  kTimerDivide = 0x3e0,
};
constexpr uint32_t kMasked = 0x10000;
constexpr uint32_t kMillisecond = 1'000'000;

uint64_t start;   // the counter when the nucleus began
uint64_t idled;   // counts in clock_pause
uint64_t factor;  // nanoseconds a count, 32 binary places

volatile uint32_t& apic(uint32_t offset) {
  return *reinterpret_cast<volatile uint32_t*>(kApic + offset);
}

struct Sample {
  uint64_t tsc;
  uint32_t timer;
};

/// Both clocks at one moment: of a few tries, the one that was disturbed least.
Sample sample() {
  Sample best{};
  uint64_t shortest = UINT64_MAX;
  for (int i = 0; i < 8; ++i) {
    uint64_t before = read_tsc();
    uint32_t timer = apic(kTimerNow);
    uint64_t width = read_tsc() - before;
    if (width < shortest) {
      shortest = width;
      best = {before + width / 2, timer};
    }
  }
  return best;
}

uint64_t measured_factor() {
  apic(kTimerVector) = kMasked | VECTOR_TIMER;
  apic(kTimerStart) = UINT32_MAX;
  Sample first = sample();
  while (first.timer - apic(kTimerNow) < kMillisecond) asm volatile("pause");
  Sample last = sample();
  apic(kTimerStart) = 0;
  return (static_cast<uint64_t>(first.timer - last.timer) << 32) / (last.tsc - first.tsc);
}

uint32_t stated_kilohertz() {
  constexpr uint32_t kHypervisor = 0x40000000, kTiming = 0x40000010;
  bool guest = cpuid(1).c >> 31;
  return guest && cpuid(kHypervisor).a >= kTiming ? cpuid(kTiming).a : 0;
}

int64_t nanoseconds(uint64_t counts) {
  using Wide = unsigned __int128;
  return static_cast<int64_t>(static_cast<Wide>(counts) * factor >> 32);
}

uint8_t calendar(uint8_t index) {
  out8(0x70, index);
  return in8(0x71);
}

/// Seconds since 1970, from the calendar chip (whole seconds; UTC with -rtc base=utc).
int64_t calendar_seconds() {
  constexpr uint8_t kStatusA = 10, kStatusB = 11, kUpdating = 0x80, kBinary = 4;
  constexpr uint8_t kIndex[] = {0, 2, 4, 7, 8, 9};  // second, minute, hour, day, month, year
  int64_t field[6], again[6];
  bool stable = false;
  while (!stable) {  // two equal readings: no second went by in between
    while (calendar(kStatusA) & kUpdating && calendar(kStatusA) != 0xff) asm volatile("pause");
    stable = true;
    for (int pass = 0; pass < 2; ++pass) {
      for (int i = 0; i < 6; ++i) {
        uint8_t raw = calendar(kIndex[i]);
        (pass ? again : field)[i] =
            calendar(kStatusB) & kBinary ? raw : (raw >> 4) * 10 + (raw & 15);
        if (pass && again[i] != field[i]) stable = false;
      }
    }
  }
  // Days of the Gregorian calendar, counted in years that begin in March.
  int64_t year = field[5] + 2000 - (field[4] <= 2);
  int64_t month = (field[4] + 9) % 12;
  int64_t days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 +
                 field[3] - 1 - 719468;
  return ((days * 24 + field[2]) * 60 + field[1]) * 60 + field[0];
}

}  // namespace

void clock_start() { start = read_tsc(); }

void clock_calibrate() {
  apic(kLine0) = kMasked;  // the old interrupt controller has nothing to say
  apic(kLine1) = kMasked;
  apic(kSpurious) = 0x1ff;  // on; its spurious vector
  apic(kTimerDivide) = 11;  // by one
  uint32_t kilohertz = stated_kilohertz();
  factor = kilohertz ? (uint64_t{kMillisecond} << 32) / kilohertz : measured_factor();
  apic(kTimerVector) = VECTOR_TIMER;  // one shot
}

int64_t clock_now() { return nanoseconds(read_tsc() - start); }

int64_t clock_busy() { return nanoseconds(read_tsc() - start - idled); }

int64_t clock_wall() {
  static int64_t offset;
  static bool known;
  if (!known) {
    offset = calendar_seconds() * 1'000'000'000 - clock_now();
    known = true;
  }
  return offset + clock_now();
}

void clock_pause(int64_t ns) {
  apic(kTimerStart) = static_cast<uint32_t>(ns);
  const uint64_t since = read_tsc();
  asm volatile("sti; hlt; cli" : : : "memory");
  idled += read_tsc() - since;
}

void clock_idle(int64_t until) {
  // The serial port wakes nobody, so that one looks after it every millisecond; the network does,
  // and who serves it is not typed at.
  const int64_t most = network_is_wanted() ? 10 * kMillisecond : kMillisecond;
  while (!console_has_input() && !network_has_input()) {
    int64_t left = until - clock_now();
    if (left <= 0) return;
    clock_pause(left < most ? left : most);
  }
}

}  // namespace flexos
