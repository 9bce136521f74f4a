#include "spec/scalar.h"

#include <algorithm>
#include <array>

namespace flexos {

namespace {

constexpr int kMaxIntegerDigits = 12;
constexpr int kMaxFractionDigits = 9;

// The C library's classifiers ask the locale; these do not.
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// True iff the text has the form of a decimal number, of whatever magnitude.
bool is_number(std::string_view text) {
  std::size_t at = 0;
  const auto digits = [&] {
    const std::size_t begin = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    return at - begin;
  };
  if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
  std::size_t count = digits();
  if (at < text.size() && text[at] == '.') {
    ++at;
    count += digits();
  }
  if (count == 0) return false;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    if (digits() == 0) return false;
  }
  return at == text.size();
}

}  // namespace

NumberLiteral parse_number(std::string_view text) {
  if (!is_number(text)) return {LiteralError::malformed, {}};
  const auto value = Decimal::parse(text);
  if (!value) {
    const std::size_t exponent = text.find_first_of("eE");
    const bool tiny = exponent != std::string_view::npos && exponent + 1 < text.size() &&
                      text[exponent + 1] == '-';
    const bool long_fraction = text.find('.') != std::string_view::npos;
    return {tiny || long_fraction ? LiteralError::too_precise : LiteralError::too_large, {}};
  }
  if (value->scale() > kMaxFractionDigits) return {LiteralError::too_precise, {}};
  const __int128 bound = power_of_ten(kMaxIntegerDigits + value->scale());
  if (value->units() >= bound || value->units() <= -bound) return {LiteralError::too_large, {}};
  return {LiteralError::none, *value};
}

SizeLiteral parse_size(std::string_view text) {
  struct Unit {
    std::string_view suffix;
    std::int64_t bytes;
  };
  constexpr std::array<Unit, 4> kUnits = {{{"KiB", std::int64_t{1} << 10},
                                           {"MiB", std::int64_t{1} << 20},
                                           {"GiB", std::int64_t{1} << 30},
                                           {"TiB", std::int64_t{1} << 40}}};
  std::int64_t unit = 1;
  for (const Unit& candidate : kUnits) {
    if (text.ends_with(candidate.suffix)) {
      unit = candidate.bytes;
      text.remove_suffix(candidate.suffix.size());
      while (text.ends_with(' ')) text.remove_suffix(1);
      break;
    }
  }
  const NumberLiteral number = parse_number(text);
  if (number.error != LiteralError::none) return {number.error, 0};
  const auto bytes = multiply(number.value, unit);
  if (!bytes) return {LiteralError::too_large, 0};
  if (bytes->scale() > 0) return {LiteralError::too_precise, 0};
  // A petabyte is beyond any image, and leaves room for sums.
  constexpr std::int64_t kMaxBytes = std::int64_t{1} << 50;
  if (bytes->units() > kMaxBytes) return {LiteralError::too_large, 0};
  return {LiteralError::none, static_cast<std::int64_t>(bytes->units())};
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && (is_letter(text[0]) || text[0] == '_') &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '-'; });
}

bool is_dotted_name(std::string_view text) {
  while (true) {
    const std::size_t dot = text.find('.');
    if (!is_name(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool is_function_name(std::string_view text) {
  return !text.empty() && text.size() <= 128 && !is_digit(text[0]) && text[0] != '.' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return is_letter(c) || is_digit(c) || c == '_' || c == '$' || c == '.';
         });
}

}  // namespace flexos
