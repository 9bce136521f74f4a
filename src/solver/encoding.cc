#include "solver/encoding.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "model/order.h"

namespace flexos {

namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

/// Z3's pseudo-Boolean coefficients are C ints and overflow silently.
constexpr __int128 kMostWeight = __int128{1} << 30;

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// What the boundary between two components costs, both directions; nullopt: out of range.
std::optional<Decimal> between(const Spec& spec, int i, int j, int level) {
  Decimal calls;
  Decimal copying;
  for (const auto& direction : {std::array<int, 2>{i, j}, std::array<int, 2>{j, i}}) {
    const auto found = spec.profile->calls.find(direction);
    if (found != spec.profile->calls.end()) calls = add(calls, found->second).value_or(Decimal{});
    const Decimal copy = level == 0 ? Decimal{} : copy_cost(spec, direction[0], direction[1]);
    copying = add(copying, copy).value_or(Decimal{});
  }
  const auto gates = multiply(calls, gate_cost(spec, static_cast<Level>(level)));
  return gates ? add(*gates, copying) : std::nullopt;
}

/// What it costs more at a level than at the one below; the lowest one as a whole.
std::optional<Decimal> step_between(const Spec& spec, int i, int j, int level) {
  const auto here = between(spec, i, j, level);
  const auto below = level == 0 ? Decimal{} : between(spec, i, j, level - 1);
  return here && below ? subtract(*here, *below) : std::nullopt;
}

/// Does the list name f? `component.*` stands for what the component's api has.
bool names_function(const Spec& spec, const std::vector<FunctionRef>& list, const FunctionRef& f) {
  return std::any_of(list.begin(), list.end(), [&](const FunctionRef& g) {
    if (g.component != f.component) return false;
    if (g.function != "*" || f.function == "*") return g.function == f.function;
    return std::any_of(spec.components.begin(), spec.components.end(), [&](const Component& c) {
      return c.name == f.component &&
             std::any_of(c.api.begin(), c.api.end(),
                         [&](const EntryPoint& entry) { return entry.name == f.function; });
    });
  });
}

}  // namespace

Encoding::Encoding(z3::context& context, const Spec& spec, bool triangles)
    : context_(context),
      spec_(spec),
      n_(spec.size()),
      top_(static_cast<int>(spec.mechanisms.size()) - 1),
      solver_(context, z3::solver::simple()) {
  levels();
  if (triangles) {
    for (int level = 1; level <= top_; ++level) {
      for (int i = 0; i < n_; ++i) {
        for (int j = i + 1; j < n_; ++j) {
          for (int k = j + 1; k < n_; ++k) triangle(i, j, k, level);
        }
      }
    }
  }
  options();
  statements();
  compatibility();
  limits();
}

z3::expr Encoding::apart(int i, int j, int level) const {
  if (level <= 0) return context_.bool_val(true);
  if (level > top_) return context_.bool_val(false);
  return apart_[at(pair_index(i, j))][at(level - 1)];
}

void Encoding::levels() {
  for (int i = 0; i < n_; ++i) {
    for (int j = 0; j < i; ++j) {
      std::vector<z3::expr> row;
      for (int level = 1; level <= top_; ++level) {
        const std::string name = "apart_" + std::to_string(i) + "_" + std::to_string(j) + "_" +
                                 spec_.mechanisms[at(level)].name;
        row.push_back(context_.bool_const(name.c_str()));
      }
      // A level that is not explored is no level: "at least it" means "at least the next".
      for (int level = top_; level >= 1; --level) {
        if (spec_.explored_mechanisms[at(level)]) continue;
        row[at(level - 1)] = level == top_ ? context_.bool_val(false) : row[at(level)];
      }
      apart_.push_back(std::move(row));
      if (!spec_.explored_mechanisms[0]) solver_.add(apart(i, j, 1));
      for (int level = 2; level <= top_; ++level) {
        if (spec_.explored_mechanisms[at(level - 1)]) {
          solver_.add(z3::implies(apart(i, j, level), apart(i, j, level - 1)));
        }
      }
    }
  }
}

void Encoding::triangle(int i, int j, int k, int level) {
  if (!spec_.explored_mechanisms[at(level)]) return;  // the next level has it
  const z3::expr ij = apart(i, j, level);
  const z3::expr jk = apart(j, k, level);
  const z3::expr ik = apart(i, k, level);
  solver_.add(!ij || jk || ik);
  solver_.add(!jk || ij || ik);
  solver_.add(!ik || ij || jk);
}

void Encoding::options() {
  for (int i = 0; i < n_; ++i) {
    const Component& component = spec_.components[at(i)];
    std::vector<z3::expr> has;
    for (const Hardening& h : spec_.hardening) {
      has.push_back(context_.bool_const(("has_" + std::to_string(i) + "_" + h.name).c_str()));
    }
    std::vector<z3::expr> is;
    for (const Variant& v : component.variants) {
      is.push_back(context_.bool_const(("is_" + std::to_string(i) + "_" + v.name).c_str()));
    }
    std::vector<int> free;
    for (std::size_t h = 0; h < spec_.hardening.size(); ++h) {
      if (spec_.explored_hardening[h] &&
          contains(component.allowed_hardening, spec_.hardening[h].name)) {
        free.push_back(static_cast<int>(h));
      } else {
        solver_.add(!has[h]);
      }
      for (std::size_t g = 0; g < spec_.hardening.size(); ++g) {
        if (contains(spec_.hardening[h].excludes, spec_.hardening[g].name)) {
          solver_.add(!has[h] || !has[g]);
        }
      }
    }
    std::vector<Option> list;
    z3::expr_vector literals(context_);
    for (std::size_t v = 0; v < component.variants.size(); ++v) {
      for (std::uint64_t pick = 0; pick < (std::uint64_t{1} << free.size()); ++pick) {
        Option option{static_cast<std::uint8_t>(v), 0, {}};
        Decimal factor = component.variants[v].slowdown;
        for (std::size_t k = 0; k < free.size(); ++k) {
          if ((pick >> k & 1U) == 0) continue;
          const auto h = at(free[k]);
          option.hardening |= std::uint64_t{1} << h;
          const auto own = component.slowdown.find(spec_.hardening[h].name);
          factor = multiply(factor, own == component.slowdown.end() ? spec_.hardening[h].slowdown
                                                                    : own->second)
                       .value_or(Decimal{});
        }
        if (spec_.profile) {
          const auto extra = subtract(factor, 1);
          if (extra) {
            option.cost = multiply(spec_.profile->work[at(i)], *extra).value_or(Decimal{});
          }
        }
        const z3::expr literal = context_.bool_const(
            ("option_" + std::to_string(i) + "_" + std::to_string(list.size())).c_str());
        for (const int h : free) {
          const bool used = (option.hardening >> at(h) & 1U) != 0;
          solver_.add(!literal || (used ? has[at(h)] : !has[at(h)]));
        }
        for (std::size_t w = 0; w < component.variants.size(); ++w) {
          solver_.add(!literal || (w == v ? is[w] : !is[w]));
        }
        literals.push_back(literal);
        list.push_back(option);
      }
    }
    // At most one follows: two options differ in a bit that both fix.
    solver_.add(z3::mk_or(literals));
    std::vector<z3::expr> row;
    for (unsigned k = 0; k < literals.size(); ++k) row.push_back(literals[static_cast<int>(k)]);
    option_.push_back(std::move(row));
    options_.push_back(std::move(list));
    has_.push_back(std::move(has));
    is_.push_back(std::move(is));
  }
}

z3::expr Encoding::reads_any(int i, bool writes) {
  z3::expr_vector declared(context_);
  z3::expr_vector tamed(context_);
  const auto& variants = spec_.components[at(i)].variants;
  for (std::size_t v = 0; v < variants.size(); ++v) {
    const Regions& r = writes ? variants[v].behavior.writes : variants[v].behavior.reads;
    if (r.any) declared.push_back(is_[at(i)][v]);
  }
  for (std::size_t h = 0; h < spec_.hardening.size(); ++h) {
    const auto& to = writes ? spec_.hardening[h].writes : spec_.hardening[h].reads;
    if (to && !to->any) tamed.push_back(has_[at(i)][h]);
  }
  return z3::mk_or(declared) && !z3::mk_or(tamed);
}

z3::expr Encoding::touches_shared(int i, bool writes) {
  // Declared so, or what every taming hardening in use leaves of "*".
  z3::expr_vector declared(context_);
  z3::expr_vector unbounded(context_);
  const auto& variants = spec_.components[at(i)].variants;
  for (std::size_t v = 0; v < variants.size(); ++v) {
    const Regions& r = writes ? variants[v].behavior.writes : variants[v].behavior.reads;
    if (r.any) unbounded.push_back(is_[at(i)][v]);
    if (!r.any && r.shared) declared.push_back(is_[at(i)][v]);
  }
  z3::expr_vector withheld(context_);
  for (std::size_t h = 0; h < spec_.hardening.size(); ++h) {
    const auto& to = writes ? spec_.hardening[h].writes : spec_.hardening[h].reads;
    if (to && !to->any && !to->shared) withheld.push_back(has_[at(i)][h]);
  }
  return z3::mk_or(declared) || (z3::mk_or(unbounded) && !z3::mk_or(withheld));
}

z3::expr Encoding::calls_any(int i) {
  z3::expr_vector declared(context_);
  z3::expr_vector tamed(context_);
  const auto& variants = spec_.components[at(i)].variants;
  for (std::size_t v = 0; v < variants.size(); ++v) {
    if (variants[v].behavior.calls.any) declared.push_back(is_[at(i)][v]);
  }
  for (std::size_t h = 0; h < spec_.hardening.size(); ++h) {
    const Hardening& hardening = spec_.hardening[h];
    if (hardening.calls_graph || (hardening.calls && !hardening.calls->any)) {
      tamed.push_back(has_[at(i)][h]);
    }
  }
  return z3::mk_or(declared) && !z3::mk_or(tamed);
}

z3::expr Encoding::calls_function(int i, const FunctionRef& f) {
  // "*" is judged by calls_any; here: is f on the list that holds?
  z3::expr_vector listed(context_);
  z3::expr_vector unbounded(context_);
  const Component& component = spec_.components[at(i)];
  for (std::size_t v = 0; v < component.variants.size(); ++v) {
    const Calls& calls = component.variants[v].behavior.calls;
    if (calls.any) unbounded.push_back(is_[at(i)][v]);
    if (!calls.any && names_function(spec_, calls.functions, f)) listed.push_back(is_[at(i)][v]);
  }
  z3::expr_vector withheld(context_);
  for (std::size_t h = 0; h < spec_.hardening.size(); ++h) {
    const Hardening& hardening = spec_.hardening[h];
    const bool restricts = hardening.calls_graph || (hardening.calls && !hardening.calls->any);
    if (!restricts) continue;
    const auto& kept = hardening.calls_graph ? component.call_graph : hardening.calls->functions;
    if (!names_function(spec_, kept, f)) withheld.push_back(has_[at(i)][h]);
  }
  return z3::mk_or(listed) || (z3::mk_or(unbounded) && !z3::mk_or(withheld));
}

z3::expr Encoding::joins_badly(int a, int b) {
  z3::expr_vector bad(context_);
  const Component& other = spec_.components[at(b)];
  for (const bool writes : {false, true}) {
    const auto& grant = writes ? other.grants.writes : other.grants.reads;
    if (!grant || grant->any) continue;
    if (!(grant->own && grant->shared)) bad.push_back(reads_any(a, writes));
    if (!grant->shared) bad.push_back(touches_shared(a, writes));
  }
  // Functions of b that somebody's lists may name.
  std::set<std::string> functions;
  for (const EntryPoint& entry : other.api) functions.insert(entry.name);
  const auto collect = [&](const std::vector<FunctionRef>& list) {
    for (const FunctionRef& f : list) {
      if (f.component == other.name && f.function != "*") functions.insert(f.function);
    }
  };
  const Component& self = spec_.components[at(a)];
  collect(self.call_graph);
  for (const Variant& v : self.variants) collect(v.behavior.calls.functions);
  for (const Hardening& h : spec_.hardening) {
    if (h.calls) collect(h.calls->functions);
  }
  if (other.grants.calls) {
    bad.push_back(calls_any(a));
    for (const std::string& f : functions) {
      if (!contains(*other.grants.calls, f)) bad.push_back(calls_function(a, {other.name, f}));
    }
  }
  for (const Statement& s : spec_.statements) {
    if (s.kind != StatementKind::protect || s.level) continue;
    const bool concerned = std::any_of(s.pairs.begin(), s.pairs.end(), [&](const auto& pair) {
      return pair[0] == a && pair[1] == b;
    });
    if (!concerned) continue;
    for (const Operation operation : s.operations) {
      if (operation != Operation::call) {
        bad.push_back(reads_any(a, operation == Operation::write));
        continue;
      }
      bad.push_back(calls_any(a));
      for (const std::string& f : functions) bad.push_back(calls_function(a, {other.name, f}));
    }
  }
  return z3::mk_or(bad);
}

void Encoding::compatibility() {
  for (int a = 0; a < n_; ++a) {
    for (int b = 0; b < n_; ++b) {
      if (a == b) continue;
      const z3::expr bad = joins_badly(a, b).simplify();
      if (!bad.is_false()) solver_.add(z3::implies(bad, apart(a, b, 1)));
    }
  }
}

void Encoding::statements() {
  for (const Statement& s : spec_.statements) {
    switch (s.kind) {
      case StatementKind::isolate:
      case StatementKind::protect:
        if (!s.level) break;
        for (const auto& pair : s.pairs) solver_.add(apart(pair[0], pair[1], *s.level));
        break;
      case StatementKind::together:
        for (const auto& pair : s.pairs) solver_.add(!apart(pair[0], pair[1], 1));
        break;
      case StatementKind::fix_level:
        for (const auto& pair : s.pairs) {
          solver_.add(apart(pair[0], pair[1], *s.level));
          solver_.add(!apart(pair[0], pair[1], *s.level + 1));
          if (!spec_.explored_mechanisms[*s.level]) solver_.add(context_.bool_val(false));
        }
        break;
      case StatementKind::harden:
      case StatementKind::fix_harden:
        for (const int i : s.components) {
          for (std::size_t h = 0; h < spec_.hardening.size(); ++h) {
            if (contains(s.names, spec_.hardening[h].name)) {
              solver_.add(has_[at(i)][h]);
            } else if (s.kind == StatementKind::fix_harden) {
              solver_.add(!has_[at(i)][h]);
            }
          }
        }
        break;
      case StatementKind::fix_variant:
        for (const int i : s.components) {
          const auto& variants = spec_.components[at(i)].variants;
          for (std::size_t v = 0; v < variants.size(); ++v) {
            if (variants[v].name != s.names.front()) solver_.add(!is_[at(i)][v]);
          }
        }
        break;
      default:
        break;  // budgets: limits(); explored sets and requirements: read from the spec
    }
  }
}

z3::expr Encoding::opens(int i, int level) {
  // i is the smallest member of its class of levels below `level`.
  z3::expr_vector all(context_);
  for (int j = 0; j < i; ++j) all.push_back(apart(i, j, level));
  return z3::mk_and(all);
}

void Encoding::limits() {
  int keys = spec_.hardware_keys;
  int vms = spec_.hardware_vms.value_or(0);
  std::optional<std::int64_t> memory;
  for (const Statement& s : spec_.statements) {
    if (s.kind == StatementKind::budget_keys) {
      keys = static_cast<int>(std::min<std::int64_t>(keys, s.integer));
    }
    if (s.kind == StatementKind::budget_vms) {
      const auto value = static_cast<int>(std::min<std::int64_t>(s.integer, n_));
      vms = vms == 0 ? value : std::min(vms, value);
    }
    if (s.kind == StatementKind::budget_memory) {
      memory = memory ? std::min(*memory, s.integer) : s.integer;
    }
  }
  if (n_ > keys) {
    for (int i = 0; i < n_; ++i) {
      z3::expr_vector here(context_);
      for (int k = 0; k < n_; ++k) {
        here.push_back(k == i ? opens(k, 1) : opens(k, 1) && !apart(i, k, spec_.pt));
      }
      solver_.add(z3::atmost(here, static_cast<unsigned>(keys)));
    }
  }
  if (vms > 0 && n_ > vms) {
    z3::expr_vector openers(context_);
    for (int i = 0; i < n_; ++i) openers.push_back(opens(i, spec_.vm));
    solver_.add(z3::atmost(openers, static_cast<unsigned>(vms)));
  }
  if (memory) {
    std::int64_t rest = *memory;
    for (const Component& c : spec_.components) rest -= c.size.value_or(0);
    std::vector<Term> terms;
    for (int level = 1; level <= top_; ++level) {
      const std::int64_t each = spec_.mechanisms[at(level)].memory;
      if (each == 0 || !spec_.explored_mechanisms[at(level)]) continue;
      // One more class below this level that is not one more class up to it.
      for (int i = 1; i < n_; ++i) {
        terms.emplace_back(opens(i, level) && !opens(i, level + 1), Decimal(each));
      }
    }
    require_sum_at_most(terms, Decimal(rest), false);
  }
}

std::vector<Encoding::Term> Encoding::cost_terms() const {
  std::vector<Term> terms;
  for (int i = 0; i < n_; ++i) {
    for (int j = 0; j < i; ++j) {
      for (int level = 0; level <= top_; ++level) {
        const auto step = step_between(spec_, i, j, level);
        if (step && *step != Decimal{}) terms.emplace_back(apart(i, j, level), *step);
      }
    }
    for (std::size_t o = 0; o < options_[at(i)].size(); ++o) {
      if (options_[at(i)][o].cost != Decimal{}) {
        terms.emplace_back(option_[at(i)][o], options_[at(i)][o].cost);
      }
    }
  }
  return terms;
}

bool Encoding::require_sum_at_most(const std::vector<Term>& terms, const Decimal& bound,
                                   bool strict) {
  int scale = bound.scale();
  for (const Term& t : terms) scale = std::max(scale, t.second.scale());
  __int128 limit = bound.scaled(scale).value_or(0);
  if (strict) limit -= 1;
  std::vector<std::pair<z3::expr, __int128>> units;
  for (const auto& [literal, weight] : terms) {
    units.emplace_back(literal, weight.scaled(scale).value_or(0));
  }
  return require_units_at_most(units, limit);
}

bool Encoding::require_units_at_most(const std::vector<std::pair<z3::expr, __int128>>& terms,
                                     __int128 limit) {
  // A negative weight counts what is absent instead.
  std::vector<std::pair<z3::expr, __int128>> whole;
  __int128 total = 0;
  for (const auto& [literal, units] : terms) {
    if (literal.is_true()) {
      limit -= units;
      continue;
    }
    if (literal.is_false() || units == 0) continue;
    if (units < 0) {
      limit -= units;
      whole.emplace_back(!literal, -units);
    } else {
      whole.emplace_back(literal, units);
    }
    total += whole.back().second;
  }
  if (limit < 0) {
    solver_.add(context_.bool_val(false));
    return true;
  }
  // A term that alone breaks the limit weighs no more than that.
  total = 0;
  for (auto& w : whole) {
    w.second = std::min(w.second, limit + 1);
    total += w.second;
  }
  __int128 divisor = limit + 1;
  for (const auto& w : whole) {
    __int128 a = divisor;
    __int128 b = w.second;
    while (b != 0) {
      const __int128 r = a % b;
      a = b;
      b = r;
    }
    divisor = a;
  }
  bool exact = true;
  // limit + 1 takes part in the gcd, so that "< limit + 1" divides without loss.
  if (total / divisor >= kMostWeight) {
    exact = false;
    divisor = total / kMostWeight + 1;
  }
  z3::expr_vector literals(context_);
  std::vector<int> weights;
  const __int128 most = exact ? (limit + 1) / divisor - 1 : limit / divisor;
  for (const auto& [literal, units] : whole) {
    const __int128 rounded = units / divisor;
    if (rounded == 0) continue;
    literals.push_back(literal);
    // A term that alone breaks the limit weighs no more than that.
    weights.push_back(static_cast<int>(std::min(rounded, most + 1)));
  }
  if (most < kMostWeight && !weights.empty()) {
    solver_.add(z3::pble(literals, weights.data(), static_cast<int>(most)));
  }
  return exact;
}

int Encoding::option_index(int i, std::uint8_t variant, std::uint64_t hardening) const {
  const auto& list = options_[at(i)];
  for (std::size_t o = 0; o < list.size(); ++o) {
    if (list[o].variant == variant && list[o].hardening == hardening) return static_cast<int>(o);
  }
  return -1;
}

z3::expr Encoding::helper(const char* name) {
  return context_.bool_const((std::string(name) + "_" + std::to_string(helpers_++)).c_str());
}

void Encoding::add_triangles_along(const WeightedCut& cut) {
  if (cut.pairs.size() < 2) return;
  const auto& [a, b] = cut.pairs[0];
  const auto& next = cut.pairs[1];
  const bool a_is_shared = a == next[0] || a == next[1];
  const int start = a_is_shared ? b : a;
  int end = a_is_shared ? a : b;
  for (std::size_t k = 1; k < cut.pairs.size(); ++k) {
    const auto& [x, y] = cut.pairs[k];
    if (x != end && y != end) break;
    const int after = x == end ? y : x;
    if (after != start) triangle(start, end, after, cut.level);
    end = after;
  }
}

bool Encoding::prove(const std::vector<WeightedCut>& cuts) {
  // One question for all: given `claim`, some lemma fails.
  const z3::expr claim = helper("claim");
  z3::expr_vector fails(context_);
  fails.push_back(!claim);
  for (const WeightedCut& cut : cuts) {
    if (cut.monotone) {
      if (cut.below > cut.level) return false;
      continue;
    }
    // Where the pairs form a path, the triangles along it are all it takes.
    add_triangles_along(cut);
    const z3::expr broken = helper("broken");
    for (const auto& [i, j] : cut.pairs) solver_.add(!broken || !apart(i, j, cut.level));
    for (const auto& [variant, hardening] : cut.options) {
      const int o = option_index(cut.u, variant, hardening);
      if (o >= 0) solver_.add(!broken || !option_[at(cut.u)][at(o)]);
    }
    fails.push_back(broken);
  }
  solver_.add(z3::mk_or(fails));
  z3::expr_vector assumed(context_);
  assumed.push_back(claim);
  constexpr int kRounds = 20;
  for (int round = 0; round < kRounds; ++round) {
    const z3::check_result verdict = solver_.check(assumed);
    if (verdict != z3::sat) return verdict == z3::unsat;
    if (add_violated_triangles(read(solver_.get_model())) == 0) return false;
  }
  return false;
}

z3::expr Encoding::surplus(const WeightedCut& cut) {
  const z3::expr paid = helper("surplus");
  if (cut.monotone) {
    const auto& [i, j] = cut.pairs[0];
    solver_.add(!apart(i, j, cut.below) || apart(i, j, cut.level) || paid);
    return paid;
  }
  std::vector<z3::expr> parts;
  for (const auto& [i, j] : cut.pairs) parts.push_back(apart(i, j, cut.level));
  if (!cut.options.empty()) {
    const z3::expr any = helper("hardened");
    for (const auto& [variant, hardening] : cut.options) {
      const int o = option_index(cut.u, variant, hardening);
      if (o >= 0) solver_.add(!option_[at(cut.u)][at(o)] || any);
    }
    parts.push_back(any);
  }
  for (std::size_t k = 0; k < parts.size(); ++k) {
    for (std::size_t l = 0; l < k; ++l) solver_.add(!parts[k] || !parts[l] || paid);
  }
  return paid;
}

void Encoding::require_weighted_cheaper(const Configuration& c,
                                        const std::vector<WeightedCut>& cuts, int scale) {
  // What the search ruled out at once may have more decimal places than its units.
  __int128 finer = 1;
  for (const Term& t : cost_terms()) {
    for (; scale < t.second.scale(); ++scale) finer *= 10;
  }
  const auto bar = cost(c).scaled(scale);
  if (!bar) return;
  __int128 limit = *bar - 1;
  // Literals by pair and level, and by option, so that cut and cost meet.
  std::map<std::array<int, 3>, __int128> pairs;
  std::vector<std::vector<__int128>> options(at(n_));
  for (int i = 0; i < n_; ++i) {
    for (const Option& option : options_[at(i)]) {
      const auto units = option.cost.scaled(scale);
      if (!units) return;
      options[at(i)].push_back(*units);
    }
    for (int j = 0; j < i; ++j) {
      for (int level = 0; level <= top_; ++level) {
        const auto step = step_between(spec_, i, j, level);
        if (step == Decimal{}) continue;
        const auto units = step ? step->scaled(scale) : std::nullopt;
        if (!units) return;
        if (level == 0) {
          limit -= *units;
        } else {
          pairs[{i, j, level}] += *units;
        }
      }
    }
  }
  for (const WeightedCut& cut : cuts) {
    const __int128 weight = cut.weight * finer;
    if (cut.monotone) {
      const int i = std::max(cut.pairs[0][0], cut.pairs[0][1]);
      const int j = std::min(cut.pairs[0][0], cut.pairs[0][1]);
      pairs[{i, j, cut.below}] -= weight;
      pairs[{i, j, cut.level}] += weight;
      continue;
    }
    limit -= weight;
    for (const auto& [i, j] : cut.pairs) {
      pairs[{std::max(i, j), std::min(i, j), cut.level}] -= weight;
    }
    for (const auto& [variant, hardening] : cut.options) {
      const int o = option_index(cut.u, variant, hardening);
      if (o >= 0) options[at(cut.u)][at(o)] -= weight;
    }
  }
  std::vector<std::pair<z3::expr, __int128>> terms;
  for (const auto& [key, units] : pairs) {
    terms.emplace_back(apart(key[0], key[1], key[2]), units);
  }
  for (const WeightedCut& cut : cuts) terms.emplace_back(surplus(cut), cut.weight * finer);
  for (int i = 0; i < n_; ++i) {
    // Exactly one option holds: the least is paid whichever it is.
    __int128 least = options[at(i)].front();
    for (const __int128 units : options[at(i)]) least = std::min(least, units);
    limit -= least;
    for (std::size_t o = 0; o < options[at(i)].size(); ++o) {
      terms.emplace_back(option_[at(i)][o], options[at(i)][o] - least);
    }
  }
  require_units_at_most(terms, limit);
}

Decimal Encoding::cost(const Configuration& c) const {
  Decimal sum;
  for (int i = 0; i < n_; ++i) {
    for (int j = 0; j < i; ++j) {
      const auto pair = between(spec_, i, j, c.level(i, j));
      if (pair) sum = add(sum, *pair).value_or(Decimal{});
    }
    for (const Option& option : options_[at(i)]) {
      if (option.variant == c.variants[at(i)] && option.hardening == c.hardening[at(i)]) {
        sum = add(sum, option.cost).value_or(Decimal{});
      }
    }
  }
  return sum;
}

bool Encoding::require_cheaper_than(const Configuration& c) {
  return require_sum_at_most(cost_terms(), cost(c), true);
}

void Encoding::require_budget() {
  if (!spec_.profile) return;
  for (const Statement& s : spec_.statements) {
    if (s.kind != StatementKind::budget_slowdown) continue;
    const auto limit = multiply(spec_.profile->base, subtract(s.decimal, 1).value_or(Decimal{}));
    if (limit) require_sum_at_most(cost_terms(), *limit, false);
  }
}

void Encoding::forbid(const Configuration& c) {
  z3::expr_vector differs(context_);
  for (int i = 0; i < n_; ++i) {
    for (int j = 0; j < i; ++j) {
      const int level = c.level(i, j);
      if (level > 0) differs.push_back(!apart(i, j, level));
      if (level < top_) differs.push_back(apart(i, j, level + 1));
    }
    for (std::size_t h = 0; h < spec_.hardening.size(); ++h) {
      const bool used = (c.hardening[at(i)] >> h & 1U) != 0;
      differs.push_back(used ? !has_[at(i)][h] : has_[at(i)][h]);
    }
    differs.push_back(!is_[at(i)][c.variants[at(i)]]);
  }
  solver_.add(z3::mk_or(differs));
}

void Encoding::require_compartments_at_most(int count) {
  z3::expr_vector openers(context_);
  for (int i = 0; i < n_; ++i) openers.push_back(opens(i, 1));
  solver_.add(z3::atmost(openers, static_cast<unsigned>(count)));
}

void Encoding::require_not_below(const Configuration& c) {
  z3::expr_vector safer(context_);
  for (int i = 0; i < n_; ++i) {
    for (int j = 0; j < i; ++j) safer.push_back(apart(i, j, c.level(i, j) + 1));
    for (std::size_t h = 0; h < spec_.hardening.size(); ++h) {
      if ((c.hardening[at(i)] >> h & 1U) == 0) safer.push_back(has_[at(i)][h]);
    }
    // Another variant counts unless c's is declared at least as safe.
    const Component& component = spec_.components[at(i)];
    for (std::size_t v = 0; v < component.variants.size(); ++v) {
      if (!variant_at_least(component, c.variants[at(i)], static_cast<int>(v))) {
        safer.push_back(is_[at(i)][v]);
      }
    }
  }
  solver_.add(z3::mk_or(safer));
}

Configuration Encoding::read(const z3::model& model) const {
  // Asking for a constant's value is several times faster than evaluating an expression.
  const auto holds = [&](const z3::expr& literal) {
    if (literal.is_true() || literal.is_false()) return literal.is_true();
    const z3::func_decl name = literal.decl();
    return model.has_interp(name) && model.get_const_interp(name).is_true();
  };
  Configuration c;
  for (const auto& row : apart_) {
    int level = 0;
    for (const z3::expr& literal : row) {
      if (!holds(literal)) break;  // monotone
      ++level;
    }
    c.levels.push_back(static_cast<Level>(level));
  }
  for (int i = 0; i < n_; ++i) {
    // The options' clauses tie them to these.
    std::uint64_t hardening = 0;
    for (std::size_t h = 0; h < spec_.hardening.size(); ++h) {
      if (holds(has_[at(i)][h])) hardening |= std::uint64_t{1} << h;
    }
    std::uint8_t variant = 0;
    while (variant + 1U < is_[at(i)].size() && !holds(is_[at(i)][variant])) ++variant;
    c.hardening.push_back(hardening);
    c.variants.push_back(variant);
  }
  return c;
}

int Encoding::add_violated_triangles(const Configuration& c) {
  int added = 0;
  for (int i = 0; i < n_; ++i) {
    for (int j = i + 1; j < n_; ++j) {
      for (int k = j + 1; k < n_; ++k) {
        for (int level = 1; level <= top_; ++level) {
          const int sides =
              (c.level(i, j) >= level) + (c.level(j, k) >= level) + (c.level(i, k) >= level);
          if (sides != 1) continue;
          triangle(i, j, k, level);
          ++added;
        }
      }
    }
  }
  return added;
}

}  // namespace flexos
