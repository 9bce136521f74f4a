#include "solver/improve.h"

#include <algorithm>
#include <random>

#include "solver/layout.h"

namespace flexos {

namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

/// Levels under change, with what a move needs at hand.
class Climber {
 public:
  Climber(const Instance& instance, std::vector<Rung> rungs)
      : in_(instance), rungs_(std::move(rungs)) {
    for (int i = 0; i < in_.n; ++i) {
      option_.push_back(option_cost(i, rungs_));
      least_.push_back(cheapest_of(i, in_.all_classes(i)).value_or(0));
      callers_.emplace_back();
      for (int k = 0; k < in_.n; ++k) {
        if (k == i) continue;
        const auto& gate = in_.gate[at(pair_index(i, k))];
        if (std::any_of(gate.begin(), gate.end(), [](Units u) { return u != 0; })) {
          callers_.back().push_back(k);
        }
      }
    }
  }

  Rung rung(int i, int j) const { return rungs_[at(pair_index(i, j))]; }
  const std::vector<Rung>& rungs() const { return rungs_; }

  /// Tries all places for each class; true iff something got cheaper.
  bool sweep(const Deadline& deadline) {
    bool better = false;
    for (int i = 0; i < in_.n; ++i) {
      if (deadline.passed()) return better;
      for (Rung size = 0; size < in_.top_rung(); ++size) {
        std::vector<int> members = class_of(i, size);
        // Classes are visited through their smallest member; single components always.
        if (size > 0 &&
            (members.front() != i || members == class_of(i, static_cast<Rung>(size - 1)))) {
          continue;
        }
        better |= place(members);
        if (size == 0 && members.size() > 1) better |= place({i});
      }
    }
    return better;
  }

  /// Puts one component beside another, whatever it costs, if that is allowed.
  bool force(int i, int j, Rung rung) {
    std::vector<Rung> next = moved({i}, j, rung);
    if (!valid(next, {i})) return false;
    rungs_ = std::move(next);
    option_.clear();
    for (int k = 0; k < in_.n; ++k) option_.push_back(option_cost(k, rungs_));
    return true;
  }

 private:
  std::vector<int> class_of(int i, Rung rung_limit) const {
    std::vector<int> members;
    for (int k = 0; k < in_.n; ++k) {
      if (k == i || rung(i, k) <= rung_limit) members.push_back(k);
    }
    return members;
  }

  /// The cheapest option of i among `rungs`' co-residents; nullopt where there is none.
  std::optional<Units> option_cost(int i, const std::vector<Rung>& rungs) const {
    ClassMask allowed = in_.all_classes(i);
    for (int j = 0; j < in_.n; ++j) {
      if (j != i && rungs[at(pair_index(i, j))] == 0) {
        allowed &= in_.co_resident[at(i * in_.n + j)];
      }
    }
    return cheapest_of(i, allowed);
  }

  std::vector<Rung> moved(const std::vector<int>& members, int beside, Rung at_rung) const {
    std::vector<Rung> next = rungs_;
    std::vector<bool> inside(at(in_.n), false);
    for (const int m : members) inside[at(m)] = true;
    for (int k = 0; k < in_.n; ++k) {
      if (inside[at(k)]) continue;
      const Rung to = k == beside ? at_rung : std::max(at_rung, rung(beside, k));
      for (const int m : members) next[at(pair_index(m, k))] = to;
    }
    return next;
  }

  bool valid(const std::vector<Rung>& next, const std::vector<int>& members) const {
    for (const int m : members) {
      for (int k = 0; k < in_.n; ++k) {
        if (k == m) continue;
        const auto p = at(pair_index(m, k));
        if (next[p] < in_.lower[p] || next[p] > in_.upper[p]) return false;
      }
    }
    for (int k = 0; k < in_.n; ++k) {
      if (!option_cost(k, next)) return false;
    }
    return within_limits(in_, next);
  }

  bool place(const std::vector<int>& members) {
    std::vector<bool> inside(at(in_.n), false);
    for (const int m : members) inside[at(m)] = true;
    Units best_delta = 0;
    int best_beside = -1;
    Rung best_rung = 0;
    // Beside others, a class keeps its own boundaries inside: it can't come closer than these.
    Rung inner = 0;
    // The most that weaker demands on options could save: all that they cost now.
    Units most_saved = 0;
    for (const int m : members) {
      for (int k = 0; k < in_.n; ++k) {
        if (k == m || rung(m, k) == 0) most_saved += option_[at(k)].value_or(0) - least_[at(k)];
      }
    }
    for (const int a : members) {
      for (const int b : members) {
        if (a != b) inner = std::max(inner, rung(a, b));
      }
    }
    for (int beside = 0; beside < in_.n; ++beside) {
      if (inside[at(beside)]) continue;
      for (Rung r = inner; r <= in_.top_rung(); ++r) {
        // Same place as through a smaller neighbour: skip.
        bool repeated = false;
        for (int k = 0; k < beside && !repeated; ++k) {
          repeated = !inside[at(k)] && rung(beside, k) <= r;
        }
        if (repeated) continue;
        const Units delta = gate_delta(members, inside, beside, r);
        if (delta >= best_delta + most_saved) continue;
        if (!within_domains(members, inside, beside, r)) continue;
        const auto options = option_delta(members, inside, beside, r);
        if (!options || delta + *options >= best_delta) continue;
        if (!within_limits(in_, moved(members, beside, r))) continue;
        best_delta = delta + *options;
        best_beside = beside;
        best_rung = r;
      }
    }
    if (best_beside < 0) return false;
    rungs_ = moved(members, best_beside, best_rung);
    for (int k = 0; k < in_.n; ++k) option_[at(k)] = option_cost(k, rungs_);
    return true;
  }

  /// Change of option costs, nullopt where somebody is left without an option. Only those whose
  /// co-residents change are asked: the members, whom they leave and whom they join.
  std::optional<Units> option_delta(const std::vector<int>& members,
                                    const std::vector<bool>& inside, int beside, Rung r) const {
    std::vector<int> joined;
    if (r == 0) {
      for (int k = 0; k < in_.n; ++k) {
        if (!inside[at(k)] && (k == beside || rung(beside, k) == 0)) joined.push_back(k);
      }
    }
    Units delta = 0;
    const auto ask = [&](int i, const std::vector<int>& more, bool is_member) {
      ClassMask allowed = in_.all_classes(i);
      for (int k = 0; k < in_.n; ++k) {
        // Members keep their fellow members and lose the others; those left lose the members.
        if (k == i || rung(i, k) != 0 || inside[at(k)] != is_member) continue;
        allowed &= in_.co_resident[at(i * in_.n + k)];
      }
      for (const int k : more) allowed &= in_.co_resident[at(i * in_.n + k)];
      const auto cost = cheapest_of(i, allowed);
      if (!cost) return false;
      delta += *cost - option_[at(i)].value_or(0);
      return true;
    };
    for (const int m : members) {
      if (!ask(m, joined, true)) return std::nullopt;
    }
    for (const int k : joined) {
      if (!ask(k, members, false)) return std::nullopt;
    }
    for (int k = 0; k < in_.n; ++k) {
      if (inside[at(k)] || (r == 0 && (k == beside || rung(beside, k) == 0))) continue;
      const bool left =
          std::any_of(members.begin(), members.end(), [&](int m) { return rung(m, k) == 0; });
      if (left && !ask(k, {}, false)) return std::nullopt;
    }
    return delta;
  }

  std::optional<Units> cheapest_of(int i, ClassMask allowed) const {
    std::optional<Units> best;
    const auto& classes = in_.classes[at(i)];
    for (std::size_t c = 0; c < classes.size(); ++c) {
      if ((allowed >> c & 1U) == 0) continue;
      const Units cost = classes[c].options.front().cost;
      if (!best || cost < *best) best = cost;
    }
    return best;
  }

  Rung moved_rung(int k, int beside, Rung r) const {
    return k == beside ? r : std::max(r, rung(beside, k));
  }

  /// Change of gate costs, over the pairs that call each other.
  Units gate_delta(const std::vector<int>& members, const std::vector<bool>& inside, int beside,
                   Rung r) const {
    Units delta = 0;
    for (const int m : members) {
      for (const int k : callers_[at(m)]) {
        if (inside[at(k)]) continue;
        const auto p = at(pair_index(m, k));
        delta += in_.gate[p][moved_rung(k, beside, r)] - in_.gate[p][rungs_[p]];
      }
    }
    return delta;
  }

  bool within_domains(const std::vector<int>& members, const std::vector<bool>& inside, int beside,
                      Rung r) const {
    for (int k = 0; k < in_.n; ++k) {
      if (inside[at(k)]) continue;
      const Rung to = moved_rung(k, beside, r);
      for (const int m : members) {
        const auto p = at(pair_index(m, k));
        if (to < in_.lower[p] || to > in_.upper[p]) return false;
      }
    }
    return true;
  }

  const Instance& in_;
  std::vector<Rung> rungs_;
  std::vector<std::optional<Units>> option_;
  std::vector<std::vector<int>> callers_;  ///< by component: whom it calls or is called by
  std::vector<Units> least_;  ///< by component: its cheapest option with nobody beside it
};

}  // namespace

Solution improve(const Instance& instance, const Solution& start, const Deadline& deadline) {
  Climber climber(instance, start.rungs);
  for (int round = 0; round < 100 && !deadline.passed(); ++round) {
    if (!climber.sweep(deadline)) break;
  }
  const auto better = cheapest(instance, climber.rungs());
  return better && better->cost < start.cost ? *better : start;
}

Solution improve_repeatedly(const Instance& instance, const Solution& start, int kicks,
                            Units target, const Deadline& deadline) {
  Solution best = improve(instance, start, deadline);
  std::mt19937_64 random(0x5eed);  // a fixed seed: the same answer every time
  const auto below = [&](int limit) {
    return static_cast<int>(random() % static_cast<std::uint64_t>(limit));
  };
  for (int kick = 0; kick < kicks && instance.n > 2; ++kick) {
    if (best.cost <= target || deadline.passed()) break;
    Climber climber(instance, best.rungs);
    const int pushes = 2 + below(std::max(1, instance.n / 8));
    for (int push = 0; push < pushes; ++push) {
      const int i = below(instance.n);
      const int j = below(instance.n);
      if (i == j) continue;
      climber.force(i, j, static_cast<Rung>(below(instance.top_rung() + 1)));
    }
    const auto kicked = cheapest(instance, climber.rungs());
    if (!kicked) continue;
    Solution candidate = improve(instance, *kicked, deadline);
    if (candidate.cost < best.cost) best = std::move(candidate);
  }
  return best;
}

}  // namespace flexos
