#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/configuration.h"

/// What an image must stop and what it does not claim to stop: the rules of docs/threat-model.md.
/// Nothing here knows how images are made. The answers come from the spec and the configuration
/// alone, so that what `attack` observes in an image is held against a promise and not against the
/// code that is to keep it.
namespace flexos {

enum class Attack : std::uint8_t {
  // On the victim's memory.
  read_text,
  write_text,
  execute_text,
  read_rodata,
  write_rodata,
  execute_rodata,
  read_data,
  write_data,
  execute_data,
  read_heap,
  write_heap,
  execute_heap,
  read_stack,
  write_stack,
  execute_stack,
  read_window,
  write_window,
  execute_window,
  // On the way into the victim.
  call_private,
  gate_middle,
  own_rights,
  other_rights,
  past_check,
  return_half,
  forged_return,
  forged_stack,
  callee_return,
  answer_in_place,
  deputy,
  // On the way back: callbacks.
  callback_late,
  callback_index,
  callback_pointer,
  callback_raw,
  callback_foreign,
  callback_third,
  callback_code,
  callback_gate,
  callback_type,
  // On what the victim leaves behind.
  registers_of_caller,
  registers_of_callee,
  vectors_of_caller,
  vectors_of_callee,
  floats_of_caller,
  floats_of_callee,
  control_of_caller,
  control_of_callee,
  stack_of_caller,
  stack_of_callee,
  // On the platform; no other compartment is the victim.
  null_read,
  null_jump,
  unmapped_read,
  platform_read,
  platform_write,
  gates_read,
  gates_write,
  tables_write,
  thread_write,
  restart,
  privileged_hlt,
  privileged_cr3,
  privileged_lgdt,
  privileged_wrmsr,
  privileged_in,
  privileged_out,
  privileged_cli,
  direct_syscall,
  interrupt_80,
  service,
  service_jump,
  network,
  network_jump,
  own_wrpkru,
  own_xrstor,
};

inline constexpr int kAttacks = static_cast<int>(Attack::own_xrstor) + 1;

struct AttackFacts {
  std::string_view name;  ///< on the command line and in reports
  std::string_view what;  ///< in a sentence's end: "the attacker ..."
};
const AttackFacts& facts(Attack attack);
bool is_on_platform(Attack attack);
bool is_on_network(Attack attack);

/// How an attack went, or must go.
struct AttackVerdict {
  enum class Kind : std::uint8_t {
    open,     ///< it succeeded
    held,     ///< nothing stopped it, and it got nothing
    stopped,  ///< by a fault
    absent,   ///< there is nothing of the kind to attack
  };
  Kind kind = Kind::absent;
  /// stopped: of which kind, as the fault line says, where it matters with what was tried:
  /// "pkey/r". More than one may be right.
  std::vector<std::string> faults = {};
};

struct Promise {
  AttackVerdict verdict;
  std::string_view why;
};

/// What the boundary between two compartments is.
enum class Wall : std::uint8_t { same, light, full };

/// Compartments as the configuration has them: its classes of level `none`.
std::vector<std::vector<int>> compartments_of(const Spec& spec, const Configuration& c);
Wall wall_between(const Spec& spec, const Configuration& c, int a, int b);
/// Whom a victim calls when an attacker answers in his place; 0: there is nobody.
int third_between(const Spec& spec, const Configuration& c, int attacker, int victim);
/// Any compartment beside these two; 0: there is none.
int another(const Spec& spec, const Configuration& c, int a, int b);

/// What must come of `attack` by compartment `attacker` on compartment `victim` (numbers from 1;
/// for an attack on the platform `victim` is 0). `platform`: qemu or linux.
Promise promise(const Spec& spec, const Configuration& c, const std::string& platform,
                Attack attack, int attacker, int victim);

}  // namespace flexos
