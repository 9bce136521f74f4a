// The nucleus's network driver against a device that says whatever it likes. The driver is compiled
// as it is; registers are memory at their addresses, the rest of the nucleus is what stands here.
// What must hold whatever the device says: nothing but a receive buffer's own bytes is copied out,
// never more than was asked for, descriptors keep pointing at their buffers, and it always ends.
#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "kernel/qemu/network.cc"

namespace flexos {
namespace {

int64_t now;
std::vector<char> user(1 << 16);  // ring 3's memory, by offset

[[noreturn]] void broken(const char* what) {
  fprintf(stderr, "fuzz_virtio: %s\n", what);
  abort();
}

void must(bool holds, const char* what) {
  if (!holds) broken(what);
}

}  // namespace

FlexosCompartment compartments[kCompartments];
uint32_t compartment_count;
void map_device(uint64_t, uint64_t) {}
int64_t clock_now() { return now; }
void clock_pause(int64_t ns) { now += ns; }

void copy_to_user(uint64_t to, const void* from, size_t n) {
  must(to <= user.size() && n <= user.size() - to, "more was copied than there is room for");
  const auto* at = static_cast<const char*>(from);
  const char* first = queues[0].buffer[0];
  if (at >= first && at < first + sizeof queues[0].buffer) {
    const auto offset = static_cast<size_t>(at - first) % kBuffer;
    must(offset >= kHeader && offset + n <= kBuffer, "a copy leaves its buffer");
  } else {
    must(n == 6, "what is no frame is copied");  // the device's address, from the stack
  }
  memcpy(user.data() + to, from, n);
}

void copy_from_user(void* to, uint64_t from, size_t n) {
  const auto offset = static_cast<size_t>(static_cast<char*>(to) - queues[1].buffer[0]);
  must(offset < sizeof queues[1].buffer && offset % kBuffer == kHeader && n <= kBuffer - kHeader,
       "a frame to send leaves its buffer");
  memcpy(to, user.data() + from, n);
}

namespace {

void map_registers() {
  for (const uint64_t at : {kSlots, kIoApic}) {
    constexpr int kHow = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
    must(mmap(reinterpret_cast<void*>(at), 0x4000, PROT_READ | PROT_WRITE, kHow, -1, 0) !=
             MAP_FAILED,
         "no memory for registers");
  }
}

/// The input, piece by piece; zeros behind its end.
class Input {
 public:
  Input(const uint8_t* data, size_t size) : data_(data), left_(size) {}
  bool done() const { return left_ == 0; }
  uint32_t take(size_t bytes) {
    uint32_t value = 0;
    const size_t n = bytes < left_ ? bytes : left_;
    memcpy(&value, data_, n);
    data_ += n;
    left_ -= n;
    return value;
  }

 private:
  const uint8_t* data_;
  size_t left_;
};

void start(Input& input) {
  zero(reinterpret_cast<void*>(kSlots), kSlotSize * kSlotCount);
  zero(queues, sizeof queues);
  const uint64_t slot = kSlots + input.take(1) % kSlotCount * kSlotSize;
  reg(slot, kMagic) = 0x74726976;
  reg(slot, kVersion) = 2;
  reg(slot, kDevice) = 1;
  const uint32_t kind = input.take(1);
  reg(slot, kOffered) = (kind & 1) != 0 ? input.take(4) : ~0U;
  reg(slot, kQueueMost) = (kind & 2) != 0 ? input.take(2) : 256;
  network_start();
}

void check() {
  for (const Queue& q : queues) {
    for (uint16_t i = 0; i < kFrames; ++i) {
      const Descriptor& d = q.descriptor[i];
      must(d.address == reinterpret_cast<uint64_t>(q.buffer[i]) && d.size <= kBuffer,
           "a descriptor points elsewhere");
      must(q.available.place[i] < kFrames, "a place that is none is handed to the device");
    }
  }
}

void step(Input& input) {
  const uint32_t what = input.take(1);
  Queue& q = queues[what >> 7];
  switch (what % 6) {
    case 0: {
      auto& place = q.used.place[input.take(1) % kFrames];
      place.descriptor = input.take(4);
      place.size = input.take(4);
      break;
    }
    case 1:
      q.used.index = static_cast<uint16_t>(input.take(2));
      break;
    case 2:
      q.used.flags = static_cast<uint16_t>(input.take(1));
      break;
    case 3: {
      const uint32_t n = input.take(2) % 4096;
      const int64_t got = network_receive(input.take(2) % 4096, n);
      must(got >= (device == 0 ? -1 : 0) && got <= static_cast<int64_t>(n), "what was received");
      break;
    }
    case 4: {
      const uint32_t n = input.take(2) % 4096;
      const int64_t before = now;
      const int64_t put = network_send(input.take(2) % 4096, n);
      must(put == -1 || put == 0 || put == n, "what was sent");
      must(now - before <= 2 * kPatience, "patience without end");
      break;
    }
    default:
      network_has_input();
      network_address(0);
  }
  if (device != 0) check();
}

}  // namespace
}  // namespace flexos

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  flexos::map_registers();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  flexos::Input input(data, size);
  flexos::start(input);
  while (!input.done()) flexos::step(input);
  return 0;
}
