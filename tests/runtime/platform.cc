#include <flexos/platform.h>

/// The platform under the runtime's tests: a static Linux process of one compartment, no C library.
/// Prints faults as the real platforms do, and ends with their codes.
extern "C" {
extern const char stack_start[], stack_end[];
extern const int32_t kcfi_traps_start[], kcfi_traps_end[];
void test_start();  // initialises the runtime, calls main: bound by the linker script

volatile uint32_t thread_now;
extern const volatile uint32_t platform_thread __attribute__((alias("thread_now")));
}

namespace {

char arguments[256];
size_t arguments_size;

int64_t call(int64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d = 0) {
  int64_t result;
  register uint64_t r10 asm("r10") = d;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
               : "rcx", "r11", "memory");
  return result;
}

template <typename T>
uint64_t word(T* pointer) {
  return reinterpret_cast<uint64_t>(pointer);
}

void write(const char* text) {
  size_t n = 0;
  while (text[n] != 0) ++n;
  call(1, 1, word(text), n);
}

void write_hex(uint64_t n) {
  char digits[19] = "0x";
  for (int i = 0; i < 16; ++i) digits[2 + i] = "0123456789abcdef"[(n >> (60 - 4 * i)) & 15];
  write(digits);
}

/// The decoding rule of docs/hardening.md: each entry holds its own distance to an ud2.
bool is_kcfi_trap(uint64_t rip) {
  for (const int32_t* entry = kcfi_traps_start; entry != kcfi_traps_end; ++entry) {
    if (word(entry) + static_cast<uint64_t>(int64_t{*entry}) == rip) return true;
  }
  return false;
}

constexpr int kSigIll = 4;
constexpr int kSigSegv = 11;
constexpr size_t kRip = 16;  // general register of ucontext_t

[[noreturn]] void on_signal(int signal, void*, const uint64_t* context) {
  // uc_flags, uc_link, uc_stack (3 words), then the registers.
  const uint64_t rip = context[5 + kRip];
  const bool ud = signal == kSigIll;
  platform_fault(!ud ? "page" : is_kcfi_trap(rip) ? "cfi" : "ud", rip, 0);
}

struct Action {
  void (*handler)(int, void*, const uint64_t*);
  uint64_t flags;
  void (*restorer)();
  uint64_t mask;
};

void catch_signal(int signal) {
  constexpr uint64_t kSigInfo = 4, kRestorer = 0x04000000, kOnStack = 0x08000000;
  const Action action = {on_signal, kSigInfo | kRestorer | kOnStack, nullptr, 0};
  call(13, static_cast<uint64_t>(signal), word(&action), 0, 8);
}

alignas(16) char signal_stack[16384];

}  // namespace

extern "C" {

int64_t platform_console_write(const void* text, size_t n) { return call(1, 1, word(text), n); }

int64_t platform_console_read(void* text, size_t n) { return call(0, 0, word(text), n); }

int platform_random(void* buffer, size_t n) {
  return call(318, word(buffer), n, 0) == static_cast<int64_t>(n) ? 0 : -1;
}

int64_t platform_arguments(char* text, size_t n) {
  for (size_t i = 0; i < n && i < arguments_size; ++i) text[i] = arguments[i];
  return static_cast<int64_t>(arguments_size);
}

[[noreturn]] void platform_exit(int code) {
  for (;;) call(231, static_cast<uint64_t>(code), 0, 0);
}

[[noreturn]] void platform_fault(const char* kind, uint64_t rip, uint64_t address) {
  write("FLEXOS FAULT kind=");
  write(kind);
  write(" rip=");
  write_hex(rip);
  write(" address=");
  write_hex(address);
  write("\n");
  platform_exit(111);
}

/// Tests switch threads by hand.
void test_set_thread(uint32_t thread) { thread_now = thread; }

[[noreturn, gnu::used]] void begin(const uint64_t* stack) {
  if (stack[0] > 1) {
    const char* text = reinterpret_cast<const char*>(stack[2]);
    while (arguments_size < sizeof(arguments) && text[arguments_size] != 0) {
      arguments[arguments_size] = text[arguments_size];
      ++arguments_size;
    }
  }
  const uint64_t alternate[3] = {word(signal_stack), 0, sizeof(signal_stack)};
  call(131, word(alternate), 0, 0);
  catch_signal(kSigIll);
  catch_signal(kSigSegv);
  // To the top of thread 0's stack; there are two threads.
  const uint64_t top = word(stack_start) + (word(stack_end) - word(stack_start)) / 2;
  asm volatile("movq %0, %%rsp\n\tcall test_start" : : "r"(top) : "memory");
  __builtin_unreachable();
}

[[gnu::naked]] void _start() { asm volatile("movq %rsp, %rdi\n\tandq $-16, %rsp\n\tcall begin"); }
}
