#include "model/exact.h"

#include <algorithm>
#include <cctype>

namespace flexos {

namespace {

constexpr int kMaxScale = 37;

}  // namespace

__int128 power_of_ten(int exponent) {
  __int128 result = 1;
  for (int i = 0; i < exponent; ++i) result *= 10;
  return result;
}

std::string int128_to_string(__int128 value) {
  if (value == 0) return "0";
  const bool negative = value < 0;
  unsigned __int128 rest =
      negative ? -static_cast<unsigned __int128>(value) : static_cast<unsigned __int128>(value);
  std::string digits;
  while (rest != 0) {
    digits.push_back(static_cast<char>('0' + static_cast<int>(rest % 10)));
    rest /= 10;
  }
  if (negative) digits.push_back('-');
  std::reverse(digits.begin(), digits.end());
  return digits;
}

std::optional<Decimal> Decimal::make(__int128 units, int scale) {
  while (scale > 0 && units % 10 == 0) {
    units /= 10;
    --scale;
  }
  if (scale > kMaxScale) return std::nullopt;
  Decimal result;
  result.units_ = units;
  result.scale_ = scale;
  return result;
}

std::optional<Decimal> Decimal::parse(std::string_view text) {
  std::size_t at = 0;
  bool negative = false;
  if (at < text.size() && (text[at] == '+' || text[at] == '-')) negative = text[at++] == '-';
  __int128 units = 0;
  int scale = 0;
  int digits = 0;
  bool point = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '.') {
      if (point) return std::nullopt;
      point = true;
      continue;
    }
    if (std::isdigit(static_cast<unsigned char>(c)) == 0) break;
    if (__builtin_mul_overflow(units, static_cast<__int128>(10), &units) ||
        __builtin_add_overflow(units, static_cast<__int128>(c - '0'), &units)) {
      return std::nullopt;
    }
    ++digits;
    if (point) ++scale;
  }
  if (digits == 0) return std::nullopt;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    bool negative_exponent = false;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) {
      negative_exponent = text[at++] == '-';
    }
    int exponent = 0;
    int exponent_digits = 0;
    for (; at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0; ++at) {
      exponent = exponent * 10 + (text[at] - '0');
      if (++exponent_digits > 2) return std::nullopt;
    }
    if (exponent_digits == 0) return std::nullopt;
    scale += negative_exponent ? exponent : -exponent;
    while (scale < 0) {
      if (__builtin_mul_overflow(units, static_cast<__int128>(10), &units)) return std::nullopt;
      ++scale;
    }
  }
  if (at != text.size()) return std::nullopt;
  return make(negative ? -units : units, scale);
}

std::optional<__int128> Decimal::scaled(int scale) const {
  if (scale < scale_ || scale - scale_ > kMaxScale) return std::nullopt;
  __int128 result = 0;
  if (__builtin_mul_overflow(units_, power_of_ten(scale - scale_), &result)) return std::nullopt;
  return result;
}

double Decimal::to_double() const {
  // Through long double: the quotient of two exactly rounded numbers, the same on every machine
  // of the supported architecture.
  return static_cast<double>(static_cast<long double>(units_) /
                             static_cast<long double>(power_of_ten(scale_)));
}

std::string Decimal::to_string() const {
  if (scale_ == 0) return int128_to_string(units_);
  std::string digits = int128_to_string(units_ < 0 ? -units_ : units_);
  if (digits.size() <= static_cast<std::size_t>(scale_)) {
    digits.insert(0, static_cast<std::size_t>(scale_) + 1 - digits.size(), '0');
  }
  digits.insert(digits.size() - static_cast<std::size_t>(scale_), ".");
  return units_ < 0 ? "-" + digits : digits;
}

std::optional<Decimal> add(Decimal a, Decimal b) {
  const int scale = std::max(a.scale_, b.scale_);
  const auto x = a.scaled(scale);
  const auto y = b.scaled(scale);
  __int128 sum = 0;
  if (!x || !y || __builtin_add_overflow(*x, *y, &sum)) return std::nullopt;
  return Decimal::make(sum, scale);
}

std::optional<Decimal> subtract(Decimal a, Decimal b) {
  b.units_ = -b.units_;
  return add(a, b);
}

std::optional<Decimal> multiply(Decimal a, Decimal b) {
  __int128 product = 0;
  if (__builtin_mul_overflow(a.units_, b.units_, &product)) return std::nullopt;
  return Decimal::make(product, a.scale_ + b.scale_);
}

std::strong_ordering Decimal::operator<=>(const Decimal& other) const {
  const int scale = std::max(scale_, other.scale_);
  const auto x = scaled(scale);
  const auto y = other.scaled(scale);
  if (x && y) return *x <=> *y;
  // One of them outgrows 128 bits at the common scale: it is far larger in magnitude.
  if (!x) return units_ <=> 0;
  return 0 <=> other.units_;
}

}  // namespace flexos
