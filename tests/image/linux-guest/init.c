/* The first process of the guest that `run` boots: starts /image000 and so on, says how each ended,
   switches the machine off. No libc: a static binary of two pages starts faster than one with. */

enum {
  sys_write = 1,
  sys_access = 21,
  sys_fork = 57,
  sys_execve = 59,
  sys_exit = 60,
  sys_wait4 = 61,
  sys_iopl = 172,
};

static long call(long number, long a, long b, long c, long d) {
  long result;
  register long r10 __asm__("r10") = d;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
                   : "rcx", "r11", "memory");
  return result;
}

static void say(const char* text) {
  long n = 0;
  while (text[n]) ++n;
  call(sys_write, 1, (long)text, n, 0);
}

static void say_number(unsigned number) {
  char digits[12];
  int at = sizeof digits - 1;
  digits[at] = 0;
  do digits[--at] = (char)('0' + number % 10);
  while (number /= 10);
  say(digits + at);
}

/* A write of v to the isa-debug-exit device ends the emulator with the code 2v+1. */
static void switch_off(unsigned value) {
  call(sys_iopl, 3, 0, 0, 0);
  __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"((unsigned short)0xf4));
  for (;;) __asm__ volatile("pause");
}

/* Runs one image; says how it ended. */
static void run(const char* name) {
  const char* const arguments[] = {name, 0};
  static const char* const environment[] = {0};
  long child = call(sys_fork, 0, 0, 0, 0);
  if (child == 0) {
    long error = call(sys_execve, (long)name, (long)arguments, (long)environment, 0);
    say("GUEST the image cannot be started: error ");
    say_number((unsigned)-error);
    say("\n");
    call(sys_exit, 127, 0, 0, 0);
  }
  int status = 0;
  call(sys_wait4, child, (long)&status, 0, 0);
  if ((status & 0x7f) == 0) {
    say("GUEST exit ");
    say_number((unsigned)status >> 8 & 0xff);
  } else {
    say("GUEST signal ");
    say_number((unsigned)status & 0x7f);
  }
  say("\n");
}

void first(void) {
  char name[] = "/image000";
  while (call(sys_access, (long)name, 0, 0, 0) == 0) {
    run(name);
    for (int digit = 8; ++name[digit] > '9'; --digit) name[digit] = '0';
  }
  switch_off(0);
}

__asm__(".globl _start\n_start: andq $-16, %rsp\n call first\n");
