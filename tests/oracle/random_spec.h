#pragma once

#include <cstdint>
#include <string>

/// Seeded, self-contained specs that together use every feature of the language.
namespace flexos::oracle {

struct Shape {
  int min_components = 2;
  int max_components = 5;
  /// About so many configurations at most before any statement; keeps enumeration short.
  double max_configurations = 20000;
  bool profile_always = false;
  /// Few mechanisms, no budgets, nothing fixed, at least what is explored asked for: mostly
  /// feasible, also with many components.
  bool gentle = false;
};

/// The YAML text of a spec. The same seed and shape give the same text on every machine. Written
/// one choice a line, so that a failing spec can be reduced by taking lines away.
std::string random_spec(std::uint64_t seed, const Shape& shape = {});

}  // namespace flexos::oracle
