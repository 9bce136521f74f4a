#include "cpu.h"
#include "nucleus.h"

// Boot, in order: look at the machine and the image, refuse what cannot be, map, go to ring 3.
namespace flexos {

Features features;
FlexosCompartment compartments[kCompartments];
uint32_t compartment_count, thread_count;
uint64_t stack_size;
char arguments[kPage];
size_t arguments_size;

namespace {

/// What a PVH loader passes (Xen: struct hvm_start_info, version 1).
struct StartInfo {
  uint32_t magic, version, flags, modules;
  uint64_t module_list, command_line, rsdp, memory_map;
  uint32_t memory_map_entries, reserved;
};
struct MemoryMapEntry {
  uint64_t start, size;
  uint32_t type, reserved;
};
constexpr uint32_t kStartMagic = 0x336ec578;
constexpr uint32_t kRam = 1;

enum : uint64_t { kUmip = 1 << 11, kSmep = 1 << 20, kSmap = 1 << 21, kProtectionKeys = 1 << 22 };
enum : uint32_t { kStar = 0xc0000081, kLstar = 0xc0000082, kSfmask = 0xc0000084 };

/// Where the RAM ends that the nucleus, its tables and the image are in.
uint64_t memory_end(const StartInfo& info) {
  const auto* map = reinterpret_cast<const MemoryMapEntry*>(info.memory_map);
  if (info.magic != kStartMagic || info.version == 0) return 0;
  for (uint32_t i = 0; i < info.memory_map_entries; ++i) {
    uint64_t end = map[i].start + map[i].size;
    if (map[i].type == kRam && map[i].start <= 1 << 20 && end > kImage) return end;
  }
  return 0;
}

void read_image(uint64_t memory_end) {
  const FlexosImage& image = flexos_image;
  auto at = reinterpret_cast<uint64_t>(&image);
  if (at >= memory_end) refuse("memory", at);
  if (image.magic != FLEXOS_MAGIC || image.version != FLEXOS_VERSION || image.compartments == 0 ||
      image.compartments >= kCompartments || image.threads == 0 || image.threads > kThreads ||
      image.start_compartment == 0 || image.start_compartment > image.compartments) {
    refuse("image", at);
  }
  for (uint32_t k = 1; k <= image.compartments; ++k) compartments[k] = image.compartment[k];
  compartment_count = image.compartments;
  thread_count = image.threads;
  stack_size = image.stack_size;
}

void read_arguments(const StartInfo& info) {
  const auto* text = reinterpret_cast<const char*>(info.command_line);
  if (info.magic != kStartMagic || text == nullptr) return;
  for (; text[arguments_size]; ++arguments_size) {
    if (arguments_size == sizeof arguments) refuse("arguments", info.command_line);
    arguments[arguments_size] = text[arguments_size];
  }
}

void use_features() {
  Cpuid more = cpuid(0).a >= 7 ? cpuid(7) : Cpuid{};
  uint64_t cr4 = read_cr4();
  if (more.b >> 7 & 1) cr4 |= kSmep;
  if (more.b >> 20 & 1) cr4 |= kSmap;
  if (more.c >> 2 & 1) cr4 |= kUmip;
  features.random = cpuid(1).c >> 30 & 1;
  if (flexos_image.protection_keys) {
    if (!(more.c >> 3 & 1)) refuse("no-pku", 0);
    cr4 |= kProtectionKeys;
    features.keys = true;
  }
  write_cr4(cr4);
  write_msr(kStar, uint64_t{SELECTOR_USER_DATA - 8 + 3} << 48 | uint64_t{SELECTOR_CODE} << 32);
  write_msr(kLstar, reinterpret_cast<uint64_t>(&nucleus_syscall));
  write_msr(kSfmask, 0x47700);  // alignment check, nested task, IOPL, direction, interrupts, trap
}

}  // namespace

extern "C" [[noreturn]] void nucleus_main(const StartInfo& info) {
  clock_start();
  console_start();
  traps_start();
  uint64_t end = memory_end(info);
  read_image(end);
  read_arguments(info);
  use_features();
  uint64_t start = reinterpret_cast<uint64_t>(flexos_image.start);
  uint32_t first = flexos_image.start_compartment;
  map_image(end);
  clock_calibrate();
  if (network_is_wanted()) network_start();
  threads_start();
  nucleus_enter(start, compartments[first].stacks + stack_size - 8, compartments[first].pkru,
                features.keys);
}

}  // namespace flexos
