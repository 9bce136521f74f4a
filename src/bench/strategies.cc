#include <algorithm>

#include "bench/search.h"

namespace flexos {

namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

/// Measures everything: what the others are held against. (Not only what is open: the order of a
/// recording that somebody else reads should have all of it.)
class Exhaustive : public Strategist {
 public:
  std::optional<int> next(const SearchState& state) override {
    for (int c = 0; c < state.space().size; ++c) {
      if (!state.measured(c)) return c;
    }
    return std::nullopt;
  }
};

/// Halves the poset: measures what settles most whichever way it turns out. Feasible: all that is
/// less safe is settled for certain. Infeasible: all that is safer is presumed infeasible, because
/// protection costs time. That is true but for noise and luck (on published data safer was faster
/// by up to 22 %), so
///   - "infeasible" must be so by more than the largest inversion seen so far, at first by 2 %;
///   - at the end, one in ten of the presumed is measured, nearest to the budget first; an
///     inversion found there reopens what it makes doubtful.
class PosetHalving : public Strategist {
 public:
  std::optional<int> next(const SearchState& state) override {
    learn(state);
    std::vector<int> open;
    std::vector<int> presumed;
    for (int c = 0; c < state.space().size; ++c) {
      if (!state.open(c)) continue;
      (margin(state, c) > allowance_ ? presumed : open).push_back(c);
    }
    presumed_ = presumed.size();
    if (!open.empty()) return halve(state, open);
    if (presumed.empty() || 10 * checks_ >= static_cast<int>(presumed.size()) + checks_) {
      return std::nullopt;
    }
    ++checks_;
    return *std::min_element(presumed.begin(), presumed.end(),
                             [&](int a, int b) { return margin(state, a) < margin(state, b); });
  }

  double doubt() const override { return kInverted * static_cast<double>(presumed_); }

 private:
  static constexpr double kInverted = 0.015;  // pairs of published data whose order is inverted

  /// By how much, as a part of the budget, something less safe than c was too slow.
  static double margin(const SearchState& state, int c) {
    double most = 0;
    for (const int a : state.order()) {
      if (state.feasible(a) || !state.space().safer[at(c)][at(a)]) continue;
      const double value = state.observed(a).value;
      if (value > 0) most = std::max(most, state.limit() / value - 1);
    }
    return most;
  }

  /// The largest factor by which a safer one was faster, noise apart.
  void learn(const SearchState& state) {
    for (const int a : state.order()) {
      for (const int b : state.order()) {
        if (!state.space().safer[at(b)][at(a)]) continue;
        const double slow = state.observed(a).high;
        if (slow > 0) allowance_ = std::max(allowance_, state.observed(b).low / slow - 1);
      }
    }
  }

  static int halve(const SearchState& state, const std::vector<int>& open) {
    int best = open.front();
    int most = -1;
    for (const int c : open) {
      int above = 1;
      int below = 1;
      for (const int o : open) {
        above += state.space().safer[at(o)][at(c)];
        below += state.space().safer[at(c)][at(o)];
      }
      if (std::min(above, below) > most) {
        most = std::min(above, below);
        best = c;
      }
    }
    return best;
  }

  double allowance_ = 0.02;
  int checks_ = 0;
  std::size_t presumed_ = 0;
};

}  // namespace

std::unique_ptr<Strategist> make_exhaustive() { return std::make_unique<Exhaustive>(); }
std::unique_ptr<Strategist> make_poset() { return std::make_unique<PosetHalving>(); }

}  // namespace flexos
