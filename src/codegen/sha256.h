#pragma once

#include <nettle/sha2.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace flexos {

/// SHA-256 (FIPS 180-4) of what was added, as 64 hex digits. By nettle, which uses the processor's
/// own instructions: an image of some megabytes is hashed whenever one is woven.
class Sha256 {
 public:
  Sha256() { sha256_init(&state_); }
  Sha256& add(std::string_view bytes);
  /// The same with a border behind it, so that "ab","c" and "a","bc" differ.
  Sha256& add_field(std::string_view bytes);
  /// The digits; nothing can be added after it.
  std::string hex();

 private:
  sha256_ctx state_;
};

std::string sha256(std::string_view bytes);

/// Of a file's content; nullopt where it cannot be read.
std::optional<std::string> sha256_file(const std::filesystem::path& file);

}  // namespace flexos
