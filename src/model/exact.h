#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace flexos {

/// An exact non-negative or negative decimal fraction: value = units / 10^scale.
///
/// Costs, factors and risks are decimals in the user's files; binary floating point would make
/// equal inputs give unequal answers. Invariant: scale is minimal (no trailing zero digit), so that
/// equal values have equal representations. Arithmetic that leaves 128 bits gives nullopt.
class Decimal {
 public:
  constexpr Decimal() = default;
  constexpr Decimal(std::int64_t whole) : units_(whole) {}  // NOLINT(google-explicit-constructor)
  static std::optional<Decimal> make(__int128 units, int scale);

  /// Reads "12", "-3.50", "1e3"; nullopt where the text is not a plain decimal number.
  static std::optional<Decimal> parse(std::string_view text);

  __int128 units() const { return units_; }
  int scale() const { return scale_; }

  /// The value times 10^scale as an integer; nullopt when that is not whole or overflows.
  std::optional<__int128> scaled(int scale) const;

  double to_double() const;
  std::string to_string() const;

  friend std::optional<Decimal> add(Decimal a, Decimal b);
  friend std::optional<Decimal> subtract(Decimal a, Decimal b);
  friend std::optional<Decimal> multiply(Decimal a, Decimal b);

  bool operator==(const Decimal&) const = default;
  std::strong_ordering operator<=>(const Decimal& other) const;

 private:
  __int128 units_ = 0;
  int scale_ = 0;
};

/// 10^exponent; exponent in [0, 37].
__int128 power_of_ten(int exponent);

std::string int128_to_string(__int128 value);

}  // namespace flexos
