// The table of a counting image (src/codegen/counting.h), on the console. Runs in the image's only
// compartment. Lines begin with `flexos-profile`; what a stub itself takes is said, not taken off.
#include <stddef.h>
#include <stdint.h>

#include "flexos/platform.h"

// What the compiler makes of loops and of fresh memory. It is this object's own: the image's
// belongs to a component, whose calls are counted.
extern "C" void* memset(void* to, int byte, size_t n) {
  void* at = to;
  asm volatile("rep stosb" : "+D"(at), "+c"(n) : "a"(byte) : "memory");
  return to;
}

namespace {

struct Account {
  uint64_t time;
  const char* kind;
  const char* first;
  const char* second;
};

struct Call {
  uint64_t count;
  Account* account;
  void (*target)();
  const char* kind;
  const char* caller;
  const char* callee;
  const char* function;
};

extern "C" Call count_calls[], count_calls_end[];
extern "C" Account count_accounts[], count_accounts_end[];
extern "C" uint64_t count_stamp;  // when a stub last looked at the clock
// The same function that does nothing: called as it is, and through a stub.
extern "C" void count_direct();
extern "C" void count_stubbed();

constexpr int kTries = 20;
constexpr uint64_t kCalls = 200;

class Line {
 public:
  Line& operator<<(const char* text) {
    while (*text != 0 && used_ < sizeof text_) text_[used_++] = *text++;
    return *this;
  }
  Line& operator<<(uint64_t number) {
    char digits[21];
    size_t n = sizeof digits;
    digits[--n] = 0;
    do {
      digits[--n] = static_cast<char>('0' + number % 10);
      number /= 10;
    } while (number != 0);
    return *this << &digits[n];
  }
  ~Line() {
    size_t written = 0;
    while (written < used_) {
      const int64_t now = platform_console_write(text_ + written, used_ - written);
      if (now <= 0) return;
      written += static_cast<size_t>(now);
    }
  }

 private:
  char text_[512];
  size_t used_ = 0;
};

uint64_t now() { return __builtin_ia32_rdtsc(); }

bool same(const char* a, const char* b) {
  while (*a != 0 && *a == *b) ++a, ++b;
  return *a == *b;
}

Account& own_account() {
  Account* a = count_accounts;
  while (!same(a->kind, "self")) ++a;
  return *a;
}

template <typename Call>
uint64_t taken(Call call) {
  const uint64_t start = now();
  for (uint64_t i = 0; i < kCalls; ++i) call();
  return now() - start;
}

/// What one stub adds: in all, and of it in the callee's account.
void print_overhead() {
  uint64_t plain = ~0UL;
  uint64_t stubbed = ~0UL;
  uint64_t charged = ~0UL;
  Account& own = own_account();
  for (int i = 0; i < kTries; ++i) {
    const uint64_t direct = taken(count_direct);
    own.time = 0;
    const uint64_t through = taken(count_stubbed);
    if (direct < plain) plain = direct;
    if (through < stubbed) stubbed = through;
    if (own.time < charged) charged = own.time;
  }
  Line() << "flexos-profile stub " << kCalls << " " << plain << " " << stubbed << " " << charged
         << "\n";
}

bool reported = false;
bool marked = false;

}  // namespace

extern "C" void count_empty() {}

extern "C" void count_report() {
  if (reported) return;
  reported = true;
  Line() << "flexos-profile begin " << (marked ? "marked" : "whole") << "\n";
  for (const Call* c = count_calls; c < count_calls_end; ++c) {
    if (c->count == 0 || same(c->kind, "self")) continue;
    Line() << "flexos-profile " << c->kind << " " << c->caller << " " << c->callee << " "
           << c->function << " " << c->count << "\n";
  }
  for (const Account* a = count_accounts; a < count_accounts_end; ++a) {
    if (a->time == 0 || same(a->kind, "self")) continue;
    Line() << "flexos-profile " << (same(a->kind, "copy") ? "marshal" : a->kind) << " " << a->first
           << " " << a->second << " " << a->time << "\n";
  }
  print_overhead();
  Line() << "flexos-profile end\n";
}

/// From the application, where it says so: only what is between the two counts.
extern "C" void flexos_measure(int begins) {
  if (begins == 0) {
    count_report();
    return;
  }
  marked = true;
  for (Call* c = count_calls; c < count_calls_end; ++c) c->count = 0;
  for (Account* a = count_accounts; a < count_accounts_end; ++a) a->time = 0;
  count_stamp = now();
}
