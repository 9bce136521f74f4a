#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace flexos {

/// SHA-256 (FIPS 180-4) of what was added, as 64 hex digits.
class Sha256 {
 public:
  Sha256& add(std::string_view bytes);
  /// The same with a border behind it, so that "ab","c" and "a","bc" differ.
  Sha256& add_field(std::string_view bytes);
  /// The digits; nothing can be added after it.
  std::string hex();

 private:
  void block(const std::uint8_t* bytes);

  std::uint32_t state_[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                             0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::uint8_t pending_[64] = {};
  std::size_t held_ = 0;
  std::uint64_t total_ = 0;
};

std::string sha256(std::string_view bytes);

/// Of a file's content; nullopt where it cannot be read.
std::optional<std::string> sha256_file(const std::filesystem::path& file);

}  // namespace flexos
