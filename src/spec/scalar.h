#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "model/exact.h"

/// The language's literals, without YAML and without diagnostics.
namespace flexos {

enum class LiteralError { none, malformed, too_large, too_precise };

struct NumberLiteral {
  LiteralError error = LiteralError::none;
  Decimal value;
};

/// "12", "-3.5", "1e3": at most 12 integer and 9 fractional digits, so that sums of products stay
/// exact.
NumberLiteral parse_number(std::string_view text);

struct SizeLiteral {
  LiteralError error = LiteralError::none;
  std::int64_t bytes = 0;
};

/// "4096", "120KiB", "1.5MiB", "1GiB": a whole number of bytes.
SizeLiteral parse_size(std::string_view text);

/// A letter or underscore, then letters, digits, `_`, `-`: components, hardenings, variants.
bool is_name(std::string_view text);

/// A name whose parts are joined by dots: `mpk.light`.
bool is_dotted_name(std::string_view text);

/// An identifier of C, with `$` and `.` as assemblers allow: `lwip_send`.
bool is_function_name(std::string_view text);

}  // namespace flexos
