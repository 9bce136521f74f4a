#include "solver/risk_units.h"

#include <algorithm>
#include <utility>

namespace flexos {

namespace {

using Units = RiskUnits::Units;

std::size_t at(int i) { return static_cast<std::size_t>(i); }

std::optional<Decimal> rest_of(const Decimal& per_cent) {
  const auto rest = subtract(100, per_cent);
  return rest ? multiply(*rest, *Decimal::make(1, 2)) : std::nullopt;
}

/// To one unit, the largest that fits; false where 128 bits are not enough.
bool whole(const std::vector<std::optional<Decimal>>& values, std::vector<Units>& result) {
  constexpr Units kMost = Units{1} << 40;
  int scale = 0;
  for (const auto& value : values) {
    if (!value) return false;
    scale = std::max(scale, value->scale());
  }
  for (const auto& value : values) {
    const auto scaled = value->scaled(scale);
    if (!scaled || *scaled < 0) return false;
    result.push_back(*scaled);
  }
  Units unit = 0;
  for (const Units value : result) {
    Units rest = value;
    while (rest != 0) {
      unit %= rest;
      std::swap(unit, rest);
    }
  }
  for (Units& value : result) {
    if (unit > 1) value /= unit;
    if (value > kMost) return false;
  }
  return true;
}

}  // namespace

RiskUnits risk_units(const Spec& spec, const Encoding& encoding) {
  RiskUnits risks;
  std::vector<std::optional<Decimal>> weight;
  for (int a = 0; a < spec.size(); ++a) {
    for (int v = 0; v < spec.size(); ++v) {
      weight.push_back(a == v ? Decimal{} : multiply(spec.risk[at(a)], spec.asset[at(v)]));
    }
  }
  std::vector<std::optional<Decimal>> openness;
  for (const Mechanism& m : spec.mechanisms) openness.push_back(rest_of(m.strength));
  std::vector<std::optional<Decimal>> exposure;
  for (int i = 0; i < spec.size(); ++i) {
    for (const Encoding::Option& option : encoding.options(i)) {
      std::optional<Decimal> left = Decimal(1);
      for (std::size_t h = 0; h < spec.hardening.size() && left; ++h) {
        if ((option.hardening >> h & 1U) == 0) continue;
        const auto rest = rest_of(spec.hardening[h].strength);
        left = rest ? multiply(*left, *rest) : std::nullopt;
      }
      const bool verified = spec.components[at(i)].variants[option.variant].verified;
      if (left && verified) left = multiply(*left, *Decimal::make(1, 1));
      exposure.push_back(left);
    }
  }
  std::vector<Units> all;
  risks.fits =
      whole(weight, risks.weight) && whole(openness, risks.openness) && whole(exposure, all);
  if (!risks.fits) return risks;
  // A risk is a sum of n (n - 1) products of three.
  const auto most = [](const std::vector<Units>& values) {
    return values.empty() ? 0 : *std::max_element(values.begin(), values.end());
  };
  const Units pairs = std::max(1, spec.size() * (spec.size() - 1));
  const Units product = most(risks.weight) * most(risks.openness) * most(all);  // up to 2^120
  risks.fits = product <= (Units{1} << 126) / pairs;
  if (!risks.fits) return risks;
  auto next = all.begin();
  for (int i = 0; i < spec.size(); ++i) {
    const auto count = static_cast<std::ptrdiff_t>(encoding.options(i).size());
    risks.exposure.emplace_back(next, next + count);
    next += count;
  }
  return risks;
}

}  // namespace flexos
