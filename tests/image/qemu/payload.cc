// Ring 3 for the nucleus' own tests: two compartments, and one function a case. Which of them is
// the image's first code is decided by the linker (--defsym=test_case=NAME). KEYS=0 makes an image
// that uses no protection keys, for machines that have none.
#include <flexos/image.h>
#include <flexos/platform.h>

#ifndef KEYS
#define KEYS 1
#endif

template <class T>
static T peek(const T& at) {
  return *const_cast<const volatile T*>(&at);
}

extern "C" {

extern const char text_start[], text_end[], rodata_start[], rodata_end[], common_start[],
    common_end[], data1_start[], data1_end[], data2_start[], data2_end[], stacks1[], stacks1_end[],
    stacks2[], stacks2_end[];
void test_case();

[[gnu::section(".data.1")]] uint64_t secret1 = 0x1111;
[[gnu::section(".data.1")]] uint64_t slot1 = 1;
[[gnu::section(".data.1")]] char buffer1[8192] = {1};
[[gnu::section(".data.2")]] uint64_t secret2 = 0x2222;
[[gnu::section(".data.2")]] uint64_t slot2 = 2;
[[gnu::section(".data.2")]] char buffer2[64] = "of compartment two";
[[gnu::section(".data.0")]] volatile uint64_t shared = 1;

#define ADDRESS(symbol) reinterpret_cast<uint64_t>(symbol)
constexpr uint64_t kStack = 65536;
constexpr uint32_t kRights1 = KEYS ? 0xfffffff0 : 0, kRights2 = KEYS ? 0xffffffcc : 0xffffffff;

extern const FlexosRegion region_table[];
const FlexosRegion region_table[] = {
    {ADDRESS(text_start), ADDRESS(text_end), 0, FLEXOS_READ | FLEXOS_EXECUTE},
    {ADDRESS(rodata_start), ADDRESS(rodata_end), 0, FLEXOS_READ},
    {ADDRESS(common_start), ADDRESS(common_end), 0, FLEXOS_READ | FLEXOS_WRITE},
    {ADDRESS(data1_start), ADDRESS(data1_end), 1, FLEXOS_READ | FLEXOS_WRITE},
    {ADDRESS(data2_start), ADDRESS(data2_end), 2, FLEXOS_READ | FLEXOS_WRITE},
    {ADDRESS(stacks1), ADDRESS(stacks1_end), 1, FLEXOS_READ | FLEXOS_WRITE},
    {ADDRESS(stacks2), ADDRESS(stacks2_end), 2, FLEXOS_READ | FLEXOS_WRITE},
};
extern const FlexosCompartment compartment_table[];
const FlexosCompartment compartment_table[] = {
    {},
    {kRights1,
     FLEXOS_SERVICE_CONSOLE | FLEXOS_SERVICE_CLOCK | FLEXOS_SERVICE_RANDOM | FLEXOS_SERVICE_THREADS,
     &slot1, ADDRESS(stacks1)},
    {kRights2, FLEXOS_SERVICE_CONSOLE | FLEXOS_SERVICE_THREADS, &slot2, ADDRESS(stacks2)},
};
extern const FlexosImage flexos_image;
const FlexosImage flexos_image = {FLEXOS_MAGIC,
                                  FLEXOS_VERSION,
                                  2,
                                  sizeof region_table / sizeof *region_table,
                                  4,
                                  kStack,
                                  1,
                                  KEYS,
                                  test_case,
                                  region_table,
                                  compartment_table};

static size_t length(const char* s) {
  size_t n = 0;
  while (s[n]) ++n;
  return n;
}
static void say(const char* s) { platform_console_write(s, length(s)); }
static void expect(bool good, const char* what) {
  if (good) return;
  say("failed: ");
  say(what);
  say("\n");
  platform_exit(1);
}
static void set_rights(uint32_t pkru) {
  asm volatile("wrpkru" : : "a"(pkru), "c"(0), "d"(0) : "memory");
}
static uint64_t raw_syscall(uint64_t number, uint64_t a, uint64_t b) {
  asm volatile("syscall"
               : "+a"(number)
               : "D"(a), "S"(b)
               : "rcx", "r11", "rdx", "r8", "r9", "r10", "memory");
  return number;
}
// What works.
void test_hello() {
  expect(peek(slot1) == ADDRESS(stacks1) + kStack, "slot of compartment 1");
  expect(platform_thread == 0, "thread 0");
  uint64_t stack = ADDRESS(__builtin_frame_address(0));
  expect(stack > ADDRESS(stacks1) && stack < ADDRESS(stacks1) + kStack, "stack");
  say("hello from ring 3\n");
  platform_exit(42);
}
void test_long_text() {
  for (size_t i = 0; i < sizeof buffer1; ++i) buffer1[i] = i % 64 == 63 ? '\n' : '=';
  expect(platform_console_write(buffer1, sizeof buffer1) == sizeof buffer1, "all written");
  platform_exit(0);
}
void test_echo() {
  char c = 0;
  while (c != '\n') {
    if (platform_console_read(&c, 1) == 1) {
      platform_console_write(&c, 1);
    } else {
      platform_idle(platform_clock() + 1'000'000'000);
    }
  }
  platform_exit(0);
}
static void number(const char* name, int64_t value) {
  char digits[24];
  size_t at = sizeof digits;
  digits[--at] = '\n';
  do {
    digits[--at] = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value > 0);
  say(name);
  platform_console_write(digits + at, sizeof digits - at);
}
void test_clock() {
  int64_t before = platform_clock(), last = before;
  for (int i = 0; i < 1000; ++i) {
    int64_t now = platform_clock();
    expect(now >= last, "monotonic");
    last = now;
  }
  number("wall ", platform_wall_clock());
  say("begin\n");
  const int64_t worked = platform_busy_clock();
  before = platform_clock();
  platform_idle(before + 1'000'000'000);
  last = platform_clock();
  expect(platform_busy_clock() >= worked, "processor time is monotonic");
  expect(platform_busy_clock() - worked < last - before, "idling takes no processor time");
  say("end\n");
  number("slept ", last - before);
  number("wall ", platform_wall_clock());
  platform_exit(0);
}
void test_arguments() {
  char text[8] = {};
  number("length ", platform_arguments(text, 5));
  say(text);
  platform_exit(0);
}
void test_random() {
  uint64_t a[3] = {}, b[3] = {};
  expect(platform_random(a, 21) == 0 && platform_random(b, 21) == 0, "random");
  expect(a[0] != b[0] && a[1] != b[1] && a[0] != 0 && a[2] >> 40 == 0, "bytes");
  platform_exit(0);
}

static void on_thread(void* argument) {
  uint64_t me = ADDRESS(argument);
  expect(platform_thread == me, "number");
  uint64_t stack = ADDRESS(__builtin_frame_address(0));
  expect(stack > ADDRESS(stacks1) + me * kStack && stack < ADDRESS(stacks1) + (me + 1) * kStack,
         "stack of the thread");
  expect(peek(slot1) == ADDRESS(stacks1) + (me + 1) * kStack, "slot of the thread");
  slot1 += me;
  uint64_t kept = slot1;
  for (int i = 0; i < 1000; ++i) {
    shared = shared + 1;
    platform_thread_switch(me == 1 ? 2 : 0);
    expect(peek(slot1) == kept, "slot comes back");
    expect(platform_thread == me, "number comes back");
  }
  platform_thread_switch(0);
}
void test_threads() {
  expect(platform_thread_prepare(1, on_thread, reinterpret_cast<void*>(1), 1) == 0, "prepare 1");
  expect(platform_thread_prepare(2, on_thread, reinterpret_cast<void*>(2), 1) == 0, "prepare 2");
  expect(platform_thread_prepare(0, on_thread, nullptr, 1) == -1, "thread 0 is taken");
  expect(platform_thread_prepare(4, on_thread, nullptr, 1) == -1, "too many");
  expect(platform_thread_prepare(3, on_thread, nullptr, 3) == -1, "no such compartment");
  expect(platform_thread_prepare(3, reinterpret_cast<void (*)(void*)>(0x100000), nullptr, 1) == -1,
         "no entry");
  for (int i = 0; i < 1000; ++i) platform_thread_switch(1);
  expect(shared == 2001, "all ran");
  expect(peek(slot1) == ADDRESS(stacks1) + kStack, "slot of thread 0");
  platform_exit(0);
}
static void in_two(void* argument) {
  uint64_t vectors;
  asm volatile("movq %%xmm7, %0" : "=r"(vectors));
  expect(vectors == 0, "no residue in vectors");
  uint32_t pkru;
  asm volatile("rdpkru" : "=a"(pkru) : "c"(0) : "rdx");
  expect(pkru == kRights2, "rights of compartment 2");
  expect(peek(secret2) == 0x2222, "its own data");
  platform_thread_switch(0);
  say("again\n");
  asm volatile("" : : "r"(peek(*static_cast<uint64_t*>(argument))));  // of compartment 1
  platform_exit(0);
}
/// A gate by hand: prepares thread 1 with the rights of compartment 2, on its stack.
[[gnu::naked]] int prepare_in_two(void (*)(void*), void*) {
  asm volatile(
      "push %%rbx; mov %%rsp, %%rbx; mov %%rdi, %%r8; mov %%rsi, %%r9;"
      "xor %%ecx, %%ecx; xor %%edx, %%edx; mov %0, %%eax; wrpkru; mov %2, %%rsp;"
      "mov $1, %%edi; mov %%r8, %%rsi; mov %%r9, %%rdx; mov $2, %%ecx; call "
      "platform_thread_prepare;"
      "mov %%eax, %%esi; xor %%ecx, %%ecx; xor %%edx, %%edx; mov %1, %%eax; wrpkru;"
      "mov %%rbx, %%rsp; pop %%rbx; mov %%esi, %%eax; ret"
      :
      : "i"(kRights2), "i"(kRights1), "i"(&stacks2[0] + kStack));
}
void test_thread_rights() {
  asm volatile("movq %0, %%xmm7" : : "r"(uint64_t{0x5ec3e7}) : "xmm7");
  expect(platform_thread_prepare(1, in_two, &secret1, 2) == -1, "nobody lends another's rights");
  expect(prepare_in_two(in_two, &secret1) == 0, "prepare");
  platform_thread_switch(1);
  expect(peek(secret1) == 0x1111, "rights of compartment 1");
  platform_thread_switch(1);
}
void test_registers() {
  uint64_t a, b, c, d, e;
  asm volatile(
      "mov $0x55, %%ebx; mov $0x66, %%r12d; mov $0x77, %%r15d; call platform_clock;"
      "mov %%r8, %0; or %%r9, %0; or %%r10, %0; or %%rdx, %0; or %%rsi, %0; or %%rdi, %0;"
      "mov %%rbx, %1; mov %%r12, %2; mov %%r15, %3; mov %%r14, %4"
      : "=&a"(a), "=&c"(b), "=&d"(c), "=&S"(d), "=&D"(e)
      :
      : "rbx", "r12", "r15", "r8", "r9", "r10", "r11", "memory");
  expect(a == 0 && b == 0x55 && c == 0x66 && d == 0x77, "registers");
  platform_exit(0);
}

// What must not.
void test_read_other() { platform_exit(peek(secret2) == 0x2222); }
void test_write_other() { *const_cast<volatile uint64_t*>(&secret2) = 1; }
void test_write_text() { *reinterpret_cast<volatile char*>(&test_hello) = '\xc3'; }
void test_write_rodata() { *const_cast<volatile uint32_t*>(&flexos_image.version) = 7; }
void test_write_thread() { *const_cast<volatile uint32_t*>(&platform_thread) = 7; }
void test_execute_data() {
  buffer1[0] = '\xc3';
  reinterpret_cast<void (*)()>(buffer1)();
}
void test_read_nucleus() { platform_exit(*reinterpret_cast<volatile char*>(0x100000) == 0); }
void test_read_thread_view() { platform_exit(*reinterpret_cast<volatile char*>(0x80000000) == 0); }
void test_jump_nucleus() { reinterpret_cast<void (*)()>(0x100000)(); }
void test_null() { platform_exit(*reinterpret_cast<volatile char*>(8) == 0); }
void test_syscall_elsewhere() { raw_syscall(6, 0, 0); }
void test_bad_number() { asm volatile("mov $99, %eax; jmp platform_clock + 8"); }
void test_privileged() { asm volatile("cli"); }
void test_port() { asm volatile("outb %%al, %%dx" : : "a"(0), "d"(0x501)); }
void test_msr() { asm volatile("rdmsr" : : "c"(0xc0000082) : "eax", "edx"); }
void test_xrstor() { asm volatile("xrstor %0" : : "m"(buffer1), "a"(-1), "d"(-1)); }
void test_wrfsbase() { asm volatile("wrfsbase %0" : : "r"(1ull)); }
void test_interrupt() { asm volatile("int $14"); }
void test_trap_flag() { asm volatile("pushf; orl $0x100, (%rsp); popf; nop; nop"); }
void test_trap_flag_syscall() {
  asm volatile("pushf; orl $0x100, (%rsp); popf; call platform_clock");
}
void test_old_interrupt() { asm volatile("int $0x80"); }
void test_sysenter() { asm volatile("sysenter"); }
void test_far_jump() {  // to 32-bit code, where syscall enters elsewhere
  static const struct [[gnu::packed]] {
    uint32_t offset = 0x1000000;
    uint16_t selector = 0x18;
  } target;
  asm volatile("ljmpl *%0" : : "m"(target));
}
void test_divide() { asm volatile("idivl %0" : : "r"(0), "a"(1), "d"(0)); }
void test_undefined() { asm volatile("ud2"); }
void test_bad_stack() { asm volatile("xor %esp, %esp; push %rax"); }
// A service leaves the caller's stack pointer alone, wherever it points to: the return faults.
void test_stack_in_nucleus() { asm volatile("mov $0x100800, %esp; jmp platform_clock"); }
void test_stack_of_other() { asm volatile("mov $buffer2, %esp; jmp platform_clock"); }
void test_non_canonical() { peek(*reinterpret_cast<uint64_t*>(0x8000000000000000)); }
void test_service_denied() {
  set_rights(kRights2);
  asm volatile("mov %0, %%rsp; call platform_clock" : : "r"(ADDRESS(stacks2) + kStack));
}
void test_rights_forged() {
  set_rights(0);
  platform_clock();
}
void test_deputy_read() { platform_console_write(buffer2, sizeof buffer2); }
void test_deputy_write() { platform_random(buffer2, sizeof buffer2); }
void test_deputy_kind() { platform_fault(buffer2, 1, 2); }
void test_deputy_nucleus_read() { platform_console_write(reinterpret_cast<void*>(0x100000), 64); }
void test_deputy_nucleus_write() { platform_random(reinterpret_cast<void*>(0x100000), 64); }
void test_deputy_thread_view() { platform_random(reinterpret_cast<void*>(0x80000000), 4); }
void test_deputy_text() { platform_random(reinterpret_cast<void*>(&test_hello), 4); }
void test_deputy_wrap() { platform_console_write(buffer1, ~size_t{0}); }
void test_deputy_hole() { platform_console_write(stacks2_end, 1); }
void test_software_fault() {
  say("unfinished");
  platform_fault("canary", 0x1234, 0x5678);
}
void test_software_fault_forged() { platform_fault("a\nFLEXOS EXIT 0\n", 1, 2); }
void test_switch_to_nothing() { platform_thread_switch(3); }
void test_switch_far() { asm volatile("mov $-1, %rdi; call platform_thread_switch"); }
void test_return() {}
}
