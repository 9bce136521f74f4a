#include "solver/instance.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "solver/behavior.h"

namespace flexos {

namespace {

constexpr std::size_t kMaxOptions = 65536;

std::size_t at(int i) { return static_cast<std::size_t>(i); }

/// Decimal arithmetic that remembers whether anything left 128 bits.
class Checked {
 public:
  Decimal mul(const Decimal& a, const Decimal& b) { return keep(multiply(a, b)); }
  Decimal sub(const Decimal& a, const Decimal& b) { return keep(subtract(a, b)); }
  Units scaled(const Decimal& d, int scale) {
    const auto value = d.scaled(scale);
    if (!value || *value > kLimit || *value < -kLimit) {
      overflow_ = true;
      return 0;
    }
    return *value;
  }
  bool overflow() const { return overflow_; }

 private:
  // Sums of up to 200^2 terms stay below 2^126.
  static constexpr Units kLimit = Units{1} << 110;
  Decimal keep(std::optional<Decimal> d) {
    if (d) return *d;
    overflow_ = true;
    return {};
  }
  bool overflow_ = false;
};

const Decimal& hardening_slowdown(const Component& component, const Hardening& hardening) {
  const auto own = component.slowdown.find(hardening.name);
  return own == component.slowdown.end() ? hardening.slowdown : own->second;
}

class Builder {
 public:
  explicit Builder(const Spec& spec) : spec_(spec) {}

  BuiltInstance build() {
    out_.n = spec_.size();
    out_.costs_known = spec_.profile.has_value();
    rungs();
    domains();
    options();
    if (!error_) classes();
    if (!error_) costs();
    if (!error_) risks();
    limits();
    BuiltInstance result{std::move(out_), std::nullopt};
    if (error_) result.error = InstanceError{*error_};
    return result;
  }

 private:
  struct RawOption {
    std::uint8_t variant;
    std::uint64_t hardening;
    EffectiveBehavior behavior;
    Decimal extra;     // factor - 1
    Decimal exposure;  // 1 - H
  };

  void rungs() {
    out_.levels.push_back(0);
    for (std::size_t l = 1; l < spec_.mechanisms.size(); ++l) {
      if (spec_.explored_mechanisms[l]) out_.levels.push_back(static_cast<Level>(l));
    }
  }

  /// The lowest rung of at least `level`; one past the top where there is none.
  Rung rung_at_least(Level level) const {
    return static_cast<Rung>(std::lower_bound(out_.levels.begin(), out_.levels.end(), level) -
                             out_.levels.begin());
  }

  void raise(const std::array<int, 2>& pair, Rung rung) {
    Rung& low = out_.lower[at(pair_index(pair[0], pair[1]))];
    low = std::max(low, rung);
  }

  void domains() {
    const auto pairs = at(pair_count(out_.n));
    const Rung floor = spec_.explored_mechanisms[0] ? Rung{0} : Rung{1};
    out_.lower.assign(pairs, floor);
    out_.upper.assign(pairs, out_.top_rung());
    for (const Statement& s : spec_.statements) {
      for (const auto& pair : s.pairs) {
        if (s.kind == StatementKind::isolate ||
            (s.kind == StatementKind::protect && s.level.has_value())) {
          raise(pair, rung_at_least(*s.level));
        } else if (s.kind == StatementKind::together) {
          out_.upper[at(pair_index(pair[0], pair[1]))] = 0;
        } else if (s.kind == StatementKind::fix_level) {
          const Rung rung = rung_at_least(*s.level);
          const bool known = rung < out_.levels.size() && out_.levels[rung] == *s.level &&
                             (rung > 0 || spec_.explored_mechanisms[0]);
          if (!known) out_.infeasible = true;
          raise(pair, rung);
          Rung& high = out_.upper[at(pair_index(pair[0], pair[1]))];
          high = std::min(high, rung);
        }
      }
    }
    for (std::size_t p = 0; p < pairs; ++p) {
      if (out_.lower[p] > out_.upper[p]) out_.infeasible = true;
    }
  }

  /// Bits of the hardenings named, and whether all of them are defined.
  std::uint64_t hardening_bits(const std::vector<std::string>& names) const {
    std::uint64_t bits = 0;
    for (std::size_t h = 0; h < spec_.hardening.size(); ++h) {
      if (std::find(names.begin(), names.end(), spec_.hardening[h].name) != names.end()) {
        bits |= std::uint64_t{1} << h;
      }
    }
    return bits;
  }

  void options() {
    raw_.resize(at(out_.n));
    std::vector<std::uint64_t> excluded(spec_.hardening.size(), 0);
    std::uint64_t explored = 0;
    for (std::size_t h = 0; h < spec_.hardening.size(); ++h) {
      if (spec_.explored_hardening[h]) explored |= std::uint64_t{1} << h;
      for (std::size_t g = 0; g < spec_.hardening.size(); ++g) {
        const auto& names = spec_.hardening[h].excludes;
        if (std::find(names.begin(), names.end(), spec_.hardening[g].name) != names.end()) {
          excluded[h] |= std::uint64_t{1} << g;
          excluded[g] |= std::uint64_t{1} << h;
        }
      }
    }
    for (int i = 0; i < out_.n && !error_; ++i) component_options(i, explored, excluded);
  }

  void component_options(int i, std::uint64_t explored,
                         const std::vector<std::uint64_t>& excluded) {
    const Component& component = spec_.components[at(i)];
    const std::uint64_t allowed = explored & hardening_bits(component.allowed_hardening);
    std::uint64_t must = 0;
    std::optional<std::uint64_t> exact;
    bool contradiction = false;
    std::vector<bool> variant_ok(component.variants.size(), true);
    for (const Statement& s : spec_.statements) {
      if (std::find(s.components.begin(), s.components.end(), i) == s.components.end()) continue;
      if (s.kind == StatementKind::harden) must |= hardening_bits(s.names);
      if (s.kind == StatementKind::fix_harden) {
        const std::uint64_t bits = hardening_bits(s.names);
        if (exact && *exact != bits) contradiction = true;
        exact = bits;
      }
      if (s.kind == StatementKind::fix_variant) {
        for (std::size_t v = 0; v < variant_ok.size(); ++v) {
          if (component.variants[v].name != s.names.front()) variant_ok[v] = false;
        }
      }
    }
    std::vector<int> free;
    for (std::size_t h = 0; h < spec_.hardening.size(); ++h) {
      if ((allowed >> h & 1U) != 0) free.push_back(static_cast<int>(h));
    }
    Checked checked;
    std::vector<std::uint64_t> sets;
    if (exact) {
      if ((*exact & ~allowed) == 0) sets.push_back(*exact);
    } else if (free.size() <= 16) {
      for (std::uint64_t pick = 0; pick < (std::uint64_t{1} << free.size()); ++pick) {
        std::uint64_t bits = 0;
        for (std::size_t k = 0; k < free.size(); ++k) {
          if ((pick >> k & 1U) != 0) bits |= std::uint64_t{1} << free[k];
        }
        sets.push_back(bits);
      }
    } else {
      error_ = "component `" + component.name +
               "` has more than 16 hardenings to choose from; narrow `explore.hardening` or its "
               "`hardening.allow`";
      return;
    }
    auto& raw = raw_[at(i)];
    for (std::size_t v = 0; v < component.variants.size(); ++v) {
      if (!variant_ok[v] || contradiction) continue;
      for (const std::uint64_t bits : sets) {
        if ((bits & must) != must) continue;
        bool excludes = false;
        for (std::size_t h = 0; h < spec_.hardening.size(); ++h) {
          if ((bits >> h & 1U) != 0 && (bits & excluded[h]) != 0) excludes = true;
        }
        if (excludes) continue;
        Decimal factor = component.variants[v].slowdown;
        Decimal exposure = component.variants[v].verified ? *Decimal::parse("0.1") : Decimal(1);
        for (std::size_t h = 0; h < spec_.hardening.size(); ++h) {
          if ((bits >> h & 1U) == 0) continue;
          factor = checked.mul(factor, hardening_slowdown(component, spec_.hardening[h]));
          exposure = checked.mul(exposure, open_fraction(spec_.hardening[h].strength));
        }
        raw.push_back({static_cast<std::uint8_t>(v), bits,
                       effective_behavior(spec_, i, static_cast<int>(v), bits),
                       checked.sub(factor, 1), exposure});
      }
    }
    if (raw.empty()) out_.infeasible = true;
    if (raw.size() > kMaxOptions || checked.overflow()) {
      error_ = "component `" + component.name + "` has factors too precise or options too many";
    }
  }

  static Decimal open_fraction(const Decimal& strength_per_cent) {
    // (100 - s) / 100, exactly.
    const auto left = subtract(Decimal(100), strength_per_cent);
    return *Decimal::make(left->units(), left->scale() + 2);
  }

  /// Groups options by what every other component sees of them.
  void classes() {
    const int n = out_.n;
    out_.classes.resize(at(n));
    out_.co_resident.assign(at(n * n), 0);
    class_of_.resize(at(n));
    const CoResidency co_residency(spec_);
    for (int i = 0; i < n; ++i) {
      std::map<std::vector<bool>, int> known;
      std::vector<std::vector<bool>> signatures;
      // Many hardening sets leave the same behaviour: ask once for each.
      std::vector<std::pair<EffectiveBehavior, int>> behaviors;
      for (const RawOption& option : raw_[at(i)]) {
        const auto asked = std::find_if(behaviors.begin(), behaviors.end(), [&](const auto& entry) {
          return entry.first == option.behavior;
        });
        if (asked != behaviors.end()) {
          class_of_[at(i)].push_back(asked->second);
          continue;
        }
        std::vector<bool> seen(at(n), true);
        for (int j = 0; j < n; ++j) {
          if (j != i) seen[at(j)] = co_residency.may_join(i, option.behavior, j);
        }
        auto [entry, fresh] = known.try_emplace(seen, static_cast<int>(signatures.size()));
        if (fresh) signatures.push_back(seen);
        behaviors.emplace_back(option.behavior, entry->second);
        class_of_[at(i)].push_back(entry->second);
      }
      if (signatures.size() > 64) {
        error_ = "component `" + spec_.components[at(i)].name +
                 "` has more than 64 different behaviours after hardening";
        return;
      }
      out_.classes[at(i)].resize(signatures.size());
      for (int j = 0; j < n; ++j) {
        ClassMask mask = 0;
        for (std::size_t c = 0; c < signatures.size(); ++c) {
          if (signatures[c][at(j)]) mask |= ClassMask{1} << c;
        }
        out_.co_resident[at(i * n + j)] = mask;
      }
    }
    // What no option allows is a hard boundary.
    for (int i = 0; i < n; ++i) {
      for (int j = 0; j < n; ++j) {
        if (i != j && out_.co_resident[at(i * n + j)] == 0) raise({i, j}, 1);
      }
    }
    for (std::size_t p = 0; p < out_.pairs(); ++p) {
      if (out_.lower[p] > out_.upper[p]) out_.infeasible = true;
    }
  }

  void costs() {
    const int n = out_.n;
    Checked checked;
    const auto levels = out_.levels.size();
    std::vector<std::vector<Decimal>> gate(out_.pairs(), std::vector<Decimal>(levels));
    std::vector<std::vector<Decimal>> work(at(n));
    Decimal base;
    std::optional<Decimal> budget;
    int scale = 0;
    const auto see = [&](const Decimal& d) { scale = std::max(scale, d.scale()); };
    for (int i = 0; i < n; ++i) work[at(i)].resize(raw_[at(i)].size());
    if (spec_.profile) {
      for (const auto& [pair, calls] : spec_.profile->calls) {
        if (pair[0] == pair[1]) continue;
        auto& row = gate[at(pair_index(pair[0], pair[1]))];
        for (std::size_t r = 0; r < levels; ++r) {
          const auto sum = add(row[r], checked.mul(calls, gate_cost(spec_, out_.levels[r])));
          if (sum) row[r] = *sum;
        }
      }
      for (const auto& [pair, copy] : spec_.profile->copy) {
        if (pair[0] == pair[1] || spec_.sharing != Sharing::copy) continue;
        auto& row = gate[at(pair_index(pair[0], pair[1]))];
        for (std::size_t r = 0; r < levels; ++r) {
          const auto sum = add(row[r], copy);
          if (sum && out_.levels[r] > 0) row[r] = *sum;
        }
      }
      for (int i = 0; i < n; ++i) {
        for (std::size_t o = 0; o < raw_[at(i)].size(); ++o) {
          work[at(i)][o] = checked.mul(spec_.profile->work[at(i)], raw_[at(i)][o].extra);
          see(work[at(i)][o]);
        }
      }
      base = spec_.profile->base;
      for (const Statement& s : spec_.statements) {
        if (s.kind != StatementKind::budget_slowdown) continue;
        const Decimal limit = checked.mul(base, checked.sub(s.decimal, 1));
        if (!budget || limit < *budget) budget = limit;
      }
      see(base);
      if (budget) see(*budget);
    }
    for (const auto& row : gate) {
      for (const Decimal& d : row) see(d);
    }
    // One common denominator, then the largest common factor out: small exact integers.
    Units factor = 0;
    const auto whole = [&](const Decimal& d) {
      const Units units = checked.scaled(d, scale);
      factor = std::gcd(factor, units < 0 ? -units : units);
      return units;
    };
    out_.gate.assign(out_.pairs(), std::vector<Units>(levels, 0));
    for (std::size_t p = 0; p < out_.pairs(); ++p) {
      for (std::size_t r = 0; r < levels; ++r) out_.gate[p][r] = whole(gate[p][r]);
    }
    std::vector<std::vector<Units>> extra(at(n));
    for (int i = 0; i < n; ++i) {
      for (const Decimal& d : work[at(i)]) extra[at(i)].push_back(whole(d));
    }
    Units budget_units = budget ? checked.scaled(*budget, scale) : -1;
    const Units base_units = checked.scaled(base, scale);
    if (factor == 0) factor = 1;
    for (auto& row : out_.gate) {
      for (Units& u : row) u /= factor;
    }
    for (auto& row : extra) {
      for (Units& u : row) u /= factor;
    }
    out_.base = base_units / factor;
    out_.cost_scale = scale;
    out_.cost_factor = factor;
    if (budget) {
      // The budget is inclusive; costs are whole multiples of the factor.
      out_.budget = budget_units / factor;
    }
    for (int i = 0; i < n; ++i) {
      for (std::size_t o = 0; o < raw_[at(i)].size(); ++o) {
        const RawOption& raw = raw_[at(i)][o];
        out_.classes[at(i)][at(class_of_[at(i)][o])].options.push_back(
            {raw.variant, raw.hardening, extra[at(i)][o], 0});
      }
    }
    if (checked.overflow()) {
      error_ =
          "the profile's and factors' numbers are too precise together: more than 33 digits "
          "are needed for exact costs; round them";
    }
  }

  void risks() {
    const int n = out_.n;
    Checked checked;
    int weight_scale = 0;
    std::vector<Decimal> weight(at(n * n));
    for (int a = 0; a < n; ++a) {
      for (int v = 0; v < n; ++v) {
        if (a == v) continue;
        weight[at(a * n + v)] = checked.mul(spec_.risk[at(a)], spec_.asset[at(v)]);
        weight_scale = std::max(weight_scale, weight[at(a * n + v)].scale());
      }
    }
    out_.weight = to_integers(checked, weight, weight_scale);
    std::vector<Decimal> open;
    int open_scale = 0;
    for (const Level level : out_.levels) {
      open.push_back(open_fraction(spec_.mechanisms[level].strength));
      open_scale = std::max(open_scale, open.back().scale());
    }
    out_.openness = to_integers(checked, open, open_scale);
    std::vector<Decimal> exposure;
    int exposure_scale = 0;
    for (const auto& raw : raw_) {
      for (const RawOption& option : raw) {
        exposure.push_back(option.exposure);
        exposure_scale = std::max(exposure_scale, option.exposure.scale());
      }
    }
    exposure.emplace_back(1);
    const std::vector<Units> whole = to_integers(checked, exposure, exposure_scale);
    out_.full_exposure = whole.back();
    std::map<std::array<std::uint64_t, 2>, Units> by_option;
    std::size_t next = 0;
    for (int i = 0; i < n; ++i) {
      by_option.clear();
      for (const RawOption& raw : raw_[at(i)])
        by_option[{raw.variant, raw.hardening}] = whole[next++];
      for (OptionClass& option_class : out_.classes[at(i)]) {
        for (Option& option : option_class.options) {
          option.exposure = by_option[{option.variant, option.hardening}];
        }
        std::sort(option_class.options.begin(), option_class.options.end(),
                  [](const Option& a, const Option& b) {
                    return std::tie(a.cost, a.exposure, a.variant, a.hardening) <
                           std::tie(b.cost, b.exposure, b.variant, b.hardening);
                  });
      }
    }
    Units total = 0;
    for (const Units w : out_.weight) total += w;
    Units most = 0;
    bool fits = !__builtin_mul_overflow(
        total, *std::max_element(out_.openness.begin(), out_.openness.end()), &most);
    fits = fits && !__builtin_mul_overflow(most, out_.full_exposure, &most);
    if (!fits || most > (Units{1} << 120) || checked.overflow()) {
      error_ = "weights and strengths are too precise together for exact risks; round them";
    }
  }

  static std::vector<Units> to_integers(Checked& checked, const std::vector<Decimal>& values,
                                        int scale) {
    std::vector<Units> result;
    Units factor = 0;
    for (const Decimal& d : values) {
      result.push_back(checked.scaled(d, scale));
      factor = std::gcd(factor, result.back());
    }
    if (factor > 1) {
      for (Units& u : result) u /= factor;
    }
    return result;
  }

  void limits() {
    const auto below = [&](Level boundary) {
      return static_cast<int>(std::lower_bound(out_.levels.begin(), out_.levels.end(), boundary) -
                              out_.levels.begin());
    };
    out_.address_space_rungs = below(spec_.pt);
    out_.vm_rungs = below(spec_.vm);
    out_.keys = spec_.hardware_keys;
    out_.vms = spec_.hardware_vms.value_or(0);
    for (const Statement& s : spec_.statements) {
      const int value = static_cast<int>(std::min<std::int64_t>(s.integer, 1 << 20));
      if (s.kind == StatementKind::budget_keys) out_.keys = std::min(out_.keys, value);
      if (s.kind == StatementKind::budget_vms) {
        out_.vms = out_.vms == 0 ? value : std::min(out_.vms, value);
      }
      if (s.kind == StatementKind::budget_memory) {
        out_.memory_budget =
            out_.memory_budget < 0 ? s.integer : std::min(out_.memory_budget, s.integer);
      }
    }
    for (const Component& component : spec_.components) {
      out_.memory_base += component.size.value_or(0);
    }
    for (const Level level : out_.levels) {
      out_.memory.push_back(spec_.mechanisms[level].memory);
    }
  }

  const Spec& spec_;
  Instance out_;
  std::optional<std::string> error_;
  std::vector<std::vector<RawOption>> raw_;
  std::vector<std::vector<int>> class_of_;
};

int count_classes(const Instance& instance, const std::vector<Rung>& rungs, int below) {
  // A component opens a class iff no earlier one is in it.
  int count = 0;
  for (int i = 0; i < instance.n; ++i) {
    bool fresh = true;
    for (int j = 0; j < i && fresh; ++j) fresh = rungs[at(pair_index(i, j))] >= below;
    if (fresh) ++count;
  }
  return count;
}

}  // namespace

BuiltInstance build_instance(const Spec& spec) { return Builder(spec).build(); }

Configuration to_configuration(const Instance& instance, const Solution& solution) {
  Configuration c;
  c.levels.reserve(solution.rungs.size());
  for (const Rung rung : solution.rungs) c.levels.push_back(instance.levels[rung]);
  for (std::size_t i = 0; i < solution.options.size(); ++i) {
    const auto& [option_class, index] = solution.options[i];
    const Option& option = instance.classes[i][at(option_class)].options[at(index)];
    c.hardening.push_back(option.hardening);
    c.variants.push_back(option.variant);
  }
  return c;
}

Units cost_of(const Instance& instance, const Solution& solution) {
  Units cost = 0;
  for (std::size_t p = 0; p < instance.pairs(); ++p) cost += instance.gate[p][solution.rungs[p]];
  for (std::size_t i = 0; i < solution.options.size(); ++i) {
    const auto& [option_class, index] = solution.options[i];
    cost += instance.classes[i][at(option_class)].options[at(index)].cost;
  }
  return cost;
}

Units risk_of(const Instance& instance, const Solution& solution) {
  Units risk = 0;
  for (int a = 0; a < instance.n; ++a) {
    Units open = 0;
    for (int v = 0; v < instance.n; ++v) {
      if (a == v) continue;
      open += instance.weight[at(a * instance.n + v)] *
              instance.openness[solution.rungs[at(pair_index(a, v))]];
    }
    const auto& [option_class, index] = solution.options[at(a)];
    risk += open * instance.classes[at(a)][at(option_class)].options[at(index)].exposure;
  }
  return risk;
}

bool within_limits(const Instance& instance, const std::vector<Rung>& rungs) {
  const int n = instance.n;
  // Compartments in each address space: count class openers next to the space's smallest member.
  std::vector<int> compartments(at(n), 0);
  for (int i = 0; i < n; ++i) {
    bool opens = true;
    int space = i;
    for (int j = i - 1; j >= 0; --j) {
      const Rung rung = rungs[at(pair_index(i, j))];
      if (rung == 0) opens = false;
      if (rung < instance.address_space_rungs) space = j;
    }
    if (opens && ++compartments[at(space)] > instance.keys) return false;
  }
  if (instance.vms > 0 && count_classes(instance, rungs, instance.vm_rungs) > instance.vms) {
    return false;
  }
  if (instance.memory_budget >= 0) {
    std::int64_t memory = instance.memory_base;
    for (std::size_t r = 1; r < instance.levels.size(); ++r) {
      const int r_int = static_cast<int>(r);
      memory += instance.memory[r] *
                (count_classes(instance, rungs, r_int) - count_classes(instance, rungs, r_int + 1));
    }
    if (memory > instance.memory_budget) return false;
  }
  return true;
}

double cycles(const Instance& instance, Units cost) {
  return static_cast<double>(static_cast<long double>(cost) *
                             static_cast<long double>(instance.cost_factor) /
                             static_cast<long double>(power_of_ten(instance.cost_scale)));
}

}  // namespace flexos
