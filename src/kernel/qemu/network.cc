#include "cpu.h"
#include "nucleus.h"

// A network device: virtio-net behind virtio-mmio (Virtual I/O Device 1.1, 4.2 and 5.1). It is the
// nucleus that writes descriptors, because a descriptor's address is where the device writes, and
// no key and no page table holds the device back. What the device says is checked: a number out of
// range makes a frame that is dropped.
namespace flexos {
namespace {

enum : uint32_t {
  kMagic = 0x00,
  kVersion = 0x04,
  kDevice = 0x08,
  kOffered = 0x10,
  kOfferedSelect = 0x14,
  kTaken = 0x20,
  kTakenSelect = 0x24,
  kQueueSelect = 0x30,
  kQueueMost = 0x34,
  kQueueSize = 0x38,
  kQueueReady = 0x44,
  kNotify = 0x50,
  kInterrupts = 0x60,
  kAcknowledge = 0x64,
  kStatus = 0x70,
  kDescriptors = 0x80,  // low word; the high one follows, here and below
  kAvailable = 0x90,
  kUsed = 0xa0,
  kConfiguration = 0x100,  // begins with the MAC address
};
enum : uint32_t { kAcknowledged = 1, kDriver = 2, kDriverOk = 4, kFeaturesOk = 8 };
constexpr uint32_t kHasAddress = 1 << 5;  // feature word 0
constexpr uint32_t kModern = 1;           // feature word 1

constexpr uint64_t kSlots = 0xfeb00000, kSlotSize = 0x200, kSlotCount = 24;
constexpr uint32_t kFirstPin = 5;  // of the first slot, at the I/O APIC
constexpr uint64_t kIoApic = 0xfec00000;
constexpr uint16_t kFrames = 64;
constexpr int64_t kPause = 50'000, kPatience = 1'000'000;  // nanoseconds; of a full queue
constexpr uint32_t kHeader = 12, kBuffer = 2048;

struct Descriptor {
  uint64_t address;
  uint32_t size;
  uint16_t flags, next;
};

/// Both sides' rings; indices run on and on, places are their remainder.
struct Queue {
  alignas(16) Descriptor descriptor[kFrames];
  struct {
    volatile uint16_t flags, index, place[kFrames];
  } available;
  alignas(4) struct {
    volatile uint16_t flags, index;
    volatile struct {
      uint32_t descriptor, size;
    } place[kFrames];
  } used;
  uint16_t seen;  ///< of `used`
  alignas(16) char buffer[kFrames][kBuffer];
};
Queue queues[2];  // the device's numbers: 0 receives, 1 sends
uint64_t device;

volatile uint32_t& reg(uint64_t base, uint32_t offset) {
  return *reinterpret_cast<volatile uint32_t*>(base + offset);
}

void set_address(uint32_t offset, const void* p) {
  auto address = reinterpret_cast<uint64_t>(p);
  reg(device, offset) = static_cast<uint32_t>(address);
  reg(device, offset + 4) = static_cast<uint32_t>(address >> 32);
}

bool start_queue(uint32_t number) {
  Queue& q = queues[number];
  constexpr uint16_t kDeviceWrites = 2;
  reg(device, kQueueSelect) = number;
  if (reg(device, kQueueMost) < kFrames) return false;
  for (uint16_t i = 0; i < kFrames; ++i) {
    q.descriptor[i] = {reinterpret_cast<uint64_t>(q.buffer[i]), kBuffer,
                       number == 0 ? kDeviceWrites : uint16_t{0}, 0};
    q.available.place[i] = i;
  }
  q.available.flags =
      number == 0 ? uint16_t{0} : uint16_t{1};  // no interrupt for a frame that left
  q.available.index = number == 0 ? kFrames : 0;
  reg(device, kQueueSize) = kFrames;
  set_address(kDescriptors, q.descriptor);
  set_address(kAvailable, &q.available);
  set_address(kUsed, &q.used);
  reg(device, kQueueReady) = 1;
  return true;
}

bool start_device() {
  reg(device, kStatus) = 0;
  reg(device, kStatus) = kAcknowledged | kDriver;
  reg(device, kOfferedSelect) = 1;
  if ((reg(device, kOffered) & kModern) == 0) return false;
  reg(device, kTakenSelect) = 0;
  reg(device, kTaken) = kHasAddress;
  reg(device, kTakenSelect) = 1;
  reg(device, kTaken) = kModern;
  reg(device, kStatus) = kAcknowledged | kDriver | kFeaturesOk;
  if ((reg(device, kStatus) & kFeaturesOk) == 0) return false;
  if (!start_queue(0) || !start_queue(1)) return false;
  reg(device, kStatus) = kAcknowledged | kDriver | kFeaturesOk | kDriverOk;
  reg(device, kNotify) = 0;
  return true;
}

}  // namespace

bool network_is_wanted() {
  for (uint32_t k = 1; k <= compartment_count; ++k) {
    if (compartments[k].services & FLEXOS_SERVICE_NETWORK) return true;
  }
  return false;
}

void network_map() {
  map_device(kSlots, kSlots + kSlotSize * kSlotCount);
  map_device(kIoApic, kIoApic + kPage);
}

void network_start() {
  constexpr uint32_t kVirtio = 0x74726976, kNetwork = 1;
  for (uint64_t slot = 0; slot < kSlotCount; ++slot) {
    device = kSlots + slot * kSlotSize;
    if (reg(device, kMagic) != kVirtio || reg(device, kVersion) != 2 ||
        reg(device, kDevice) != kNetwork || !start_device()) {
      continue;
    }
    // Frames that come in end a hlt, as the timer does and by its handler: an edge, to this
    // processor.
    reg(kIoApic, 0) = 0x10 + 2 * (kFirstPin + static_cast<uint32_t>(slot));
    reg(kIoApic, 0x10) = VECTOR_TIMER;
    return;
  }
  device = 0;
}

bool network_has_input() {
  if (device == 0) return false;
  reg(device, kAcknowledge) = reg(device, kInterrupts);  // first: the next frame is a new edge
  return queues[0].used.index != queues[0].seen;
}

int64_t network_receive(uint64_t frame, uint64_t n) {
  if (device == 0) return -1;
  Queue& q = queues[0];
  if (q.used.index == q.seen) return 0;
  const auto& place = q.used.place[q.seen % kFrames];
  uint32_t number = place.descriptor % kFrames;
  uint32_t size = place.size;
  ++q.seen;
  size = size < kHeader || size > kBuffer ? 0 : size - kHeader;
  if (size > n) size = static_cast<uint32_t>(n);
  copy_to_user(frame, q.buffer[number] + kHeader, size);
  q.available.place[q.available.index % kFrames] = static_cast<uint16_t>(number);
  asm volatile("" : : : "memory");
  q.available.index = static_cast<uint16_t>(q.available.index + 1);
  asm volatile("mfence" : : : "memory");
  if ((q.used.flags & 1) == 0) reg(device, kNotify) = 0;
  return size;
}

int64_t network_send(uint64_t frame, uint64_t n) {
  if (device == 0 || n > kBuffer - kHeader) return -1;
  Queue& q = queues[1];
  // The device may need the very processor that we run on to get on: it is let go, not asked again
  // and again. A frame that is given up costs its sender a second of waiting, and more each time.
  const auto full = [&] {
    return static_cast<uint16_t>(q.available.index - q.used.index) >= kFrames;
  };
  for (const int64_t end = clock_now() + kPatience; full();) {
    if (clock_now() >= end) return 0;
    clock_pause(kPause);
  }
  uint16_t number = q.available.index % kFrames;
  zero(q.buffer[number], kHeader);
  copy_from_user(q.buffer[number] + kHeader, frame, n);
  q.descriptor[number].size = kHeader + static_cast<uint32_t>(n);
  q.available.place[number] = number;
  asm volatile("" : : : "memory");
  q.available.index = static_cast<uint16_t>(q.available.index + 1);
  asm volatile("mfence" : : : "memory");
  if ((q.used.flags & 1) == 0) reg(device, kNotify) = 1;
  return static_cast<int64_t>(n);
}

int64_t network_address(uint64_t address) {
  if (device == 0) return -1;
  uint8_t bytes[6];
  for (uint32_t i = 0; i < sizeof bytes; ++i) {
    bytes[i] = *reinterpret_cast<volatile uint8_t*>(device + kConfiguration + i);
  }
  copy_to_user(address, bytes, sizeof bytes);
  return 0;
}

}  // namespace flexos
