#include "solver/crowds.h"

#include <algorithm>

namespace flexos {

namespace {

/// Of many components there are more crowds than are worth a question each.
constexpr std::size_t kMostCrowds = 2'000;

}  // namespace

bool Crowds::full(const std::vector<Members>& classes, int most, int level, int within,
                  const Members& others) {
  if (static_cast<int>(classes.size()) < most || level >= within) return false;
  return std::all_of(others.begin(), others.end(), [&](int other) {
    Members crowd{other};
    for (const Members& c : classes) crowd.push_back(c.front());
    std::sort(crowd.begin(), crowd.end());
    const Question question{level, within, crowd};
    if (!proven_.contains(question) && proven_.size() >= kMostCrowds) return false;
    const auto [known, made] = proven_.try_emplace(question, false);
    if (made) known->second = encoding_.prove_crowded(crowd, level, within);
    return known->second;
  });
}

}  // namespace flexos
