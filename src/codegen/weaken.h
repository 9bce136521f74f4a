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
  callback_revoke,    ///< a callback's binding ends with the call
  callback_index,     ///< only bound callbacks are called
  callback_owner,     ///< a stub is called with the rights of the compartment that it was given to
  callback_code,      ///< only code of one's own is handed over as a callback
  callback_type,      ///< only functions of the declared type are called
  callback_window,    ///< what a callback is given lies in its caller's window
};

inline constexpr std::array<std::pair<Defence, std::string_view>, 21> kDefences = {{
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
    {Defence::callback_revoke, "callback-revoke"},
    {Defence::callback_index, "callback-index"},
    {Defence::callback_owner, "callback-owner"},
    {Defence::callback_code, "callback-code"},
    {Defence::callback_type, "callback-type"},
    {Defence::callback_window, "callback-window"},
}};

}  // namespace flexos
