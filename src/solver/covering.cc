#include "solver/covering.h"

#include <algorithm>

namespace flexos {

namespace {

/// More are not kept: each costs a comparison at each node, and whatever is not left out is merely
/// looked at.
constexpr std::size_t kMost = 4096;

}  // namespace

Units Covering::gates(const std::vector<Rung>& rungs) const {
  Units sum = 0;
  for (std::size_t p = 0; p < rungs.size(); ++p) sum += in_.gate[p][rungs[p]];
  return sum;
}

bool Covering::above(const Layout& layout, const std::vector<Rung>& rungs, Units gates) {
  if (layout.gates > gates) return false;
  for (std::size_t p = 0; p < rungs.size(); ++p) {
    if (layout.rungs[p] < rungs[p]) return false;
  }
  return true;
}

void Covering::add(const std::vector<Rung>& rungs) {
  const Layout layout{rungs, gates(rungs)};
  for (const Layout& known : maximal_) {
    if (above(known, layout.rungs, layout.gates)) return;
  }
  const auto covered = [&](const Layout& known) { return above(layout, known.rungs, known.gates); };
  maximal_.erase(std::remove_if(maximal_.begin(), maximal_.end(), covered), maximal_.end());
  if (maximal_.size() < kMost) maximal_.push_back(layout);
}

bool Covering::covers(const Domain& domain) const {
  if (maximal_.empty()) return false;
  std::vector<Rung> highest(in_.pairs());
  Units least = 0;
  for (int i = 1; i < in_.n; ++i) {
    for (int j = 0; j < i; ++j) {
      const auto p = static_cast<std::size_t>(pair_index(i, j));
      highest[p] = domain.high(i, j);
      const auto from = in_.gate[p].begin() + domain.low(i, j);
      least += *std::min_element(from, in_.gate[p].begin() + highest[p] + 1);
    }
  }
  return std::any_of(maximal_.begin(), maximal_.end(),
                     [&](const Layout& known) { return above(known, highest, least); });
}

void Covering::drop_covered(std::vector<Solution>& solutions) const {
  const auto covered = [&](const Solution& solution) {
    const Units cost = gates(solution.rungs);
    return std::any_of(maximal_.begin(), maximal_.end(), [&](const Layout& known) {
      return known.rungs != solution.rungs && above(known, solution.rungs, cost);
    });
  };
  solutions.erase(std::remove_if(solutions.begin(), solutions.end(), covered), solutions.end());
}

std::vector<std::vector<Rung>> Covering::layouts() const {
  std::vector<std::vector<Rung>> result;
  for (const Layout& known : maximal_) result.push_back(known.rungs);
  return result;
}

}  // namespace flexos
