#pragma once

#include <array>
#include <functional>
#include <vector>

#include "model/configuration.h"

namespace flexos {

/// A partial order over things 0..n-1 as its Hasse diagram.
struct Poset {
  int n = 0;
  std::vector<std::array<int, 2>> covers;  ///< {lower, upper}: upper is next above lower
  std::vector<int> maximal;                ///< nothing stands above these
};

/// The Hasse diagram of `at_least(b, a)` ("b stands at or above a") over 0..n-1. Equal things are
/// not related.
Poset hasse(int n, const std::function<bool(int b, int a)>& at_least);

/// The safety order among configurations.
Poset safety_poset(const Spec& spec, const std::vector<Configuration>& configurations);

}  // namespace flexos
