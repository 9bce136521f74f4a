#include "probe.h"

#include <flexos/platform.h>
#include <stddef.h>
#include <stdint.h>

// One instance a compartment: everything here is the compartment's own, secrets among it. Nothing
// is asked of others but the two services that everybody has, so that probes change no rights.

namespace {

/// What probe_jump (attack.S) loads.
struct Jump {
  uint64_t target = 0, rsp = 0, rax = 0, rbx = 0, rcx = 0, rdx = 0, rsi = 0, rdi = 0, r10 = 0,
           r12 = 0;
};
static_assert(sizeof(Jump) == 80);

}  // namespace

extern "C" {

extern const uint8_t probe_landing[], probe_loot[];
uint64_t probe_jump(const Jump* jump);
uint64_t probe_give(uint64_t gate, uint64_t op, uint64_t leak);
uint64_t probe_take(uint64_t gate, uint64_t op, uint64_t leak);
void probe_lend(uint64_t gate, uint64_t secret);
void probe_instruction(uint64_t which);
void probe_syscall(uint64_t number);
void probe_interrupt(uint64_t number);

// What attackers are after. `volatile`: nobody may know better than memory what stands there.
volatile uint64_t probe_secret = PROBE_SECRET;
extern const volatile uint64_t probe_constant;
const volatile uint64_t probe_constant = 0xc3c3c3c3c3c3c3c3;  // `ret`, should it be executed
alignas(16) uint64_t probe_area[512];                         // a stack for whoever forges one

// What attack.S finds in registers, and where the stack was.
uint64_t probe_seen[12];
alignas(16) uint8_t probe_floats[512];
uint64_t probe_rsp;

/// Touches nothing: anybody may run it, with his own rights.
uint64_t probe_leaf() { return PROBE_SECRET; }

uint64_t probe_answer_text(uint64_t op, const void* text);
uint64_t probe_answer(uint64_t op);

/// No entry point: what nobody else should get to run with this compartment's rights.
uint64_t probe_private() { return probe_secret; }
}

namespace {

constexpr size_t kArguments = 6;
uint64_t a[kArguments];
uint64_t compartment, probe;

/// Where code is written that no compartment may have: a wrpkru or an xrstor, and a return.
alignas(64) volatile uint8_t own_code[4];

/// Written byte by byte, inverted until then: the probe's own text does not hold it either.
uint64_t write_own_code(uint64_t which) {
  static constexpr uint8_t kInverted[2][4] = {{0xf0, 0xfe, 0x10, 0x3c}, {0xf0, 0x51, 0xd0, 0x3c}};
  for (size_t i = 0; i < 4; ++i) own_code[i] = static_cast<uint8_t>(~kInverted[which & 1][i]);
  return reinterpret_cast<uint64_t>(own_code);
}

uint64_t address(const volatile void* p) { return reinterpret_cast<uint64_t>(p); }

uint64_t call(uint64_t function, uint64_t x = 0, uint64_t y = 0, uint64_t z = 0) {
  return reinterpret_cast<uint64_t (*)(uint64_t, uint64_t, uint64_t)>(function)(x, y, z);
}

/// "attack COMPARTMENT PROBE A0 A1 ...", hexadecimal.
bool read_arguments() {
  char text[256];
  const int64_t size = platform_arguments(text, sizeof text);
  if (size < 0 || size > static_cast<int64_t>(sizeof text)) return false;
  uint64_t words[2 + kArguments];
  for (uint64_t& w : words) *const_cast<volatile uint64_t*>(&w) = 0;
  size_t count = 0;
  bool in_word = false, is_number = false;
  for (int64_t i = 0; i < size; ++i) {
    const char c = text[i];
    if (c == ' ' || c == '\n' || c == 0) {
      if (in_word && is_number) ++count;
      in_word = false;
      continue;
    }
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (!in_word) is_number = true;
    in_word = true;
    if (digit < 0 || count >= 2 + kArguments) {
      // A word that is no number begins anew: what stands before ours (a file's name) is passed by.
      is_number = false;
      count = 0;
      for (uint64_t& w : words) *const_cast<volatile uint64_t*>(&w) = 0;
      continue;
    }
    if (is_number) words[count] = words[count] << 4 | static_cast<uint64_t>(digit);
  }
  compartment = words[0];
  probe = words[1];
  for (size_t i = 0; i < kArguments; ++i) *const_cast<volatile uint64_t*>(&a[i]) = words[2 + i];
  return true;
}

/// Does what attack.S has kept hold the other side's secret?
bool found(uint64_t leak, size_t registers) {
  const auto* words = reinterpret_cast<const uint64_t*>(probe_floats);
  const auto* control = reinterpret_cast<const uint32_t*>(probe_floats);
  switch (leak) {
    case PROBE_LEAK_REGISTERS:
      for (size_t i = 0; i < registers; ++i) {
        if (probe_seen[i] == PROBE_SECRET) return true;
      }
      return false;
    case PROBE_LEAK_VECTORS:
      for (size_t i = 20; i < 52; ++i) {
        if (words[i] == PROBE_SECRET) return true;
      }
      return false;
    case PROBE_LEAK_FLOATS:
      for (size_t i = 4; i < 20; i += 2) {
        if (words[i] == PROBE_SECRET) return true;
      }
      return false;
    case PROBE_LEAK_CONTROL:
      return (control[6] & 0xffc0) != 0x1f80;
    default:
      for (uint64_t p = probe_rsp - 4096; p < probe_rsp; p += 8) {
        if (*reinterpret_cast<const volatile uint64_t*>(p) == PROBE_SECRET) return true;
      }
      return false;
  }
}

/// Ends the image if this is the secret that somebody was after.
uint64_t won(uint64_t value) {
  if (value == PROBE_SECRET) platform_exit(PROBE_SUCCEEDED);
  return 0;
}

int verdict(bool succeeded) { return succeeded ? PROBE_SUCCEEDED : PROBE_HELD; }

/// A stack for gates that are jumped into: what a light gate takes off at its end.
struct Stack {
  alignas(16) uint64_t room[512];
  uint64_t top[16];
};

uint64_t (*kept)(uint64_t);  // a callback, whose call is over
int strayed;

int jump_in() {
  Stack s;
  s.top[1] = address(probe_landing);
  Jump jump;
  jump.target = a[0];
  jump.rsp = address(s.top);
  jump.rdi = PROBE_OP_PING;
  return verdict(probe_jump(&jump) == PROBE_SECRET);
}

/// All rights at once, by eax = 0. A full gate's return half wants to find what it has not saved.
int own_rights() {
  Stack s;
  volatile uint64_t stolen = 0;
  s.top[1] = address(probe_landing);
  if (a[1] != 0) {
    s.top[1] = 0;                                            // wait
    s.top[2] = *reinterpret_cast<volatile uint64_t*>(a[2]);  // slot
    s.top[9] = address(probe_landing);
    *reinterpret_cast<volatile uint64_t*>(a[1]) = a[3];
    *reinterpret_cast<volatile uint64_t*>(a[2]) = address(s.top);
  }
  Jump jump;
  jump.target = a[0];
  jump.rsp = address(s.top);
  jump.rdi = PROBE_OP_STEAL;
  jump.rsi = address(&stolen);
  probe_jump(&jump);
  return verdict(stolen == PROBE_SECRET);
}

/// Into the return half, to be let out with the victim's rights at an address of our own.
int return_with(uint64_t target, uint64_t rights, uint64_t secret) {
  Stack s;
  s.top[1] = address(probe_loot);
  Jump jump;
  jump.target = target;
  jump.rsp = address(s.top);
  jump.rax = rights;
  jump.rbx = secret;
  probe_jump(&jump);
  return PROBE_HELD;
}

int past_check() {
  Stack s;
  s.top[1] = address(probe_landing);
  Jump jump;
  jump.target = a[0];
  jump.rsp = address(s.top);
  jump.rdi = PROBE_OP_SECRET;
  return verdict(probe_jump(&jump) == PROBE_SECRET);
}

int forged_return() {
  Stack s;
  s.top[1] = a[1];
  s.top[2] = address(probe_landing);
  Jump jump;
  jump.target = a[0];
  jump.rsp = address(&s.top[1]);
  jump.rdi = PROBE_OP_PING;
  return verdict(probe_jump(&jump) == PROBE_SECRET);
}

/// Ends somebody else's call with a result of our own. Apart, for its stack is larger than the one
/// that probe_served may find itself on.
[[gnu::noinline]] void answer(uint64_t return_half) {
  Stack s;
  Jump jump;
  jump.target = return_half;
  jump.rsp = address(s.top);
  jump.rax = PROBE_SECRET;
  jump.r10 = PROBE_SECRET;
  probe_jump(&jump);
}

int forged_stack() {
  Jump jump;
  jump.target = a[0];
  jump.rsp = a[1];
  jump.rdi = PROBE_OP_WHERE;
  probe_jump(&jump);
  return PROBE_HELD;
}

int service_jump() {
  Stack s;
  static char text[] = "!";
  s.top[0] = address(probe_landing);
  Jump jump;
  jump.target = a[0];
  jump.rsp = address(s.top);
  jump.rax = a[1];
  jump.rdi = a[2];
  jump.rsi = address(text);
  jump.rdx = 1;
  probe_jump(&jump);
  return PROBE_SUCCEEDED;
}

int deputy() {
  uint64_t w[6];
  for (size_t i = 0; i < 6; ++i) w[i] = i == a[1] ? a[2] : 16;
  reinterpret_cast<uint64_t (*)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t)>(a[0])(
      w[0], w[1], w[2], w[3], w[4], w[5]);
  return PROBE_SUCCEEDED;
}

/// Hands callbacks to another compartment's probe_visit.
int lend() {
  const uint64_t plain = a[1] != 0 ? a[1] : address(reinterpret_cast<void*>(probe_answer));
  const auto visit =
      reinterpret_cast<uint64_t (*)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t)>(a[0]);
  visit(address(reinterpret_cast<void*>(probe_answer_text)), plain, a[2], a[3], a[4]);
  if (a[5] != 0) call(a[5], PROBE_OP_USE);
  return PROBE_HELD;
}

int attack() {
  switch (probe) {
    case PROBE_READ: {
      const uint64_t value = *reinterpret_cast<const volatile uint64_t*>(a[0]);
      asm volatile("" : : "r"(value));
      return PROBE_SUCCEEDED;
    }
    case PROBE_WRITE: {
      auto* at = reinterpret_cast<volatile uint64_t*>(a[0]);
      *at = PROBE_SECRET + 1;
      return verdict(*at == PROBE_SECRET + 1);
    }
    case PROBE_EXECUTE:
      call(a[0]);
      return PROBE_SUCCEEDED;
    case PROBE_STEAL_BY_CALL:
      return verdict(call(a[0]) == PROBE_SECRET);
    case PROBE_JUMP_IN:
      return jump_in();
    case PROBE_OWN_RIGHTS:
      return own_rights();
    case PROBE_OTHER_RIGHTS:
      return return_with(a[0], a[1], a[2]);
    case PROBE_PAST_CHECK:
      return past_check();
    case PROBE_RETURN_HALF:
      return return_with(a[0], 0, a[2]);
    case PROBE_FORGED_RETURN:
      return forged_return();
    case PROBE_FORGED_STACK:
      return forged_stack();
    case PROBE_CALLEE_RETURN:
      probe_lend(a[0], a[1]);
      return PROBE_HELD;
    case PROBE_GIVE:
      return verdict(probe_give(a[0], PROBE_OP_FIND, a[1]) == 1);
    case PROBE_TAKE:
      probe_take(a[0], PROBE_OP_LEAVE, a[1]);
      return verdict(found(a[1], 8));
    case PROBE_INSTRUCTION:
      probe_instruction(a[0]);
      return PROBE_SUCCEEDED;
    case PROBE_SYSCALL:
      probe_syscall(a[0]);
      return PROBE_SUCCEEDED;
    case PROBE_INTERRUPT:
      probe_interrupt(a[0]);
      return PROBE_SUCCEEDED;
    case PROBE_SERVICE:
      call(a[0], address(probe_area), 1);
      return PROBE_SUCCEEDED;
    case PROBE_SERVICE_JUMP:
      return service_jump();
    case PROBE_OWN_CODE:
      call(write_own_code(a[0]), address(probe_area));
      return PROBE_SUCCEEDED;
    case PROBE_RESTART:
      call(a[0]);
      return PROBE_HELD;
    case PROBE_ASK:
      return verdict(call(a[0], PROBE_OP_PASS, a[1], a[2]) == PROBE_SECRET);
    case PROBE_DEPUTY:
      return deputy();
    case PROBE_LEND:
      return lend();
    default:
      return PROBE_CONFUSED;
  }
}

}  // namespace

extern "C" {

/// What is asked for through a gate and needs no assembly.
uint64_t probe_served(uint64_t op, uint64_t x, uint64_t y) {
  switch (op) {
    case PROBE_OP_PING:
      return PROBE_SECRET;
    case PROBE_OP_SECRET:
      return probe_secret;
    case PROBE_OP_STEAL:
      *reinterpret_cast<volatile uint64_t*>(x) = probe_secret;
      return 0;
    case PROBE_OP_PASS:
      call(x, PROBE_OP_ANSWER, y);
      return 0;
    case PROBE_OP_ANSWER:
      answer(x);
      return 0;
    case PROBE_OP_USE:
      kept(PROBE_ANSWER_WIN);
      return 0;
    case PROBE_OP_JUMP:
      call(x, PROBE_ANSWER_WIN);
      return 0;
    case PROBE_OP_WHERE:
      if (probe_rsp >= address(probe_area) && probe_rsp < address(probe_area + 512)) {
        platform_exit(PROBE_SUCCEEDED);
      }
      return 0;
    default:
      return found(x, 12) ? 1 : 0;
  }
}

/// What is handed callbacks through a gate.
uint64_t probe_visit(uint64_t (*visit)(uint64_t, const void*), uint64_t (*plain)(uint64_t),
                     uint64_t op, uint64_t x, uint64_t y) {
  switch (op) {
    case PROBE_VISIT_KEEP:
      kept = plain;
      return 0;
    case PROBE_VISIT_INDEX:
      return call(x, PROBE_ANSWER_WIN, y);
    case PROBE_VISIT_POINTER:
      return won(visit(PROBE_ANSWER_READ, reinterpret_cast<const void*>(x)));
    case PROBE_VISIT_RAW:
      return won(call(x, PROBE_ANSWER_READ, y, 0));
    case PROBE_VISIT_PASS:
      return call(x, PROBE_OP_JUMP, y);
    default:
      return won(plain(x));
  }
}

/// Callbacks: `text` has sixteen bytes.
uint64_t probe_answer_text(uint64_t op, const void* text) {
  return op == PROBE_ANSWER_READ ? *static_cast<const volatile uint64_t*>(text) : 0;
}

uint64_t probe_answer(uint64_t op) {
  if (op == PROBE_ANSWER_WIN) platform_exit(PROBE_SUCCEEDED);
  return 0;
}

/// A callback of the right type, to be run with another compartment's rights.
uint64_t probe_thief(uint64_t secret) {
  return won(*reinterpret_cast<const volatile uint64_t*>(secret));
}

/// Called by the victim as it may, calls the victim's stub itself: to come back with its rights.
uint64_t probe_stray(uint64_t stub) {
  if (strayed++ != 0) return 0;
  const uint64_t secret = a[4];
  call(stub);
  return won(*reinterpret_cast<const volatile uint64_t*>(secret));
}

/// Which compartment shall attack; run in the application's, before.
uint64_t probe_select() { return read_arguments() ? compartment : 0; }

/// The attack, with this compartment's rights and stack: the image's exit code.
int probe_run() { return read_arguments() ? attack() : PROBE_CONFUSED; }
}
