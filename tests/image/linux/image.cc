#include <flexos/image.h>
#include <flexos/platform.h>

// A hand-made image that tries the linux platform: the linker's symbol `probe` says what it does,
// KEYS whether it has three compartments (1 main, 2 worker, 3 attacker) or one.

#define IN(k) [[gnu::section(".data." #k)]]

extern "C" {
extern const char probe[];  // its address is the number, and 1000, since none is at 0
extern char text_start[], data_1[], data_3[];
extern const unsigned char __platform_text_start[], __platform_text_end[];
extern const char guarded_write_site[], platform_last_write_site[];
extern const uint64_t platform_grants[];
extern const uint64_t __platform_data_start[];

struct Registers {
  uint64_t rdi, rsi, rdx, rcx, r9, r11, rbp, rax;
};
int64_t enter_at(uint64_t address, const Registers* registers);
int64_t call_worker(int64_t argument);
int64_t call_attacker(int64_t argument);

IN(1) uint64_t slot_1[2] = {1, 0};  // where gates find stack pointers; the platform sets them
IN(2) uint64_t slot_2[2] = {1, 0};
IN(3) uint64_t slot_3[2] = {1, 0};
IN(1) volatile int64_t secret_1 = 1111;
IN(2) volatile int64_t secret_2 = 2222;
IN(3) volatile int64_t secret_3 = 3333;
IN(2) volatile int64_t turns = 0;

void main_thread();
}

namespace flexos {
// The platform's, for its start.
int64_t call(int64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);
}  // namespace flexos

namespace {

uint64_t at(const volatile void* p) { return reinterpret_cast<uint64_t>(p); }

void say(const char* text) {
  size_t n = 0;
  while (text[n] != 0) ++n;
  platform_console_write(text, n);
}

void check(bool good, const char* what) {
  say(good ? "good: " : "BAD: ");
  say(what);
  say("\n");
}

/// The n-th place in the platform's text where these bytes stand.
uint64_t find(unsigned char a, unsigned char b, unsigned char c, int n) {
  for (const unsigned char* p = __platform_text_start; p + 2 < __platform_text_end; ++p) {
    if (p[0] == a && p[1] == b && (c == 0 || p[2] == c) && n-- == 0) return at(p);
  }
  return 0;
}

int64_t deep(int64_t n) {
  volatile char room[1000];
  room[n % 1000] = 1;
  return n < 0 ? 0 : deep(n + 1) + room[0];
}

void thread_body(void* argument) {
  const int64_t step = reinterpret_cast<int64_t>(argument);
  for (int i = 0; i < 3; ++i) {
    turns = turns + step;
    platform_thread_switch(platform_thread == 1 ? 2 : 0);
  }
  platform_thread_switch(0);
}

void thread_returning(void*) {}

void everything() {
  int64_t before = platform_clock();
  check(call_worker(1) == 2223, "a gate carries argument and result");
  check(before > 0 && platform_clock() > before, "time goes on");
  check(platform_wall_clock() > 1600000000ll * 1000000000, "the wall clock is in this century");
  const int64_t worked = platform_busy_clock();
  before = platform_clock();
  platform_idle(before + 20000000);
  const int64_t slept = platform_clock() - before;
  check(platform_busy_clock() >= worked, "processor time goes on");
  check(platform_busy_clock() - worked < slept, "idling takes no processor time");
  check(slept >= 20000000 && slept < 20000000000, "sleep lasts as long as asked");
  char nothing[4];
  check(platform_console_read(nothing, sizeof nothing) <= 4, "the console is asked");
  check(platform_thread_prepare(0, thread_body, nullptr, 1) == -1, "thread 0 is not prepared");
  check(platform_thread_prepare(3, thread_body, nullptr, 1) == -1, "there is no fourth thread");
  check(platform_thread_prepare(1, reinterpret_cast<void (*)(void*)>(data_1), nullptr, 1) == -1,
        "data is no entry");
  check(platform_thread == 0, "the first thread runs");
  check(platform_thread_prepare(1, thread_body, nullptr, KEYS ? 2 : 7) == -1,
        "nobody starts a thread with another's rights");
  check(call_worker(4) == 0, "two threads in another compartment");
  for (int i = 0; i < 3; ++i) platform_thread_switch(1);
  check(platform_thread == 0 && call_worker(2) == 303, "they took turns and came back");
  check(call_worker(3) == 0, "random bytes");
  char words[64];
  const int64_t size = platform_arguments(words, sizeof words - 1);
  words[size < 63 ? size : 63] = 0;
  say("arguments: ");
  say(words);
  say("\n");
#if KEYS
  check(platform_console_write(const_cast<const int64_t*>(&secret_2), 8) == 0,
        "the platform is no deputy for reading");
#endif
  platform_exit(7);
}

}  // namespace

extern "C" int64_t worker(int64_t what) {
  if (what == 1) return secret_2 + 1;
  if (what == 2) return turns;
  if (what == 4) {
    const uint32_t home = KEYS ? 2 : 1;
    return platform_thread_prepare(1, thread_body, reinterpret_cast<void*>(1), home) +
           platform_thread_prepare(2, thread_body, reinterpret_cast<void*>(100), home);
  }
  uint64_t bytes[4] = {};
  if (platform_random(bytes, sizeof bytes) != 0) return 1;
  return bytes[0] != 0 && bytes[0] != bytes[1] && bytes[2] != bytes[3] ? 0 : 2;
}

/// What a component without any service can try.
extern "C" int64_t attacker(int64_t) {
  static const char text[] = "forged\n";
  Registers r = {};
  int64_t bytes[2];
  volatile int zero = 0;
  const auto start = reinterpret_cast<uint64_t>(&flexos::call);
  switch (at(probe) - 1000) {
    case 1:
      return secret_2;
      break;
    case 2:
      secret_1 = 1;
      break;
    case 3:
      asm volatile("syscall" : : "a"(1), "D"(1), "S"(text), "d"(7) : "rcx", "r11", "memory");
      break;
    case 4:
      r = {1, at(text), 7, 0, 12345, 0, 0, 1};
      enter_at(at(guarded_write_site) - 2, &r);
      break;
    case 5:
      // A system call of the platform's own start, if the filter still let it through.
      r = {0x20000000, 4096, 7, 0, 0, 0, 0, 10};
      for (int i = 0; r.r11 < start; ++i) r.r11 = find(0x0f, 0x05, 0, i);
      enter_at(r.r11, &r);
      break;
    case 6:
      r = {0, 0, 0, 0, 999, 0, 1, 0};
      enter_at(find(0x0f, 0x01, 0xef, 0), &r);
      break;
    case 7:
      r = {0, 0, 0, 0, 0, 0, 0, 0x55555550};
      enter_at(find(0x0f, 0x01, 0xef, 1), &r);
      break;
    case 8:
      enter_at(find(0x0f, 0x01, 0xef, 1), &r);
      break;
    case 9:
      *const_cast<volatile uint32_t*>(&platform_thread) = 2;
      break;
    case 10:
      return static_cast<int64_t>(__platform_data_start[0]);
      break;
    case 11:
      platform_console_write(text, 7);
      break;
    case 12:
      return platform_clock();
      break;
    case 13:
      platform_thread_switch(0);
      break;
    case 14:
      return static_cast<int64_t>(platform_grants[512 + 3]);
      break;
    case 15:
      // rt_sigreturn, which would set any rights.
      r.rax = 15;
      enter_at(at(guarded_write_site) - 2, &r);
      break;
    case 16:
      // The write of the last words: may be had, but is the last.
      r = {2, at(text), 7, 0, 0, 0, 0, 1};
      enter_at(at(platform_last_write_site) - 2, &r);
      break;
    case 17:

      return platform_random(bytes, sizeof bytes);
      break;
    case 18:
      r = {0, 0, 0, 0, 999, 0, 1, 0x55555550};
      enter_at(find(0x0f, 0x01, 0xef, 0), &r);
      break;
    case 20:
      asm volatile("ud2");
      break;
    case 21:
      asm volatile("idivl %0" : : "m"(zero), "a"(1), "d"(0));
      break;
    case 22:
      return *reinterpret_cast<volatile int64_t*>(0x8000000000000000);
      break;
    case 23:
      asm volatile("int $0x80" : : "a"(1), "b"(0));
      break;
    case 24:
      return deep(0);
      break;
    case 25:
      platform_fault("canary", 0x1234, 0x5678);
      break;
    case 26:
      platform_exit(3);
      break;
    case 27:
      reinterpret_cast<int64_t (*)()>(0xffffffffff600000)();
      break;
    case 28:
      reinterpret_cast<void (*)()>(data_3)();
      break;
    case 29:
      *text_start = 1;
      break;
    case 30:
      return *reinterpret_cast<volatile int64_t*>(0x10);
      break;
    case 31:
      platform_fault("x\nFLEXOS EXIT 0", 0, 0);
      break;
    default:
      break;
  }
  return 0;
}

extern "C" void main_thread() {
  switch (at(probe) - 1000) {
    case 0:
      everything();
      break;
    case 32:
      platform_thread_prepare(1, thread_returning, nullptr, 1);
      platform_thread_switch(1);
      break;
    case 33:
      platform_thread_switch(2);
      break;
    case 34:
      platform_idle(platform_clock() + 10000000000);
      break;
    default:
      say(call_attacker(0) == 0 ? "BAD: nothing happened\n" : "BAD: got it\n");
  }
  platform_exit(0);
}
