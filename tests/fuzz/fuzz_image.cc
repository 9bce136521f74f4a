// Images, their image.json and what they print come from strangers: any bytes give a value or an
// error, and what was taken can be worked with.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "codegen/elf.h"
#include "codegen/fault.h"
#include "codegen/inspect.h"
#include "codegen/manifest.h"
#include "codegen/scan.h"
#include "codegen/test_image.h"

namespace {

/// Stops the fuzzer where something holds that must not.
void expect(bool condition) {
  if (!condition) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace flexos;
  static const Manifest sample = sample_manifest();
  const std::string_view text(reinterpret_cast<const char*>(data), size);

  const auto elf = Elf::parse({data, data + size});
  if (elf) {
    const Scan scan = scan_image(*elf, &sample);
    const Scan all = scan_image(*elf, &sample, Method::everything);
    expect(scan.findings.size() == all.findings.size());
    (void)explain_fault(
        "FLEXOS FAULT kind=pkey rip=0x1000000 address=0x1408000 access=w pkru=0x0 rsp=0x0", &sample,
        *elf);
    (void)inspect_text(sample, *elf, 80);
    (void)compare(sample, *elf);
  } else {
    expect(!elf.error().message.empty());
  }

  const auto manifest = manifest_from_json(text);
  if (manifest) {
    const auto again = manifest_from_json(to_text(*manifest));
    expect(again.ok() && *again == *manifest);
    (void)inspect_text(*manifest, Elf{}, 80);
    (void)explain_fault(
        "FLEXOS FAULT kind=pkey rip=0x1000000 address=0x1408000 access=w pkru=0x0 rsp=0x0",
        &*manifest, Elf{});
  }

  if (parse_fault(text)) expect(explain_fault(text, &sample, Elf{}).has_value());
  return 0;
}
