#include "cpu.h"
#include "nucleus.h"

// Page tables: memory appears where it is (virtual = physical), 4 KiB pages at the edges of a
// region, 2 MiB pages inside. They are built once, from RAM between the nucleus and the image,
// while the boot tables still show that RAM; afterwards no address leads to them.
namespace flexos {
namespace {

enum : uint64_t {
  kPresent = 1,
  kWritable = 2,
  kUser = 4,
  kUncached = 0x18,
  kLarge = 0x80,
  kNoExecute = 1ull << 63,
};

uint64_t next_table = kTables;
uint64_t* root;

uint64_t* new_table() {
  if (next_table >= kImage) refuse("memory", next_table);
  auto* table = reinterpret_cast<uint64_t*>(next_table);
  next_table += kPage;
  zero(table, kPage);
  return table;
}

/// The entry for `address` in the tables of a level (1: pages of 4 KiB, 2: of 2 MiB).
uint64_t& entry(uint64_t address, int level) {
  uint64_t* table = root;
  for (int above = 4; above > level; --above) {
    uint64_t& up = table[address >> (12 + 9 * (above - 1)) & 511];
    if (!(up & kPresent)) {
      up = reinterpret_cast<uint64_t>(new_table()) | kPresent | kWritable | kUser;
    }
    table = reinterpret_cast<uint64_t*>(up & ~(kPage - 1));
  }
  return table[address >> (12 + 9 * (level - 1)) & 511];
}

void map(uint64_t from, uint64_t end, uint64_t physical, uint64_t flags) {
  while (from < end) {
    bool large = ((from | physical) & (kLargePage - 1)) == 0 && end - from >= kLargePage;
    uint64_t& at = entry(from, large ? 2 : 1);
    if (at & kPresent) refuse("image", from);  // two regions overlap
    at = physical | flags | kPresent | (large ? +kLarge : 0);
    uint64_t size = large ? kLargePage : kPage;
    from += size;
    physical += size;
  }
}

void map_nucleus(const char* from, const char* end, uint64_t flags) {
  auto address = reinterpret_cast<uint64_t>(from);
  map(address, reinterpret_cast<uint64_t>(end), address, flags);
}

void map_region(const FlexosRegion& region, uint64_t memory_end) {
  bool writable = region.protection & FLEXOS_WRITE;
  bool executable = region.protection & FLEXOS_EXECUTE;
  if ((region.start | region.end) % kPage || region.start < kImage || region.end > kLimit ||
      region.start > region.end || region.key > 15 || (writable && executable)) {
    refuse("image", region.start);
  }
  if (region.end > memory_end) refuse("memory", region.end);
  uint64_t key = features.keys ? static_cast<uint64_t>(region.key) << 59 : 0;
  map(region.start, region.end, region.start,
      kUser | key | (writable ? +kWritable : 0) | (executable ? 0 : +kNoExecute));
}

}  // namespace

void map_device(uint64_t from, uint64_t end) {
  map(from, end, from, kNoExecute | kWritable | kUncached);
}

void map_image(uint64_t memory_end) {
  root = new_table();
  map_nucleus(nucleus_text_start, nucleus_text_end, 0);
  map_nucleus(nucleus_rodata_start, nucleus_rodata_end, kNoExecute);
  map_nucleus(nucleus_data_start, nucleus_data_end, kNoExecute | kWritable);
  map_device(kApic, kApic + kPage);
  if (network_is_wanted()) network_map();
  auto thread = reinterpret_cast<uint64_t>(&platform_thread) & ~(kPage - 1);
  map(kThreadView, kThreadView + kPage, thread, kNoExecute | kWritable);
  for (uint32_t i = 0; i < flexos_image.regions; ++i) {
    map_region(flexos_image.region[i], memory_end);
  }
  write_cr3(reinterpret_cast<uint64_t>(root));
}

}  // namespace flexos
