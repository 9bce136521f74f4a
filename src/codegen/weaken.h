#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace flexos {

/// A defence of an image, left out of it so that a test sees what it was good for: an attack that
/// the whole image stops must go differently without it. Images that are built have them all.
enum class Defence {
  none,               ///< nothing is left out
  rights_check,       ///< the comparison after wrpkru
  wait_check,         ///< full gates: is this the gate that is waited for?
  stack_switch,       ///< full gates: the callee's own stack
  register_scrub,     ///< full gates: registers that carry nothing are zero for the callee
  result_scrub,       ///< full gates: and for the caller
  vector_scrub,       ///< full gates: the same for vectors, both ways
  control_restore,    ///< full gates: each side's own MXCSR and x87 control word
  start_check,        ///< the start enters each compartment once
  data_key,           ///< data under the compartment's key
  heap_key,           ///< its heap
  stack_key,          ///< its stack
  rodata_read_only,   ///< nobody writes constants
  rodata_no_execute,  ///< nobody runs them
  services,           ///< only the services of the platform that a compartment needs
  platform_text,      ///< qemu: system calls from the platform's text only
};

inline constexpr std::array<std::pair<Defence, std::string_view>, 15> kDefences = {{
    {Defence::rights_check, "rights-check"},
    {Defence::wait_check, "wait-check"},
    {Defence::stack_switch, "stack-switch"},
    {Defence::register_scrub, "register-scrub"},
    {Defence::result_scrub, "result-scrub"},
    {Defence::vector_scrub, "vector-scrub"},
    {Defence::control_restore, "control-restore"},
    {Defence::start_check, "start-check"},
    {Defence::data_key, "data-key"},
    {Defence::heap_key, "heap-key"},
    {Defence::stack_key, "stack-key"},
    {Defence::rodata_read_only, "rodata-read-only"},
    {Defence::rodata_no_execute, "rodata-no-execute"},
    {Defence::services, "services"},
    {Defence::platform_text, "platform-text"},
}};

}  // namespace flexos
