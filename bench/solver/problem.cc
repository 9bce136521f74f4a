#include "problem.h"

#include <algorithm>
#include <numeric>

namespace flexos::bench {
namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

bool contains(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

/// Narrows `from` to what is also in `to`, or replaces it where nothing has narrowed it yet.
void narrow(Regions& value, bool& narrowed, const Regions& to) {
  if (!value.any && !narrowed) return;  // not "*" to begin with: transforms do not apply
  if (!narrowed) {
    value = to;
    narrowed = true;
  } else if (!to.any) {
    if (value.any) {
      value = to;
    } else {
      value.own = value.own && to.own;
      value.shared = value.shared && to.shared;
    }
  }
}

void narrow(Calls& value, bool& narrowed, const Calls& to) {
  if (!value.any && !narrowed) return;
  if (!narrowed || value.any) {
    value = to;
    narrowed = true;
  } else if (!to.any) {
    std::vector<FunctionRef> both;
    for (const FunctionRef& f : value.functions) {
      if (std::find(to.functions.begin(), to.functions.end(), f) != to.functions.end()) {
        both.push_back(f);
      }
    }
    value.functions = both;
  }
}

Behavior behavior_of(const Spec& spec, const Component& c, int variant, std::uint64_t mask) {
  Behavior b = c.variants[at(variant)].behavior;
  bool reads = false;
  bool writes = false;
  bool calls = false;
  for (std::size_t h = 0; h < spec.hardening.size(); ++h) {
    if ((mask >> h & 1U) == 0) continue;
    const Hardening& hardening = spec.hardening[h];
    if (hardening.reads) narrow(b.reads, reads, *hardening.reads);
    if (hardening.writes) narrow(b.writes, writes, *hardening.writes);
    if (hardening.calls_graph) {
      narrow(b.calls, calls, Calls{.any = false, .functions = c.call_graph});
    }
    if (hardening.calls) narrow(b.calls, calls, *hardening.calls);
  }
  return b;
}

bool grants(const std::optional<Regions>& grant, const Regions& used) {
  if (!grant || grant->any) return true;
  if (used.any) return grant->own && grant->shared;
  return !used.shared || grant->shared;
}

bool grants_calls(const Component& owner, const Calls& used) {
  if (!owner.grants.calls) return true;
  if (used.any) return false;
  for (const FunctionRef& f : used.functions) {
    if (f.component != owner.name) continue;
    if (f.function == "*") {
      for (const EntryPoint& e : owner.api) {
        if (!contains(*owner.grants.calls, e.name)) return false;
      }
    } else if (!contains(*owner.grants.calls, f.function)) {
      return false;
    }
  }
  return true;
}

bool can(const Behavior& b, Operation op, const std::string& victim) {
  if (op == Operation::read) return b.reads.any;
  if (op == Operation::write) return b.writes.any;
  if (b.calls.any) return true;
  return std::any_of(b.calls.functions.begin(), b.calls.functions.end(),
                     [&](const FunctionRef& f) { return f.component == victim; });
}

struct Draft {
  Choice choice;
  Decimal cost;
};

class Builder {
 public:
  Builder(const Spec& spec, bool keep_dominated) : spec_(spec), keep_dominated_(keep_dominated) {}

  Built build() {
    if (!spec_.profile) return {std::nullopt, "no profile"};
    problem_.n = spec_.size();
    for (std::size_t l = 0; l < spec_.mechanisms.size(); ++l) {
      if (spec_.explored_mechanisms[l]) problem_.levels.push_back(static_cast<Level>(l));
    }
    problem_.space_rungs = rung_at_least(spec_.pt);
    problem_.vm_rungs = rung_at_least(spec_.vm);
    problem_.keys = spec_.hardware_keys;
    problem_.vms = spec_.hardware_vms;
    problem_.lower.assign(at(problem_.pairs()), 0);
    problem_.upper.assign(at(problem_.pairs()), problem_.rungs() - 1);
    draw_choices();
    std::optional<Decimal> slowdown;
    for (const Statement& s : spec_.statements) {
      if (s.kind == StatementKind::budget_memory) return {std::nullopt, "a memory budget"};
      if (s.kind == StatementKind::budget_slowdown) slowdown = s.decimal;
      apply(s);
    }
    if (!scale_costs(slowdown)) return {std::nullopt, "costs beyond 62 bits"};
    if (!keep_dominated_) prune();
    for (int i = 0; i < problem_.n; ++i) {
      if (choices_[at(i)].empty()) return {std::nullopt, "a component cannot be built"};
      for (Draft& d : choices_[at(i)]) problem_.choices[at(i)].push_back(std::move(d.choice));
    }
    tighten();
    return {problem_, ""};
  }

 private:
  int rung_at_least(Level level) const {
    int rung = 0;
    while (rung < problem_.rungs() && problem_.levels[at(rung)] < level) ++rung;
    return rung;
  }

  void draw_choices() {
    choices_.resize(at(problem_.n));
    problem_.choices.resize(at(problem_.n));
    for (int i = 0; i < problem_.n; ++i) {
      const Component& c = spec_.components[at(i)];
      std::uint64_t usable = 0;
      for (std::size_t h = 0; h < spec_.hardening.size(); ++h) {
        if (spec_.explored_hardening[h] && contains(c.allowed_hardening, spec_.hardening[h].name)) {
          usable |= std::uint64_t{1} << h;
        }
      }
      for (int v = 0; v < static_cast<int>(c.variants.size()); ++v) {
        std::uint64_t mask = 0;
        do {
          if (!excluded(mask)) choices_[at(i)].push_back(draft(i, v, mask));
          mask = (mask - usable) & usable;  // the next subset of `usable`
        } while (mask != 0);
      }
    }
  }

  bool excluded(std::uint64_t mask) const {
    for (std::size_t h = 0; h < spec_.hardening.size(); ++h) {
      if ((mask >> h & 1U) == 0) continue;
      for (std::size_t g = 0; g < spec_.hardening.size(); ++g) {
        if ((mask >> g & 1U) != 0 &&
            contains(spec_.hardening[h].excludes, spec_.hardening[g].name)) {
          return true;
        }
      }
    }
    return false;
  }

  Draft draft(int i, int variant, std::uint64_t mask) {
    const Component& c = spec_.components[at(i)];
    const Behavior b = behavior_of(spec_, c, variant, mask);
    Draft d;
    d.choice.variant = variant;
    d.choice.hardening = mask;
    Decimal factor = c.variants[at(variant)].slowdown;
    for (std::size_t h = 0; h < spec_.hardening.size(); ++h) {
      if ((mask >> h & 1U) == 0) continue;
      const auto measured = c.slowdown.find(spec_.hardening[h].name);
      factor = checked(multiply(
          factor, measured == c.slowdown.end() ? spec_.hardening[h].slowdown : measured->second));
    }
    d.cost = checked(multiply(spec_.profile->work[at(i)], checked(subtract(factor, 1))));
    d.choice.joins.resize(at(problem_.n));
    for (int j = 0; j < problem_.n; ++j) {
      d.choice.joins[at(j)] = i == j || joins(b, i, j);
    }
    return d;
  }

  bool joins(const Behavior& b, int attacker, int victim) const {
    const Component& owner = spec_.components[at(victim)];
    if (!grants(owner.grants.reads, b.reads) || !grants(owner.grants.writes, b.writes) ||
        !grants_calls(owner, b.calls)) {
      return false;
    }
    for (const Statement& s : spec_.statements) {
      if (s.kind != StatementKind::protect || s.level) continue;
      for (const auto& [a, v] : s.pairs) {
        if (a != attacker || v != victim) continue;
        for (const Operation op : s.operations) {
          if (can(b, op, owner.name)) return false;
        }
      }
    }
    return true;
  }

  void apply(const Statement& s) {
    switch (s.kind) {
      case StatementKind::isolate:
        for (const auto& [a, b] : s.pairs) raise(a, b, s.level ? rung_at_least(*s.level) : 1);
        break;
      case StatementKind::protect:
        if (!s.level) break;
        for (const auto& [a, b] : s.pairs) raise(a, b, rung_at_least(*s.level));
        break;
      case StatementKind::together:
        for (const auto& [a, b] : s.pairs) lower_to(a, b, 0);
        break;
      case StatementKind::fix_level:
        for (const auto& [a, b] : s.pairs) {
          const int rung = rung_at_least(*s.level);
          raise(a, b, rung);
          lower_to(a, b, rung);
        }
        break;
      case StatementKind::harden:
      case StatementKind::fix_harden:
        for (const int i : s.components) {
          std::uint64_t wanted = 0;
          for (std::size_t h = 0; h < spec_.hardening.size(); ++h) {
            if (contains(s.names, spec_.hardening[h].name)) wanted |= std::uint64_t{1} << h;
          }
          const bool exact = s.kind == StatementKind::fix_harden;
          std::erase_if(choices_[at(i)], [&](const Draft& d) {
            return exact ? d.choice.hardening != wanted : (wanted & ~d.choice.hardening) != 0;
          });
        }
        break;
      case StatementKind::fix_variant:
        for (const int i : s.components) {
          std::erase_if(choices_[at(i)], [&](const Draft& d) {
            return !contains(s.names, spec_.components[at(i)].variants[at(d.choice.variant)].name);
          });
        }
        break;
      case StatementKind::budget_keys:
        problem_.keys = std::min(*problem_.keys, static_cast<int>(s.integer));
        break;
      case StatementKind::budget_vms:
        problem_.vms =
            static_cast<int>(std::min<std::int64_t>(s.integer, problem_.vms.value_or(problem_.n)));
        break;
      case StatementKind::budget_slowdown:
      case StatementKind::budget_memory:
      case StatementKind::explore_mechanisms:
      case StatementKind::explore_hardening:
      case StatementKind::require_reads:
      case StatementKind::require_writes:
      case StatementKind::require_calls:
        break;
    }
  }

  void raise(int a, int b, int rung) {
    int& lower = problem_.lower[at(pair_index(a, b))];
    lower = std::max(lower, rung);
  }
  void lower_to(int a, int b, int rung) {
    int& upper = problem_.upper[at(pair_index(a, b))];
    upper = std::min(upper, rung);
  }

  /// Decimals to whole numbers of one common unit, as small as they can be.
  bool scale_costs(const std::optional<Decimal>& slowdown) {
    std::vector<std::vector<Decimal>> edges(at(problem_.pairs()));
    std::vector<Decimal> calls(at(problem_.pairs()));
    for (const auto& [ends, rate] : spec_.profile->calls) {
      if (ends[0] == ends[1]) continue;
      Decimal& sum = calls[at(pair_index(ends[0], ends[1]))];
      sum = checked(add(sum, rate));
    }
    int scale = 0;
    for (int p = 0; p < problem_.pairs(); ++p) {
      for (const Level level : problem_.levels) {
        edges[at(p)].push_back(checked(multiply(calls[at(p)], gate_cost(spec_, level))));
        scale = std::max(scale, edges[at(p)].back().scale());
      }
    }
    // Dominated choices may need more digits than any choice that is kept: prune before scaling.
    if (!keep_dominated_) prune();
    for (const auto& list : choices_) {
      for (const Draft& d : list) scale = std::max(scale, d.cost.scale());
    }
    if (!fits_) return false;
    __int128 divisor = 0;
    const auto units = [&](const Decimal& value) {
      const auto scaled = value.scaled(scale);
      if (!scaled) {
        fits_ = false;
        return __int128{0};
      }
      return *scaled;
    };
    const auto gcd = [](__int128 a, __int128 b) {
      while (b != 0) {
        const __int128 rest = a % b;
        a = b;
        b = rest;
      }
      return a < 0 ? -a : a;
    };
    for (const auto& edge : edges) {
      for (const Decimal& value : edge) divisor = gcd(divisor, units(value));
    }
    for (const auto& list : choices_) {
      for (const Draft& d : list) divisor = gcd(divisor, units(d.cost));
    }
    if (divisor == 0) divisor = 1;
    constexpr __int128 kLimit = __int128{1} << 62;
    const auto number = [&](const Decimal& value) {
      const __int128 whole = units(value) / divisor;
      if (whole > kLimit || whole < -kLimit) fits_ = false;
      return static_cast<std::int64_t>(whole);
    };
    problem_.cost.resize(at(problem_.pairs()));
    for (int p = 0; p < problem_.pairs(); ++p) {
      for (const Decimal& value : edges[at(p)]) problem_.cost[at(p)].push_back(number(value));
    }
    for (auto& list : choices_) {
      for (Draft& d : list) d.choice.cost = number(d.cost);
    }
    problem_.unit = static_cast<double>(divisor);
    for (int k = 0; k < scale; ++k) problem_.unit /= 10;
    if (slowdown) {
      const Decimal limit = checked(multiply(spec_.profile->base, checked(subtract(*slowdown, 1))));
      if (limit.scale() <= scale) {
        problem_.budget = static_cast<std::int64_t>(units(limit) / divisor);
      } else {
        problem_.budget = static_cast<std::int64_t>(limit.units() /
                                                    power_of_ten(limit.scale() - scale) / divisor);
      }
    }
    return fits_;
  }

  void prune() {
    for (auto& list : choices_) {
      std::vector<Draft> kept;
      for (std::size_t a = 0; a < list.size(); ++a) {
        bool dominated = false;
        for (std::size_t b = 0; b < list.size() && !dominated; ++b) {
          if (a == b) continue;
          bool covers = true;
          for (std::size_t j = 0; j < list[a].choice.joins.size(); ++j) {
            // Whom it may join matters only where the statements leave rung 0 open.
            if (list[a].choice.joins[j] && !list[b].choice.joins[j] &&
                problem_.lower[at(pair_index_or(a_index(list), static_cast<int>(j)))] == 0) {
              covers = false;
              break;
            }
          }
          if (!covers || list[b].cost > list[a].cost) continue;
          dominated = list[b].cost < list[a].cost || !covered_back(list, b, a) || b < a;
        }
        if (!dominated) kept.push_back(list[a]);
      }
      list = std::move(kept);
    }
  }

  int a_index(const std::vector<Draft>& list) const {
    return static_cast<int>(&list - choices_.data());
  }
  int pair_index_or(int i, int j) const { return i == j ? 0 : pair_index(i, j); }

  /// Does `a` join everyone that `b` joins, where that matters?
  bool covered_back(const std::vector<Draft>& list, std::size_t b, std::size_t a) const {
    const int i = a_index(list);
    for (int j = 0; j < problem_.n; ++j) {
      if (i != j && list[b].choice.joins[at(j)] && !list[a].choice.joins[at(j)] &&
          problem_.lower[at(pair_index(i, j))] == 0) {
        return false;
      }
    }
    return true;
  }

  /// A pair that no choices let share a compartment is kept apart from the start.
  void tighten() {
    for (int i = 0; i < problem_.n; ++i) {
      for (int j = 0; j < i; ++j) {
        const auto some = [&](int a, int b) {
          return std::any_of(problem_.choices[at(a)].begin(), problem_.choices[at(a)].end(),
                             [&](const Choice& c) { return c.joins[at(b)]; });
        };
        if (!some(i, j) || !some(j, i)) raise(i, j, 1);
      }
    }
  }

  Decimal checked(const std::optional<Decimal>& value) {
    if (value) return *value;
    fits_ = false;
    return 0;
  }

  const Spec& spec_;
  bool keep_dominated_;
  bool fits_ = true;
  Problem problem_;
  std::vector<std::vector<Draft>> choices_;
};

/// Classes of "rung below limit", as the smallest member of each component's class.
std::vector<int> smallest_members(const Problem& p, const std::vector<int>& rungs, int limit) {
  std::vector<int> first(at(p.n));
  for (int i = 0; i < p.n; ++i) {
    first[at(i)] = i;
    for (int j = 0; j < i; ++j) {
      if (rungs[at(pair_index(i, j))] < limit) {
        first[at(i)] = first[at(j)];
        break;
      }
    }
  }
  return first;
}

}  // namespace

Built build_problem(const Spec& spec, bool keep_dominated) {
  return Builder(spec, keep_dominated).build();
}

bool gates_grow(const Problem& problem) {
  return std::all_of(problem.cost.begin(), problem.cost.end(), [](const auto& by_rung) {
    return std::is_sorted(by_rung.begin(), by_rung.end());
  });
}

Problem relax(const Problem& problem, bool with_keys, bool with_vms) {
  Problem relaxed = problem;
  if (!with_keys) relaxed.keys.reset();
  if (!with_vms) relaxed.vms.reset();
  if (!gates_grow(problem)) return relaxed;
  for (int m = problem.rungs() - 1; m >= 2; --m) {
    const bool asked =
        std::find(relaxed.lower.begin(), relaxed.lower.end(), m) != relaxed.lower.end();
    const bool parts_spaces = m >= relaxed.space_rungs && m - 1 < relaxed.space_rungs;
    if (asked || (with_keys && parts_spaces)) continue;
    relaxed.levels.erase(relaxed.levels.begin() + m);
    for (int p = 0; p < relaxed.pairs(); ++p) {
      relaxed.cost[at(p)].erase(relaxed.cost[at(p)].begin() + m);
      if (relaxed.lower[at(p)] > m) --relaxed.lower[at(p)];
      if (relaxed.upper[at(p)] >= m) --relaxed.upper[at(p)];
    }
    if (relaxed.space_rungs > m) --relaxed.space_rungs;
    if (relaxed.vm_rungs > m) --relaxed.vm_rungs;
  }
  return relaxed;
}

Assignment lift(const Problem& problem, const Problem& relaxed, const Assignment& assignment) {
  Assignment lifted = assignment;
  for (int& rung : lifted.rungs) {
    const auto found =
        std::find(problem.levels.begin(), problem.levels.end(), relaxed.levels[at(rung)]);
    rung = static_cast<int>(found - problem.levels.begin());
  }
  return lifted;
}

Check check(const Problem& p, const Assignment& a) {
  Check result;
  for (int i = 0; i < p.n; ++i) {
    const Choice& mine = p.choices[at(i)][at(a.choices[at(i)])];
    result.cost += mine.cost;
    for (int j = 0; j < i; ++j) {
      const int ij = pair_index(i, j);
      const int rung = a.rungs[at(ij)];
      if (rung < p.lower[at(ij)] || rung > p.upper[at(ij)]) result.levels = false;
      if (rung == 0 &&
          (!mine.joins[at(j)] || !p.choices[at(j)][at(a.choices[at(j)])].joins[at(i)])) {
        result.levels = false;
      }
      result.cost += p.cost[at(ij)][at(rung)];
      for (int k = 0; k < p.n; ++k) {
        if (k == i || k == j) continue;
        if (rung > std::max(a.rungs[at(pair_index(i, k))], a.rungs[at(pair_index(j, k))])) {
          result.levels = false;
        }
      }
    }
  }
  if (p.budget && result.cost > *p.budget) result.levels = false;
  const std::vector<int> compartment = smallest_members(p, a.rungs, 1);
  const std::vector<int> space = smallest_members(p, a.rungs, p.space_rungs);
  const std::vector<int> vm = smallest_members(p, a.rungs, p.vm_rungs);
  std::vector<int> keys(at(p.n));
  int vms = 0;
  for (int i = 0; i < p.n; ++i) {
    if (compartment[at(i)] == i) ++keys[at(space[at(i)])];
    if (vm[at(i)] == i) ++vms;
  }
  if (p.keys && *std::max_element(keys.begin(), keys.end()) > *p.keys) result.keys = false;
  if (p.vms && vms > *p.vms) result.vms = false;
  return result;
}

Configuration to_configuration(const Spec& spec, const Problem& problem,
                               const Assignment& assignment) {
  Configuration c;
  for (const int rung : assignment.rungs) c.levels.push_back(problem.levels[at(rung)]);
  for (int i = 0; i < spec.size(); ++i) {
    const Choice& choice = problem.choices[at(i)][at(assignment.choices[at(i)])];
    c.hardening.push_back(choice.hardening);
    c.variants.push_back(static_cast<std::uint8_t>(choice.variant));
  }
  return c;
}

Problem coarsen(const Problem& problem, std::int64_t divisor, bool up) {
  Problem coarse = problem;
  const auto divide = [&](std::int64_t& cost) { cost = (cost + (up ? divisor - 1 : 0)) / divisor; };
  for (auto& by_rung : coarse.cost) {
    for (std::int64_t& cost : by_rung) divide(cost);
  }
  for (auto& list : coarse.choices) {
    for (Choice& c : list) divide(c.cost);
  }
  if (coarse.budget) *coarse.budget /= divisor;
  coarse.unit *= static_cast<double>(divisor);
  return coarse;
}

std::int64_t worst_cost(const Problem& problem) {
  std::int64_t sum = 0;
  for (const auto& by_rung : problem.cost) {
    sum += *std::max_element(by_rung.begin(), by_rung.end());
  }
  for (const auto& list : problem.choices) {
    std::int64_t most = list.front().cost;
    for (const Choice& c : list) most = std::max(most, c.cost);
    sum += most;
  }
  return sum;
}

}  // namespace flexos::bench
