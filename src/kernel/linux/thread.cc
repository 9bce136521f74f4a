#include "linux.h"

// Threads. platform_raised is entered by entry.S with the rights to everything, on the platform's
// own stack, with a request whose every word may be forged: nothing is done before the caller has
// shown its identity, and then only what that compartment may ask for.
PLATFORM_SECTIONS
namespace flexos {
namespace {

/// What platform_land takes off a stack, from the lowest word on.
struct Frame {
  uint32_t mxcsr, x87;
  uint64_t r15, r14, r13, r12, rbx, rbp, rip;
};

bool is_executable(uint64_t entry) {
  for (uint32_t i = 0; i < flexos_image.regions; ++i) {
    const FlexosRegion& r = flexos_image.region[i];
    if (entry >= r.start && entry < r.end) return (r.protection & FLEXOS_EXECUTE) != 0;
  }
  return false;
}

}  // namespace

void prepare(uint64_t thread, uint64_t entry, uint64_t argument, uint64_t compartment) {
  Context& context = state.context[thread];
  for (uint32_t k = 1; k <= flexos_image.compartments; ++k) {
    const FlexosCompartment& c = flexos_image.compartment[k];
    context.gate[k] = {c.stacks + (thread + 1) * flexos_image.stack_size, 0};
  }
  auto* frame = reinterpret_cast<Frame*>(context.gate[compartment].slot) - 1;
  *frame = {};
  frame->mxcsr = 0x1f80;
  frame->x87 = 0x37f;
  frame->r12 = entry;
  frame->rbx = argument;
  frame->rip = address(platform_thread_begin);
  context.compartment = compartment;
  context.rsp = address(frame);
}

namespace {

int64_t prepare_checked(const Request& r) {
  if (r.thread == 0 || r.thread >= flexos_image.threads || r.thread == platform_common.thread ||
      r.compartment != r.caller || !is_executable(r.entry)) {
    return -1;
  }
  prepare(r.thread, r.entry, r.argument, r.compartment);
  return 0;
}

/// Gates keep two words for each stack domain, where only it can write. Compartments of one domain
/// have the same slot, which then is saved and restored more than once, to the same effect.
void switch_to(const Request& r) {
  Context& from = state.context[platform_common.thread];
  Context& to = state.context[r.thread];
  from.rsp = r.rsp;
  from.compartment = r.caller;
  for (uint32_t k = 1; k <= flexos_image.compartments; ++k) {
    if (uint64_t* slot = flexos_image.compartment[k].slot) from.gate[k] = {slot[0], slot[1]};
  }
  for (uint32_t k = 1; k <= flexos_image.compartments; ++k) {
    if (uint64_t* slot = flexos_image.compartment[k].slot) {
      slot[0] = to.gate[k].slot;
      slot[1] = to.gate[k].wait;
    }
  }
  platform_common_view.thread = static_cast<uint32_t>(r.thread);
}

}  // namespace
}  // namespace flexos

/// The compartment to land in; its page of grants says where.
extern "C" uint64_t platform_raised(const flexos::Request& r) {
  using flexos::state;
  if (r.caller == 0 || r.caller > flexos_image.compartments || r.identity == 0 ||
      r.identity != state.identity[r.caller]) {
    platform_fault("service", 0, r.caller);
  }
  int64_t result = 0;
  uint64_t rsp = r.rsp, compartment = r.caller;
  if (r.prepare != 0) {
    result = flexos::prepare_checked(r);
  } else if (r.thread != platform_common.thread) {
    if (r.thread >= flexos_image.threads || state.context[r.thread].rsp == 0) {
      platform_fault("thread", 0, r.thread);
    }
    flexos::switch_to(r);
    rsp = state.context[r.thread].rsp;
    compartment = state.context[r.thread].compartment;
  }
  flexos::Grants& grants = platform_grants[compartment];
  grants.landing = rsp;
  grants.result = result;
  grants.foreign = compartment != r.caller;
  return compartment;
}
