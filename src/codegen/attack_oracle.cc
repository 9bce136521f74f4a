#include "codegen/attack_oracle.h"

#include <array>

namespace flexos {

namespace {

using Kind = AttackVerdict::Kind;

constexpr std::array<AttackFacts, kAttacks> kFacts = {{
    {"read-text", "reads the victim's code"},
    {"write-text", "writes the victim's code"},
    {"execute-text", "runs the victim's code with its own rights"},
    {"read-rodata", "reads the victim's constants"},
    {"write-rodata", "writes the victim's constants"},
    {"execute-rodata", "runs constants"},
    {"read-data", "reads the victim's data"},
    {"write-data", "writes the victim's data"},
    {"execute-data", "runs the victim's data"},
    {"read-heap", "reads the victim's heap"},
    {"write-heap", "writes the victim's heap"},
    {"execute-heap", "runs the victim's heap"},
    {"read-stack", "reads the victim's stack"},
    {"write-stack", "writes the victim's stack"},
    {"execute-stack", "runs the victim's stack"},
    {"read-window", "reads the victim's window"},
    {"write-window", "writes the victim's window"},
    {"execute-window", "runs the victim's window"},
    {"call-private", "jumps to a function of the victim that is no entry point"},
    {"gate-middle", "jumps into a gate, behind its entry"},
    {"own-rights", "jumps to a gate's wrpkru with all rights in eax"},
    {"other-rights", "jumps to a gate's wrpkru with the victim's rights in eax"},
    {"past-check", "jumps into a gate, behind the check of rights"},
    {"return-half", "jumps into the return half of a gate of the victim's"},
    {"forged-return", "calls a gate that shall return into the victim"},
    {"forged-stack", "calls a gate with a stack pointer into the victim's data"},
    {"callee-return", "is called and writes over its caller's return address"},
    {"answer-in-place", "answers in the place of another whom the victim has called"},
    {"deputy", "has a gate copy the victim's memory for it"},
    {"callback-late", "calls a callback when the call that it was for is over"},
    {"callback-index", "calls a callback that nobody has bound"},
    {"callback-pointer", "hands the victim's own memory to a callback"},
    {"callback-raw", "hands the victim's own memory to a callback, past the copying"},
    {"callback-foreign", "calls a callback that was given to the victim"},
    {"callback-third", "calls a third compartment's callback that was given to the victim"},
    {"callback-code", "has the victim hand over code of the attacker's as a callback"},
    {"callback-gate", "has the victim hand over a gate as a callback"},
    {"callback-type", "has the victim hand over a function of another type as a callback"},
    {"registers-of-caller", "is called and looks for secrets in registers"},
    {"registers-of-callee", "calls and looks for secrets in registers"},
    {"vectors-of-caller", "is called and looks for secrets in vector registers"},
    {"vectors-of-callee", "calls and looks for secrets in vector registers"},
    {"floats-of-caller", "is called and looks for secrets in x87 registers"},
    {"floats-of-callee", "calls and looks for secrets in x87 registers"},
    {"control-of-caller", "is called with the caller's floating-point modes"},
    {"control-of-callee", "comes back with the callee's floating-point modes"},
    {"stack-of-caller", "is called and looks for secrets on the stack"},
    {"stack-of-callee", "calls and looks for secrets on the stack"},
    {"null-read", "reads through a null pointer"},
    {"null-jump", "calls a null pointer"},
    {"unmapped-read", "reads where nothing is"},
    {"platform-read", "reads the platform's memory"},
    {"platform-write", "writes the platform's memory"},
    {"gates-read", "reads the gates' code"},
    {"gates-write", "writes the gates' code"},
    {"tables-write", "writes the image's tables of rights"},
    {"thread-write", "writes the number of the running thread"},
    {"restart", "starts the image anew"},
    {"hlt", "stops the processor"},
    {"mov-cr3", "changes the page tables"},
    {"lgdt", "changes the segments"},
    {"wrmsr", "changes where system calls go"},
    {"in", "reads an I/O port"},
    {"out", "writes an I/O port"},
    {"cli", "switches interrupts off"},
    {"syscall", "makes a system call of its own"},
    {"int-80", "makes a system call by interrupt"},
    {"service", "asks for a service that it has no right to"},
    {"service-jump", "jumps to the platform's system call with registers of its own"},
    {"network", "sends a frame without having the right to"},
    {"network-jump", "jumps to the system call that sends a frame"},
    {"own-wrpkru", "runs a wrpkru that it wrote into its memory"},
    {"own-xrstor", "runs an xrstor that it wrote into its memory"},
}};

Promise open(std::string_view why) { return {{Kind::open, {}}, why}; }
Promise held(std::string_view why) { return {{Kind::held, {}}, why}; }
Promise absent(std::string_view why) { return {{Kind::absent, {}}, why}; }
Promise stopped(std::vector<std::string> faults, std::string_view why) {
  return {{Kind::stopped, std::move(faults)}, why};
}

constexpr std::string_view kReadOnly = "nobody can write code or constants";
constexpr std::string_view kNoExecute = "nothing but code can be run: W^X holds everywhere";
constexpr std::string_view kSameCompartment = "one compartment: nothing is between them";
constexpr std::string_view kKey = "it lies under the victim's protection key";
constexpr std::string_view kRing3 = "components run in ring 3";

/// `on_light`: is it open across a light gate?
Promise by_key(Wall wall, bool on_light, const char* access) {
  if (wall == Wall::same) return open(kSameCompartment);
  if (wall == Wall::light && on_light) return open("light gates share the stack");
  return stopped({std::string("pkey/") + access}, kKey);
}

Promise residue(Wall wall, std::string_view full) {
  if (wall == Wall::same) return open(kSameCompartment);
  if (wall == Wall::light) return open("light gates share stack and registers");
  return held(full);
}

/// Where a gate finds out with a stack that its rights do not fit, Linux reports that.
std::vector<std::string> forged(const std::string& platform) {
  if (platform == "qemu") return {"gate"};
  return {"gate", "pkey"};
}

Promise on_memory(Attack attack, Wall wall) {
  switch (attack) {
    case Attack::read_text:
    case Attack::execute_text:
      return open("all code can be read, and run with the rights of who runs it");
    case Attack::read_rodata:
      return open("the constants of an image are no secret");
    case Attack::write_text:
    case Attack::write_rodata:
      return stopped({"page/w"}, kReadOnly);
    case Attack::read_data:
    case Attack::read_heap:
      return by_key(wall, false, "r");
    case Attack::write_data:
    case Attack::write_heap:
      return by_key(wall, false, "w");
    case Attack::read_stack:
      return by_key(wall, true, "r");
    case Attack::write_stack:
      return by_key(wall, true, "w");
    case Attack::read_window:
    case Attack::write_window:
      return open("a window is where buffers cross: it is in the shared domain");
    default:
      return stopped({"page/x"}, kNoExecute);
  }
}

Promise on_gate(Attack attack, Wall wall, const std::string& platform, Sharing sharing) {
  const bool light = wall == Wall::light;
  if (attack == Attack::call_private) {
    if (wall == Wall::same) return open(kSameCompartment);
    return stopped({"pkey"}, "a jump takes no rights along");
  }
  if (wall == Wall::same) return absent("no gate leads from a compartment into itself");
  switch (attack) {
    case Attack::gate_middle:
      if (light) return open("behind its entry a light gate does what it does for everybody");
      return stopped(forged(platform), "the caller does not wait for this gate");
    case Attack::own_rights:
      return platform == "qemu" ? stopped({"pkru"}, "what wrpkru has set is compared afterwards")
                                : stopped({"gate"}, "what wrpkru has set is compared afterwards");
    case Attack::other_rights:
      return stopped(light ? std::vector<std::string>{"gate"} : forged(platform),
                     "what wrpkru has set is compared afterwards");
    case Attack::past_check:
      return stopped({"pkey"}, "past the check there are no rights but the attacker's own");
    case Attack::return_half:
      if (light) return open("light gates return by the shared stack");
      return stopped(forged(platform), "the victim does not wait for this gate");
    case Attack::forged_return:
      return stopped({"pkey"}, "a gate returns with the caller's rights");
    case Attack::forged_stack:
      if (light) return open("light gates run on the caller's stack pointer");
      return stopped({"pkey"}, "the gate saves with the caller's rights, and switches stacks");
    case Attack::callee_return:
      if (light) return open("light gates share the stack");
      return stopped({"pkey"}, "each has a stack of its own");
    default:
      if (sharing != Sharing::copy) return absent("nothing is copied");
      return stopped({"pkey"}, "buffers are copied with the caller's rights");
  }
}

Promise on_callback(Attack attack, Wall wall, Sharing sharing, bool three) {
  if (wall == Wall::same) return absent("no gate leads from a compartment into itself");
  switch (attack) {
    case Attack::callback_late:
      return stopped({"callback"}, "a callback is bound for as long as its call");
    case Attack::callback_index:
      return stopped({"callback"}, "what is bound stands in the memory of who bound it");
    case Attack::callback_pointer:
      if (sharing != Sharing::copy) return absent("nothing is copied");
      return stopped({"pkey"}, "buffers are copied with the rights of who calls back");
    case Attack::callback_raw:
      if (sharing != Sharing::copy) return absent("nothing is copied");
      return stopped({"callback"}, "what a callback is given lies in its caller's window");
    case Attack::callback_third:
      if (!three) return absent("it takes three");
      [[fallthrough]];
    case Attack::callback_foreign:
      return stopped({"pkey"}, "a stub needs the rights of the compartment that it was given to");
    case Attack::callback_type:
      return stopped({"cfi"}, "a callback's type is checked where it is called");
    default:
      return stopped({"callback"}, "only code of one's own is handed over");
  }
}

Promise on_leftovers(Attack attack, Wall wall) {
  switch (attack) {
    case Attack::floats_of_caller:
    case Attack::floats_of_callee:
      if (wall == Wall::same) return open(kSameCompartment);
      return open("gates do not clear x87 and MMX registers (only long double uses them)");
    case Attack::control_of_caller:
    case Attack::control_of_callee:
      return residue(wall, "full gates give each side its own modes");
    case Attack::stack_of_caller:
    case Attack::stack_of_callee:
      return residue(wall, "each has a stack of its own");
    default:
      return residue(wall, "full gates clear what carries no argument and no result");
  }
}

Promise on_platform(Attack attack, const std::string& platform, bool keys) {
  const bool qemu = platform == "qemu";
  switch (attack) {
    case Attack::null_read:
    case Attack::unmapped_read:
      return stopped({"page/r"}, "nothing is mapped there");
    case Attack::null_jump:
      return stopped({"page/x"}, "nothing is mapped there");
    case Attack::platform_read:
      if (qemu) return stopped({"page/r"}, kRing3);
      if (!keys) return open("without keys a process has no memory of its own against itself");
      return stopped({"pkey/r"}, "the platform has a key of its own");
    case Attack::platform_write:
      if (qemu) return stopped({"page/w"}, kRing3);
      if (!keys) return open("without keys a process has no memory of its own against itself");
      return stopped({"pkey/w"}, "the platform has a key of its own");
    case Attack::gates_read:
      return open("all code can be read");
    case Attack::gates_write:
    case Attack::tables_write:
      return stopped({"page/w"}, kReadOnly);
    case Attack::thread_write:
      return stopped({"page/w"}, "only the platform writes it");
    case Attack::restart:
      return stopped({"gate"}, "the start enters each compartment once");
    case Attack::direct_syscall:
      return stopped({"syscall"}, "system calls come from the platform's text only");
    case Attack::interrupt_80:
      if (qemu) return stopped({"gp"}, "there is no such gate");
      return stopped({"syscall", "gp"}, "system calls come from the platform's text only");
    case Attack::service:
    case Attack::service_jump:
    case Attack::network:
    case Attack::network_jump:
      return stopped({"service"}, "services are granted compartment by compartment");
    case Attack::own_wrpkru:
    case Attack::own_xrstor:
      return stopped({"page/x"}, kNoExecute);
    default:
      return stopped({"gp"}, kRing3);
  }
}

}  // namespace

const AttackFacts& facts(Attack attack) { return kFacts[static_cast<std::size_t>(attack)]; }

bool is_on_platform(Attack attack) { return attack >= Attack::null_read; }

bool is_on_network(Attack attack) {
  return attack == Attack::network || attack == Attack::network_jump;
}

std::vector<std::vector<int>> compartments_of(const Spec& spec, const Configuration& c) {
  return classes(c, spec.size(), 0);
}

Wall wall_between(const Spec& spec, const Configuration& c, int a, int b) {
  if (a == b) return Wall::same;
  const auto groups = compartments_of(spec, c);
  const Level level = c.level(groups[static_cast<std::size_t>(a) - 1].front(),
                              groups[static_cast<std::size_t>(b) - 1].front());
  return spec.mechanisms[level].name == "mpk.light" ? Wall::light : Wall::full;
}

int third_between(const Spec& spec, const Configuration& c, int attacker, int victim) {
  const int n = static_cast<int>(compartments_of(spec, c).size());
  for (int third = 1; third <= n; ++third) {
    if (third == attacker || third == victim || attacker == victim) continue;
    if (wall_between(spec, c, victim, third) == Wall::full) return third;
  }
  return 0;
}

int another(const Spec& spec, const Configuration& c, int a, int b) {
  const int n = static_cast<int>(compartments_of(spec, c).size());
  for (int third = 1; third <= n; ++third) {
    if (third != a && third != b) return third;
  }
  return 0;
}

Promise promise(const Spec& spec, const Configuration& c, const std::string& platform,
                Attack attack, int attacker, int victim) {
  if (is_on_platform(attack)) {
    return on_platform(attack, platform, compartments_of(spec, c).size() > 1);
  }
  const Wall wall = wall_between(spec, c, attacker, victim);
  if (attack <= Attack::execute_window) return on_memory(attack, wall);
  if (attack == Attack::answer_in_place) {
    if (third_between(spec, c, attacker, victim) == 0) return absent("it takes three");
    return open("a gate sees what its caller waits for, but not which compartment runs");
  }
  if (attack <= Attack::deputy) return on_gate(attack, wall, platform, spec.sharing);
  if (attack <= Attack::callback_type) {
    return on_callback(attack, wall, spec.sharing, another(spec, c, attacker, victim) != 0);
  }
  return on_leftovers(attack, wall);
}

}  // namespace flexos
