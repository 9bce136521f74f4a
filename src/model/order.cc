#include "model/order.h"

#include <algorithm>

namespace flexos {

bool variant_at_least(const Component& component, int b, int a) {
  if (a == b) return true;
  const auto& variants = component.variants;
  std::vector<bool> seen(variants.size(), false);
  std::vector<int> todo{b};
  seen[static_cast<std::size_t>(b)] = true;
  while (!todo.empty()) {
    const int v = todo.back();
    todo.pop_back();
    for (const std::string& lower : variants[static_cast<std::size_t>(v)].safer_than) {
      for (std::size_t w = 0; w < variants.size(); ++w) {
        if (variants[w].name != lower || seen[w]) continue;
        if (static_cast<int>(w) == a) return true;
        seen[w] = true;
        todo.push_back(static_cast<int>(w));
      }
    }
  }
  return false;
}

bool risk_follows_order(const Spec& spec) {
  for (std::size_t l = 1; l < spec.mechanisms.size(); ++l) {
    if (spec.mechanisms[l].strength < spec.mechanisms[l - 1].strength) return false;
  }
  for (const Component& component : spec.components) {
    for (std::size_t a = 0; a < component.variants.size(); ++a) {
      for (std::size_t b = 0; b < component.variants.size() && component.variants[a].verified;
           ++b) {
        if (!component.variants[b].verified &&
            variant_at_least(component, static_cast<int>(b), static_cast<int>(a))) {
          return false;
        }
      }
    }
  }
  return true;
}

bool at_least_as_safe(const Spec& spec, const Configuration& b, const Configuration& a) {
  for (std::size_t p = 0; p < a.levels.size(); ++p) {
    if (b.levels[p] < a.levels[p]) return false;
  }
  for (std::size_t i = 0; i < a.hardening.size(); ++i) {
    if ((a.hardening[i] & ~b.hardening[i]) != 0) return false;
    if (!variant_at_least(spec.components[i], b.variants[i], a.variants[i])) return false;
  }
  return true;
}

}  // namespace flexos
