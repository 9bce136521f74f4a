#include "solver/encoding.h"

#include <algorithm>
#include <deque>
#include <string>

#include "model/order.h"

namespace flexos {

namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

constexpr Level kUnknown = 255;

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
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
    : spec_(spec),
      n_(spec.size()),
      top_(static_cast<int>(spec.mechanisms.size()) - 1),
      clauses_(context) {
  next_explored_.assign(at(top_) + 2, top_ + 1);
  int highest = 0;
  for (int level = top_; level >= 0; --level) {
    next_explored_[at(level)] =
        spec_.explored_mechanisms[at(level)] ? level : next_explored_[at(level) + 1];
    if (spec_.explored_mechanisms[at(level)]) highest = std::max(highest, level);
  }
  const int lowest = next_explored(0);
  if (lowest > top_) clauses_.add({});
  const auto pairs = at(pair_count(n_));
  lower_.assign(pairs, static_cast<Level>(std::min(lowest, highest)));
  upper_.assign(pairs, static_cast<Level>(highest));
  apart_.resize(pairs);
  options();
  statements();
  compatibility();
  limits();
  price();
  if (triangles) add_triangles();
}

std::size_t Encoding::add_triangles() {
  for (int level = 1; level <= top_; ++level) {
    for (int i = 0; i < n_; ++i) {
      for (int j = i + 1; j < n_; ++j) {
        for (int k = j + 1; k < n_; ++k) triangle(i, j, k, level);
      }
    }
  }
  return triangles_.size();
}

int Encoding::next_explored(int level) const { return next_explored_[at(level)]; }

Literal Encoding::apart(int i, int j, int level) {
  level = level > top_ ? level : next_explored(std::max(level, 0));
  const auto p = at(pair_index(i, j));
  if (level <= lower_[p]) return Literal::constant(true);
  if (level > upper_[p]) return Literal::constant(false);
  auto& row = apart_[p];
  if (row.empty()) {
    row.resize(at(top_) + 1);
    // Z3 tries "false" first. A gate is better not paid for; pairs without one are better apart:
    // then it is seldom that they must be told what their neighbours imply.
    const bool calls = spec_.profile && (spec_.profile->calls.contains({i, j}) ||
                                         spec_.profile->calls.contains({j, i}));
    Literal below = Literal::constant(true);
    for (int l = lower_[p] + 1; l <= upper_[p]; ++l) {
      if (!spec_.explored_mechanisms[at(l)]) continue;
      row[at(l)] = calls ? clauses_.fresh() : !clauses_.fresh();
      clauses_.add({!row[at(l)], below});
      below = row[at(l)];
    }
  }
  return row[at(level)];
}

/// Before the pair has booleans: facts are folded into them.
void Encoding::at_least(int i, int j, int level) {
  const auto p = at(pair_index(i, j));
  const int next = level > top_ ? level : next_explored(level);
  if (next > upper_[p]) {
    clauses_.add({});
  } else if (next > lower_[p]) {
    lower_[p] = static_cast<Level>(next);
  }
}

void Encoding::at_most(int i, int j, int level) {
  const auto p = at(pair_index(i, j));
  if (level < lower_[p]) {
    clauses_.add({});
    return;
  }
  while (upper_[p] > level || !spec_.explored_mechanisms[upper_[p]]) --upper_[p];
}

void Encoding::triangle(int i, int j, int k, int level) {
  level = next_explored(level);
  if (level > top_) return;
  std::array<int, 3> corners{i, j, k};
  std::sort(corners.begin(), corners.end());
  if (corners[0] == corners[1] || corners[1] == corners[2]) return;  // holds anyway
  if (!triangles_.insert({level, corners[0], corners[1], corners[2]}).second) return;
  const Literal ij = apart(i, j, level);
  const Literal jk = apart(j, k, level);
  const Literal ik = apart(i, k, level);
  clauses_.add({!ij, jk, ik});
  clauses_.add({!jk, ij, ik});
  clauses_.add({!ik, ij, jk});
}

/// What the statements' bounds imply for other pairs, each by one triangle that Z3 is given.
void Encoding::follow_bounds() {
  std::vector<Level> low = lower_;
  joined_ = upper_;
  for (bool changed = true; changed;) {
    changed = false;
    for (int i = 0; i < n_; ++i) {
      for (int j = 0; j < i; ++j) {
        const auto p = at(pair_index(i, j));
        for (int k = 0; k < n_; ++k) {
          if (k == i || k == j) continue;
          const auto a = at(pair_index(i, k));
          const auto b = at(pair_index(k, j));
          const Level most = std::max(joined_[a], joined_[b]);
          const Level least = low[a] > joined_[b]   ? low[a]
                              : low[b] > joined_[a] ? low[b]
                                                    : Level{0};
          if (most < joined_[p]) {
            triangle(i, j, k, int{most} + 1);
            joined_[p] = most;
            changed = true;
          }
          if (least > low[p]) {
            triangle(i, j, k, least);
            low[p] = least;
            changed = true;
          }
          if (low[p] > joined_[p]) return;  // a contradiction: Z3 has what it takes
        }
      }
    }
  }
}

/// Who is together with the next one all along the path is so with the last.
void Encoding::along(const std::vector<int>& path, int level) {
  for (std::size_t k = 2; k < path.size(); ++k) triangle(path[0], path[k - 1], path[k], level);
}

void Encoding::options() {
  for (int i = 0; i < n_; ++i) {
    const Component& component = spec_.components[at(i)];
    const auto hardenings = spec_.hardening.size();
    std::vector<bool> can(hardenings);
    std::vector<bool> must(hardenings);
    std::vector<bool> possible(component.variants.size(), true);
    for (std::size_t h = 0; h < hardenings; ++h) {
      can[h] = spec_.explored_hardening[h] &&
               contains(component.allowed_hardening, spec_.hardening[h].name);
    }
    for (const Statement& s : spec_.statements) {
      if (std::find(s.components.begin(), s.components.end(), i) == s.components.end()) continue;
      if (s.kind == StatementKind::harden || s.kind == StatementKind::fix_harden) {
        for (std::size_t h = 0; h < hardenings; ++h) {
          const bool named = contains(s.names, spec_.hardening[h].name);
          if (named) must[h] = true;
          if (!named && s.kind == StatementKind::fix_harden) can[h] = false;
        }
      }
      if (s.kind == StatementKind::fix_variant) {
        for (std::size_t v = 0; v < possible.size(); ++v) {
          if (component.variants[v].name != s.names.front()) possible[v] = false;
        }
      }
    }
    std::vector<Literal> has;
    std::vector<int> free;
    std::uint64_t always = 0;
    for (std::size_t h = 0; h < hardenings; ++h) {
      if (must[h] && !can[h]) clauses_.add({});
      if (can[h] && !must[h]) free.push_back(static_cast<int>(h));
      if (must[h]) always |= std::uint64_t{1} << h;
      has.push_back(can[h] && !must[h] ? clauses_.fresh() : Literal::constant(must[h]));
    }
    const auto excludes = [&](std::size_t h, std::size_t g) {
      return contains(spec_.hardening[h].excludes, spec_.hardening[g].name);
    };
    for (std::size_t h = 0; h < hardenings; ++h) {
      for (std::size_t g = 0; g < hardenings; ++g) {
        if (excludes(h, g)) clauses_.add({!has[h], !has[g]});
      }
    }
    const auto variants = std::count(possible.begin(), possible.end(), true);
    std::vector<Literal> is;
    for (const bool chosen : possible) {
      is.push_back(chosen && variants > 1 ? clauses_.fresh() : Literal::constant(chosen));
    }
    clauses_.add(is);
    for (std::size_t v = 0; v < is.size(); ++v) {
      for (std::size_t w = 0; w < v; ++w) clauses_.add({!is[v], !is[w]});
    }
    std::vector<Option> list;
    for (std::size_t v = 0; v < is.size(); ++v) {
      if (!possible[v]) continue;
      for (std::uint64_t pick = 0; pick < (std::uint64_t{1} << free.size()); ++pick) {
        std::uint64_t hardening = always;
        for (std::size_t k = 0; k < free.size(); ++k) {
          if ((pick >> k & 1U) != 0) hardening |= std::uint64_t{1} << free[k];
        }
        bool clash = false;
        for (std::size_t h = 0; h < hardenings && !clash; ++h) {
          for (std::size_t g = 0; g < hardenings && !clash; ++g) {
            clash = (hardening >> h & 1U) != 0 && (hardening >> g & 1U) != 0 && excludes(h, g);
          }
        }
        if (!clash) list.push_back({static_cast<std::uint8_t>(v), hardening, 0});
      }
    }
    has_.push_back(std::move(has));
    is_.push_back(std::move(is));
    free_.push_back(std::move(free));
    options_.push_back(std::move(list));
  }
}

/// A literal that holds where one of them does. (Where none does it may hold too: it is used only
/// where holding forbids something.)
Literal Encoding::implied_by(const std::vector<Conjunction>& any) {
  std::vector<Conjunction> open;
  for (const Conjunction& all : any) {
    Conjunction rest;
    bool possible = true;
    for (const Literal literal : all) {
      possible = possible && !literal.is_false();
      if (!literal.is_true()) rest.push_back(literal);
    }
    if (!possible) continue;
    if (rest.empty()) return Literal::constant(true);
    open.push_back(std::move(rest));
  }
  if (open.empty()) return {};
  if (open.size() == 1 && open.front().size() == 1) return open.front().front();
  const Literal result = clauses_.fresh();
  for (Conjunction& all : open) {
    for (Literal& literal : all) literal = !literal;
    all.push_back(result);
    clauses_.add(all);
  }
  return result;
}

Literal Encoding::reads_any(int i, bool writes) {
  const auto [known, made] = behavior_.try_emplace({i, 0, writes ? 1 : 0});
  if (!made) return known->second;
  Conjunction untamed;
  for (std::size_t h = 0; h < spec_.hardening.size(); ++h) {
    const auto& to = writes ? spec_.hardening[h].writes : spec_.hardening[h].reads;
    if (to && !to->any) untamed.push_back(!has_[at(i)][h]);
  }
  std::vector<Conjunction> ways;
  const auto& variants = spec_.components[at(i)].variants;
  for (std::size_t v = 0; v < variants.size(); ++v) {
    const Regions& r = writes ? variants[v].behavior.writes : variants[v].behavior.reads;
    if (!r.any) continue;
    ways.push_back(untamed);
    ways.back().push_back(is_[at(i)][v]);
  }
  return known->second = implied_by(ways);
}

Literal Encoding::touches_shared(int i, bool writes) {
  // Declared so, or what every taming hardening in use leaves of "*".
  const auto [known, made] = behavior_.try_emplace({i, 1, writes ? 1 : 0});
  if (!made) return known->second;
  Conjunction left;
  for (std::size_t h = 0; h < spec_.hardening.size(); ++h) {
    const auto& to = writes ? spec_.hardening[h].writes : spec_.hardening[h].reads;
    if (to && !to->any && !to->shared) left.push_back(!has_[at(i)][h]);
  }
  std::vector<Conjunction> ways;
  const auto& variants = spec_.components[at(i)].variants;
  for (std::size_t v = 0; v < variants.size(); ++v) {
    const Regions& r = writes ? variants[v].behavior.writes : variants[v].behavior.reads;
    if (!r.any && !r.shared) continue;
    ways.push_back(r.any ? left : Conjunction{});
    ways.back().push_back(is_[at(i)][v]);
  }
  return known->second = implied_by(ways);
}

Literal Encoding::calls_any(int i) {
  const auto [known, made] = behavior_.try_emplace({i, 2, 0});
  if (!made) return known->second;
  Conjunction untamed;
  for (std::size_t h = 0; h < spec_.hardening.size(); ++h) {
    const Hardening& hardening = spec_.hardening[h];
    if (hardening.calls_graph || (hardening.calls && !hardening.calls->any)) {
      untamed.push_back(!has_[at(i)][h]);
    }
  }
  std::vector<Conjunction> ways;
  const auto& variants = spec_.components[at(i)].variants;
  for (std::size_t v = 0; v < variants.size(); ++v) {
    if (!variants[v].behavior.calls.any) continue;
    ways.push_back(untamed);
    ways.back().push_back(is_[at(i)][v]);
  }
  return known->second = implied_by(ways);
}

Literal Encoding::calls_function(int i, const FunctionRef& f) {
  // "*" is judged by calls_any; here: is f on the list that holds?
  const auto [known, made] = calls_function_.try_emplace({i, f});
  if (!made) return known->second;
  const Component& component = spec_.components[at(i)];
  Conjunction left;
  for (std::size_t h = 0; h < spec_.hardening.size(); ++h) {
    const Hardening& hardening = spec_.hardening[h];
    const bool restricts = hardening.calls_graph || (hardening.calls && !hardening.calls->any);
    if (!restricts) continue;
    const auto& kept = hardening.calls_graph ? component.call_graph : hardening.calls->functions;
    if (!names_function(spec_, kept, f)) left.push_back(!has_[at(i)][h]);
  }
  std::vector<Conjunction> ways;
  for (std::size_t v = 0; v < component.variants.size(); ++v) {
    const Calls& calls = component.variants[v].behavior.calls;
    if (!calls.any && !names_function(spec_, calls.functions, f)) continue;
    ways.push_back(calls.any ? left : Conjunction{});
    ways.back().push_back(is_[at(i)][v]);
  }
  return known->second = implied_by(ways);
}

std::vector<Literal> Encoding::joins_badly(int a, int b) {
  std::vector<Literal> bad;
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
  return bad;
}

void Encoding::compatibility() {
  std::vector<std::pair<std::array<int, 2>, Literal>> implications;
  for (int a = 0; a < n_; ++a) {
    for (int b = 0; b < n_; ++b) {
      if (a == b) continue;
      std::vector<Literal> bad = joins_badly(a, b);
      std::sort(bad.begin(), bad.end());
      bad.erase(std::unique(bad.begin(), bad.end()), bad.end());
      for (const Literal literal : bad) {
        if (literal.is_true()) at_least(a, b, 1);
        if (!literal.is_true() && !literal.is_false()) implications.push_back({{a, b}, literal});
      }
    }
  }
  follow_bounds();
  for (const auto& [pair, literal] : implications) {
    clauses_.add({!literal, apart(pair[0], pair[1], 1)});
  }
}

void Encoding::statements() {
  for (const Statement& s : spec_.statements) {
    switch (s.kind) {
      case StatementKind::isolate:
      case StatementKind::protect:
        if (!s.level) break;
        for (const auto& pair : s.pairs) at_least(pair[0], pair[1], *s.level);
        break;
      case StatementKind::fix_level:
        for (const auto& pair : s.pairs) {
          at_least(pair[0], pair[1], *s.level);
          at_most(pair[0], pair[1], *s.level);
          if (!spec_.explored_mechanisms[*s.level]) clauses_.add({});
        }
        break;
      case StatementKind::together:
        for (const auto& pair : s.pairs) at_most(pair[0], pair[1], 0);
        break;
      default:
        break;  // harden, fix: options(); budgets: limits(); the rest is read from the spec
    }
  }
}

Literal Encoding::opens(int i, int level) {
  // i is the smallest member of its class of levels below `level`.
  const auto [known, made] = opens_.try_emplace({i, level});
  if (!made) return known->second;
  Conjunction all;
  for (int j = 0; j < i; ++j) all.push_back(apart(i, j, level));
  return known->second = implied_by({all});
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
      std::vector<Literal> here;
      for (int k = 0; k < n_; ++k) {
        here.push_back(k == i ? opens(k, 1) : implied_by({{opens(k, 1), !apart(i, k, spec_.pt)}}));
      }
      clauses_.at_most(here, keys);
    }
  }
  if (vms > 0 && n_ > vms) {
    std::vector<Literal> openers;
    for (int i = 0; i < n_; ++i) openers.push_back(opens(i, spec_.vm));
    clauses_.at_most(openers, vms);
  }
  if (memory) limit_memory(*memory);
}

void Encoding::limit_memory(std::int64_t most) {
  for (const Component& c : spec_.components) most -= c.size.value_or(0);
  Sum sum;
  sum.limit = most;
  for (int level = 1; level <= top_; ++level) {
    const std::int64_t each = spec_.mechanisms[at(level)].memory;
    if (each == 0 || !spec_.explored_mechanisms[at(level)]) continue;
    // One more class below this level that is not one more class up to it.
    for (int i = 1; i < n_; ++i) {
      Conjunction all;
      for (int j = 0; j < i; ++j) all.push_back(apart(i, j, level));
      std::vector<Conjunction> ways;
      for (int j = 0; j < i; ++j) {
        ways.push_back(all);
        ways.back().push_back(!apart(i, j, level + 1));
      }
      sum.add(implied_by(ways), each);
    }
  }
  require_at_most(std::move(sum));
}

Literal Encoding::compartments_at_most(int count) {
  std::vector<Literal> openers;
  for (int i = 0; i < n_; ++i) openers.push_back(opens(i, 1));
  const Literal guard = clauses_.fresh();
  clauses_.at_most(openers, count, guard);
  return guard;
}

void Encoding::forbid(const Configuration& c) {
  std::vector<Literal> differs;
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
  clauses_.add(differs);
}

/// Levels that are, pair by pair, at least those of `low` and at most those of `high`.
void Encoding::forbid_between(const std::vector<Level>& low, const std::vector<Level>& high) {
  std::vector<Literal> outside;
  for (int i = 0; i < n_; ++i) {
    for (int j = 0; j < i; ++j) {
      const auto p = at(pair_index(i, j));
      outside.push_back(!apart(i, j, low[p]));
      outside.push_back(apart(i, j, high[p] + 1));
    }
  }
  clauses_.add(outside);
}

bool Encoding::prove_crowded(const std::vector<int>& members, int level, int within) {
  const Literal claim = clauses_.fresh();
  std::vector<Literal> differs;
  for (const int i : members) {
    for (const int j : members) {
      if (j == i) break;
      differs.push_back(!apart(i, j, level));
      differs.push_back(apart(i, j, within));
    }
  }
  for (const Literal literal : differs) clauses_.add({!claim, !literal});
  if (!contradicts(claim)) return false;
  clauses_.add(differs);
  return true;
}

bool Encoding::prove_ranges(const std::vector<Level>& low, const std::vector<Level>& high) {
  const Literal claim = clauses_.fresh();
  std::vector<Literal> outside{!claim};
  for (int i = 0; i < n_; ++i) {
    for (int j = 0; j < i; ++j) {
      const auto p = at(pair_index(i, j));
      if (low[p] > lower_[p]) outside.push_back(!apart(i, j, low[p]));
      if (high[p] < upper_[p]) outside.push_back(apart(i, j, high[p] + 1));
    }
  }
  clauses_.add(outside);
  return contradicts(claim);
}

void Encoding::forbid_layout(const Configuration& c) { forbid_between(c.levels, c.levels); }

void Encoding::require_not_below(const Configuration& c) {
  std::vector<Literal> safer;
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
  clauses_.add(safer);
}

std::optional<Configuration> Encoding::read() {
  clauses_.fetch_model();
  Configuration c;
  for (int i = 0; i < n_; ++i) {
    std::uint64_t hardening = 0;
    for (std::size_t h = 0; h < spec_.hardening.size(); ++h) {
      if (clauses_.holds(has_[at(i)][h])) hardening |= std::uint64_t{1} << h;
    }
    std::uint8_t variant = 0;
    while (variant + 1U < is_[at(i)].size() && !clauses_.holds(is_[at(i)][variant])) ++variant;
    c.hardening.push_back(hardening);
    c.variants.push_back(variant);
  }
  std::vector<Level> known(apart_.size(), kUnknown);
  for (std::size_t p = 0; p < apart_.size(); ++p) {
    if (lower_[p] == upper_[p]) known[p] = lower_[p];
    if (apart_[p].empty()) continue;
    known[p] = lower_[p];
    for (int level = lower_[p] + 1; level <= upper_[p]; ++level) {
      if (clauses_.holds(apart_[p][at(level)])) known[p] = static_cast<Level>(level);
    }
  }
  if (add_broken_triangles(known, c.levels)) return std::nullopt;
  if (most_cost_) {
    const auto paid = cost(c);
    if (paid && *paid > *most_cost_) {
      forbid_dear(c, *most_cost_);
      return std::nullopt;
    }
  }
  return c;
}

/// Pairs about which nothing was said take the highest levels that the others leave them: the
/// largest ultrametric below what is known. Where a known pair is above that, some path between its
/// ends stays below it, and the triangles along that path are what Z3 has to be told.
bool Encoding::add_broken_triangles(const std::vector<Level>& known, std::vector<Level>& levels) {
  std::vector<Level> most(known);
  for (std::size_t p = 0; p < most.size(); ++p) {
    if (most[p] == kUnknown) most[p] = upper_[p];
  }
  levels = most;
  const auto level = [&](int i, int j) -> Level& { return levels[at(pair_index(i, j))]; };
  for (int k = 0; k < n_; ++k) {
    for (int i = 0; i < n_; ++i) {
      if (i == k) continue;
      for (int j = 0; j < i; ++j) {
        if (j == k) continue;
        level(i, j) = std::min(level(i, j), std::max(level(i, k), level(k, j)));
      }
    }
  }
  bool broken = false;
  for (int s = 0; s < n_; ++s) {
    for (int t = 0; t < s; ++t) {
      const auto p = at(pair_index(s, t));
      const Level needed = known[p] == kUnknown ? lower_[p] : known[p];
      for (int l = levels[p] + 1; l <= needed; ++l) {
        if (!spec_.explored_mechanisms[at(l)]) continue;
        broken = true;
        // The path of fewest steps that stays below l.
        std::vector<int> from(at(n_), -1);
        std::deque<int> queue{s};
        from[at(s)] = s;
        while (from[at(t)] < 0) {
          const int u = queue.front();
          queue.pop_front();
          for (int v = 0; v < n_; ++v) {
            if (from[at(v)] >= 0 || most[at(pair_index(u, v))] >= l) continue;
            from[at(v)] = u;
            queue.push_back(v);
          }
        }
        std::vector<int> path{t};
        while (path.back() != s) path.push_back(from[at(path.back())]);
        along(path, l);
      }
    }
  }
  return broken;
}

}  // namespace flexos
