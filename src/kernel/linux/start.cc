#include "linux.h"

// From the kernel's first instruction to the image's: claims the keys, lays out memory, hands out
// grants, shuts every door but the filter's, and lands in the start compartment.
PLATFORM_SECTIONS
namespace flexos {

State state;

[[gnu::noinline]] int64_t call(int64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                               uint64_t e, uint64_t f) {
  int64_t result;
  register uint64_t r10 asm("r10") = d;
  register uint64_t r8 asm("r8") = e;
  register uint64_t r9 asm("r9") = f;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
}

namespace {

enum { kKeys = 15, kRefused = 112 };
enum { kShared = 1, kPrivate = 2, kFixed = 0x10, kAnonymous = 0x20, kNoReplace = 0x100000 };
constexpr uint64_t kTop = 0x7ffffffff000;  // of a process's address space
constexpr uint64_t kHugePage = 2 << 20;
constexpr uint64_t kReadWrite = FLEXOS_READ | FLEXOS_WRITE;  // the same bits as PROT_*

/// The machine or the kernel cannot run this image. `address`: the error or what it is about.
[[noreturn]] void refuse(const char* kind, uint64_t address) {
  report(kind, 0, address, "-", 0, 0, kRefused);
}

uint64_t must(int64_t result, const char* kind) {
  if (result < 0 && result > -4096) refuse(kind, static_cast<uint64_t>(-result));
  return static_cast<uint64_t>(result);
}

bool has_keys() {
  uint32_t a = 0, b, c, d;
  asm("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
  if (a < 7) return false;
  a = 7, c = 0;
  asm("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
  return (c >> 4 & 1) != 0;  // OSPKE: the kernel has switched them on
}

/// The image numbers its keys itself, so all of them must be ours, and in order.
void claim_keys() {
  if (!has_keys()) refuse("no-pku", 0);
  for (uint64_t key = 1; key <= kKeys; ++key) {
    if (call(SYS_pkey_alloc) != static_cast<int64_t>(key)) refuse("no-pku", key);
  }
  for (uint32_t i = 0; i < flexos_image.regions; ++i) {
    // The last one is the platform's own.
    if (flexos_image.region[i].key >= kKeys) refuse("keys", flexos_image.region[i].start);
  }
}

void protect(uint64_t start, uint64_t size, uint32_t protection, uint32_t key) {
  const uint64_t number = flexos_image.protection_keys != 0 ? key : ~0ull;  // -1: no key
  must(call(SYS_pkey_mprotect, start, size, protection, number), "memory");
}

void* map(uint64_t size) {
  return reinterpret_cast<void*>(
      must(call(SYS_mmap, 0, size, kReadWrite, kPrivate | kAnonymous, ~0ull, 0), "memory"));
}

/// What the kernel put there: the first stack with the environment, vdso, the heap.
void unmap_all_else() {
  const uint64_t end = address(image_end);
  must(call(SYS_munmap, PAGE, address(__platform_start) - PAGE), "memory");
  must(call(SYS_munmap, end, kTop - end), "memory");
}

void map_regions() {
  for (uint32_t i = 0; i < flexos_image.regions; ++i) {
    const FlexosRegion& r = flexos_image.region[i];
    const uint64_t size = r.end - r.start;
    if (size == 0) continue;
    if (r.start >= address(image_end)) {
      must(
          call(SYS_mmap, r.start, size, r.protection, kPrivate | kAnonymous | kNoReplace, ~0ull, 0),
          "memory");
      // Fewer page faults and TLB misses; only a wish.
      if (size >= kHugePage) call(SYS_madvise, r.start, size, 14);
    }
    protect(r.start, size, r.protection, r.key);
  }
}

/// Two views of the page that everybody may read.
void map_common() {
  static const char name[] = "flexos";
  const uint64_t file = must(call(SYS_memfd_create, address(name), 0), "memory");
  const uint64_t seen = address(const_cast<const Common*>(&platform_common));
  const uint64_t view = address(&platform_common_view);
  must(call(SYS_ftruncate, file, PAGE), "memory");
  must(call(SYS_mmap, seen, PAGE, FLEXOS_READ, kShared | kFixed, file, 0), "memory");
  must(call(SYS_mmap, view, PAGE, kReadWrite, kShared | kFixed, file, 0), "memory");
  protect(view, PAGE, kReadWrite, kKeys);
  // Where standard input or output was closed, it has their number.
  call(SYS_close, file);
}

/// argv[1..] joined by blanks. `stack`: as the kernel leaves it.
void keep_arguments(const uint64_t* stack) {
  Common& common = platform_common_view;
  const auto add = [&](char c) {
    if (common.arguments_size < sizeof common.arguments) {
      common.arguments[common.arguments_size++] = c;
    }
  };
  for (uint64_t i = 1; i < stack[0]; ++i) {
    if (i > 1) add(' ');
    for (auto* c = reinterpret_cast<const char*>(stack[1 + i]); *c != 0; ++c) add(*c);
  }
}

/// A compartment's own key: the one that no other compartment has. (Those that share a stack have
/// its key in common besides.)
uint32_t key_of(uint32_t compartment) {
  if (flexos_image.protection_keys == 0) return 0;
  for (uint32_t key = 1; key < kKeys; ++key) {
    uint32_t holders = 0;
    for (uint32_t k = 1; k <= flexos_image.compartments; ++k) {
      const bool holds = (flexos_image.compartment[k].pkru >> 2 * key & 3) == 0;
      holders += holds ? (k == compartment ? 1 : 16) : 0;
    }
    if (holders == 1) return key;
  }
  refuse("image", compartment);
}

uint64_t word() {
  uint64_t value = 0;
  while (value == 0 || value == ~0ull) {
    if (call(SYS_getrandom, address(&value), sizeof value, 0) != sizeof value) refuse("random", 0);
  }
  return value;
}

void hand_out_grants() {
  state.console = word();
  state.clock = word();
  state.random = word();
  state.idle = word();
  state.network = word();
  for (uint32_t k = 1; k <= flexos_image.compartments; ++k) {
    const uint32_t services = flexos_image.compartment[k].services;
    const bool waits = services & (FLEXOS_SERVICE_CLOCK | FLEXOS_SERVICE_THREADS);
    Grants& grants = platform_grants[k];
    if (services & FLEXOS_SERVICE_CONSOLE) grants.console = state.console;
    if (waits) grants.clock = state.clock;
    if (services & FLEXOS_SERVICE_RANDOM) grants.random = state.random;
    if (services & FLEXOS_SERVICE_NETWORK) grants.network = state.network;
    if (waits || services & FLEXOS_SERVICE_CONSOLE) grants.idle = state.idle;
    if (services & FLEXOS_SERVICE_THREADS) grants.identity = state.identity[k] = word();
    protect(address(&grants), PAGE, kReadWrite, key_of(k));
  }
}

}  // namespace
}  // namespace flexos

extern "C" [[noreturn]] void platform_start(const uint64_t* stack) {
  using namespace flexos;
  const FlexosImage& image = flexos_image;
  if (image.magic != FLEXOS_MAGIC || image.version != FLEXOS_VERSION || image.threads == 0 ||
      image.compartments == 0 || image.compartments > MOST_COMPARTMENTS ||
      image.start_compartment == 0 || image.start_compartment > image.compartments ||
      (image.protection_keys != 0 && !FLEXOS_KEYS)) {
    refuse("image", address(&image));
  }
  call(SYS_personality, 0);  // readable must not mean executable
  if (image.protection_keys != 0) claim_keys();
  map_common();
  keep_arguments(stack);
  platform_common_view.tap = open_tap(stack);
  unmap_all_else();
  map_regions();
  const uint64_t own = address(__platform_data_start);
  protect(own, address(__platform_data_end) - own, kReadWrite, kKeys);
  const uint64_t contexts = (image.threads * sizeof(Context) + PAGE - 1) & -uint64_t{PAGE};
  state.context = static_cast<Context*>(map(contexts));
  protect(address(state.context), contexts, kReadWrite, kKeys);
  protect(address(platform_alternate), ALTERNATE_SIZE, kReadWrite, 0);
  hand_out_grants();
  start_clock();
  platform_common_view.listens = console_listens() ? 1 : 0;

  prepare(0, address(image.start), 0, image.start_compartment);
  for (uint32_t k = 1; k <= image.compartments; ++k) {
    if (image.compartment[k].slot) *image.compartment[k].slot = state.context[0].gate[k].slot;
  }
  platform_grants[image.start_compartment].landing = state.context[0].rsp;

  constexpr uint64_t kTap = 3;
  if (platform_common.tap >= 0) {
    const auto tap = static_cast<uint64_t>(platform_common.tap);
    if (tap != kTap) must(call(SYS_dup3, tap, kTap, 0), "memory");
    platform_common_view.tap = kTap;
  }
  call(SYS_close_range, platform_common.tap < 0 ? kTap : kTap + 1, 0xffffffff, 0);
  install_handler();
  if (!install_filter()) refuse("seccomp", 0);
  platform_land(image.start_compartment);
}
