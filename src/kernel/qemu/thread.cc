#include "cpu.h"
#include "nucleus.h"

// Threads: what one was doing when it gave the processor away, kept where only the nucleus can
// write. A thread comes back with the registers, the rights and the gates' stack pointers that it
// left with.
namespace flexos {
namespace {

/// What gates keep for a stack domain (image.h): the stack pointer, and the gate waited for.
struct Gate {
  uint64_t slot;
  uint64_t wait;
};

struct Thread {
  Frame frame;
  Gate gate[kCompartments];
  uint32_t pkru;
  uint32_t mxcsr;
  uint32_t x87;
  bool can_run;
};
Thread threads[kThreads];
uint32_t current;

/// No residue of one thread's vectors and x87 registers for the next.
alignas(16) constexpr uint32_t kNoFloats[128] = {0x37f, 0, 0, 0, 0, 0, 0x1f80};

/// Each compartment's slot is in its own memory; for the moment every key is open. Compartments
/// that share a stack have the same slot: who saves and restores must not do both in one pass.
template <class Action>
void each_slot(Action action) {
  if (features.keys) write_pkru(0);
  allow_user_access(true);
  for (uint32_t k = 1; k <= compartment_count; ++k) {
    if (auto* slot = static_cast<volatile uint64_t*>(compartments[k].slot)) action(k, slot);
  }
  allow_user_access(false);
}

uint64_t stack_top(uint64_t compartment, uint64_t thread) {
  return compartments[compartment].stacks + (thread + 1) * stack_size;
}

bool is_executable(uint64_t address) {
  allow_user_access(true);
  bool found = false;
  for (uint32_t i = 0; i < flexos_image.regions; ++i) {
    const FlexosRegion& region = flexos_image.region[i];
    found |= address >= region.start && address < region.end &&
             (region.protection & FLEXOS_EXECUTE) != 0;
  }
  allow_user_access(false);
  return found;
}

}  // namespace

void threads_start() {
  each_slot([](uint32_t k, volatile uint64_t* slot) { slot[0] = stack_top(k, 0); });
}

int64_t thread_prepare(uint64_t thread, uint64_t entry, uint64_t argument, uint64_t compartment) {
  if (thread == 0 || thread >= thread_count || thread == current || compartment == 0 ||
      compartment > compartment_count || !is_executable(entry)) {
    return -1;
  }
  Thread& fresh = threads[thread];
  zero(&fresh, sizeof fresh);
  fresh.frame.rdi = argument;
  fresh.frame.rip = entry;
  fresh.frame.rflags = 2;
  fresh.frame.rsp = stack_top(compartment, thread) - 8;  // as a call leaves it
  for (uint32_t k = 1; k <= compartment_count; ++k) fresh.gate[k] = {stack_top(k, thread), 0};
  fresh.pkru = compartments[compartment].pkru;
  fresh.mxcsr = kNoFloats[6];
  fresh.x87 = kNoFloats[0];
  fresh.can_run = true;
  return 0;
}

void thread_switch(uint64_t next, Frame& frame) {
  if (next == current) return;
  if (next >= thread_count || !threads[next].can_run) {
    fault("thread", frame.rip, next, '-', frame.rsp);
  }
  Thread& from = threads[current];
  Thread& to = threads[next];
  from.frame = frame;
  from.pkru = features.keys ? read_pkru() : 0;
  asm volatile("stmxcsr %0; fnstcw %1" : "=m"(from.mxcsr), "=m"(from.x87));
  from.can_run = true;
  each_slot([&](uint32_t k, volatile uint64_t* slot) { from.gate[k] = {slot[0], slot[1]}; });
  each_slot([&](uint32_t k, volatile uint64_t* slot) {
    slot[0] = to.gate[k].slot;
    slot[1] = to.gate[k].wait;
  });
  current = static_cast<uint32_t>(next);
  *reinterpret_cast<volatile uint32_t*>(
      kThreadView + (reinterpret_cast<uint64_t>(&platform_thread) & (kPage - 1))) = current;
  asm volatile("fxrstor %0; ldmxcsr %1; fldcw %2" : : "m"(kNoFloats), "m"(to.mxcsr), "m"(to.x87));
  frame = to.frame;
  if (features.keys) write_pkru(to.pkru);
}

}  // namespace flexos
