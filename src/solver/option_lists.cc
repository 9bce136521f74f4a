#include "solver/option_lists.h"

#include <algorithm>
#include <tuple>

namespace flexos {

namespace {

using Step = OptionLists::Step;

std::size_t at(int i) { return static_cast<std::size_t>(i); }

/// Is the middle one nowhere the least of the three? (By rising cost and falling exposure.) Where
/// the products are out of range it may stay: one more of them is never wrong.
bool never_least(const Step& first, const Step& middle, const Step& last) {
  Units left = 0;
  Units right = 0;
  if (__builtin_mul_overflow(last.cost - first.cost, first.exposure - middle.exposure, &left) ||
      __builtin_mul_overflow(middle.cost - first.cost, first.exposure - last.exposure, &right)) {
    return false;
  }
  return left <= right;
}

}  // namespace

/// Which options i can take where `mate` shares its compartment.
const std::vector<bool>& OptionLists::beside(int i, int mate) {
  const auto [known, made] = beside_.try_emplace({i, mate});
  std::vector<bool>& wanted = known->second;
  if (!made) return wanted;
  const auto& options = encoding_.options(i);
  wanted.assign(options.size(), false);
  const ClassMask allowed = advice_.all_classes(i) & advice_.co_resident[at(i * advice_.n + mate)];
  for (std::size_t c = 0; c < advice_.classes[at(i)].size(); ++c) {
    if ((allowed >> c & 1U) == 0) continue;
    for (const Option& o : advice_.classes[at(i)][c].options) {
      for (std::size_t k = 0; k < options.size(); ++k) {
        if (options[k].variant == o.variant && options[k].hardening == o.hardening) {
          wanted[k] = true;
        }
      }
    }
  }
  const bool all = std::all_of(wanted.begin(), wanted.end(), [](bool w) { return w; });
  if (!all && !encoding_.prove_options(i, {mate}, wanted)) wanted.assign(options.size(), true);
  return wanted;
}

std::vector<Step> OptionLists::all(int i, const std::vector<int>& mates) {
  const auto& options = encoding_.options(i);
  std::vector<Step> steps;
  for (std::size_t k = 0; k < options.size(); ++k) {
    const bool possible =
        std::all_of(mates.begin(), mates.end(), [&](int mate) { return beside(i, mate)[k]; });
    if (possible) steps.push_back({options[k].cost, risks_.exposure[at(i)][k], k});
  }
  std::sort(steps.begin(), steps.end(), [](const Step& a, const Step& b) {
    return std::tie(a.exposure, a.cost, a.option) < std::tie(b.exposure, b.cost, b.option);
  });
  return steps;
}

const OptionLists::Steps& OptionLists::of(int i, const std::vector<int>& mates) {
  std::vector<int> key{i};
  key.insert(key.end(), mates.begin(), mates.end());
  const auto [known, made] = steps_.try_emplace(std::move(key));
  Steps& steps = known->second;
  if (!made) return steps;
  std::vector<Step> by_cost = all(i, mates);
  std::sort(by_cost.begin(), by_cost.end(), [](const Step& a, const Step& b) {
    return std::tie(a.cost, a.exposure, a.option) < std::tie(b.cost, b.exposure, b.option);
  });
  for (const Step& s : by_cost) {
    if (steps.best.empty() || s.exposure < steps.best.back().exposure) steps.best.push_back(s);
  }
  for (const Step& s : steps.best) {
    auto& hull = steps.hull;
    while (hull.size() >= 2 && never_least(hull[hull.size() - 2], hull.back(), s)) hull.pop_back();
    hull.push_back(s);
  }
  return steps;
}

}  // namespace flexos
