#include "linux.h"

// A tap of Linux as the network device. The image's end of it has an address of its own; the other
// end is the host's interface.
PLATFORM_SECTIONS
namespace flexos {
namespace {

constexpr char kVariable[] = "FLEXOS_TAP=";
constexpr size_t kNameSize = 16;

/// What the environment says behind `kVariable`; null: nothing. `stack`: as the kernel leaves it.
const char* tap_name(const uint64_t* stack) {
  for (const uint64_t* entry = stack + 2 + stack[0]; *entry != 0; ++entry) {
    const char* text = reinterpret_cast<const char*>(*entry);
    size_t i = 0;
    while (kVariable[i] != 0 && text[i] == kVariable[i]) ++i;
    if (kVariable[i] == 0) return text + i;
  }
  return nullptr;
}

}  // namespace

int64_t open_tap(const uint64_t* stack) {
  static const char device[] = "/dev/net/tun";
  constexpr uint64_t kReadWrite = 2, kNonBlocking = 04000, kSetInterface = 0x400454ca;
  constexpr uint16_t kTap = 2, kNoHeader = 0x1000;
  struct {
    char name[kNameSize];
    uint16_t flags;
    char rest[22];
  } request = {};
  const char* name = tap_name(stack);
  if (name == nullptr) return -1;
  for (size_t i = 0; i + 1 < kNameSize && name[i] != 0; ++i) request.name[i] = name[i];
  request.flags = kTap | kNoHeader;
  const int64_t tap =
      call(SYS_openat, static_cast<uint64_t>(-100), address(device), kReadWrite | kNonBlocking);
  if (tap < 0) report("tap", 0, static_cast<uint64_t>(-tap), "-", 0, 0, 112);
  const int64_t error =
      call(SYS_ioctl, static_cast<uint64_t>(tap), kSetInterface, address(&request));
  if (error < 0) report("tap", 0, static_cast<uint64_t>(-error), "-", 0, 0, 112);
  return tap;
}

}  // namespace flexos

using namespace flexos;

extern "C" {

int64_t platform_net_receive(void* frame, size_t n) {
  if (platform_common.tap < 0) return -1;
  const int64_t got = guarded_net_read(static_cast<uint64_t>(platform_common.tap), frame, n);
  return got > 0 ? got : 0;
}

int64_t platform_net_send(const void* frame, size_t n) {
  constexpr int64_t kAgain = -11;
  if (platform_common.tap < 0) return -1;
  const int64_t put = guarded_net_write(static_cast<uint64_t>(platform_common.tap), frame, n);
  return put == kAgain ? 0 : put < 0 ? -1 : put;
}

int platform_net_address(void* address) {
  if (platform_common.tap < 0) return -1;
  // Locally administered; the same everywhere, since a tap has one end of this kind.
  static const uint8_t own[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
  for (size_t i = 0; i < sizeof own; ++i) static_cast<uint8_t*>(address)[i] = own[i];
  return 0;
}

}  // extern "C"
