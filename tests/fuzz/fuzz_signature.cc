// Entry points as users write them: any text gives a signature or an error inside of the text.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "spec/signature.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const flexos::SignatureResult result = flexos::parse_signature(text);
  const bool inside =
      result.at + result.length <= size || (result.length == 1 && result.at <= size);
  if (!result.error.empty() && !inside) __builtin_trap();
  if (result.error.empty() && result.entry.name.empty()) __builtin_trap();
  return 0;
}
