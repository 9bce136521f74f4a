#pragma once

#include <string>

#include "codegen/plan.h"

namespace flexos {

/// A function that runs once in its component's compartment, before or after the application.
struct Hook {
  int component = -1;
  std::string function;
};

/// Sizes of an image's memory, bytes; multiples of a page.
struct Sizes {
  // Of one thread, its guard page included. Real programs put much there: Redis compresses with a
  // table of 512 KiB. Memory that nobody touches costs nothing.
  std::uint64_t stack = 1 << 20;
  std::uint64_t heap = 64 << 20;  ///< of the compartments that have an allocator
  std::uint64_t window =
      256 << 10;  ///< what can cross at a time, nested calls of a thread together
  std::uint64_t unsafe_stack = 1 << 20;
  std::uint32_t threads = 8;
  std::uint64_t shift = 0;  ///< code and data stand so much further on (weave.cc says what for)
};

/// Where a stack domain's gate state stands: its only compartment's data, or memory of its own.
std::string state_section(const StackDomain& domain);

/// The assembly of an image: its gates, the start, the compartments' gate state, typed entries.
/// Each gate carries its contract. The essay on gates opens gates.cc.
std::string gates_source(const Spec& spec, const Plan& plan, const Part& runtime,
                         const std::vector<Part>& parts, const std::vector<Hook>& before,
                         const std::vector<Hook>& after, const Sizes& sizes);

}  // namespace flexos
