#include "brute.h"

#include <algorithm>
#include <map>
#include <stdexcept>

namespace flexos::oracle {

namespace {

using boost::multiprecision::cpp_int;

std::size_t at(int i) { return static_cast<std::size_t>(i); }

Rational value(const Decimal& d) {
  return Rational(cpp_int(d.units()),
                  boost::multiprecision::pow(cpp_int(10), static_cast<unsigned>(d.scale())));
}

std::set<std::string> reach(const Regions& r) {
  if (r.any) return {"own", "shared", "rest"};
  std::set<std::string> result;
  if (r.own) result.insert("own");
  if (r.shared) result.insert("shared");
  return result;
}

template <typename T>
std::set<T> common(const std::set<T>& a, const std::set<T>& b) {
  std::set<T> result;
  for (const T& x : a) {
    if (b.count(x) != 0) result.insert(x);
  }
  return result;
}

/// Number of groups when everybody within `bound` of somebody joins them.
int groups(const Configuration& c, int n, int bound) {
  int count = 0;
  for (int i = 0; i < n; ++i) {
    bool first = true;
    for (int j = 0; j < i; ++j) first = first && !(c.level(i, j) < bound);
    count += first ? 1 : 0;
  }
  return count;
}

/// All ultrametrics on n points with values below `rungs`, as lower triangles.
const std::vector<std::vector<Level>>& nestings(int n, int rungs) {
  static std::map<std::pair<int, int>, std::vector<std::vector<Level>>> known;
  auto& result = known[{n, rungs}];
  if (!result.empty()) return result;
  std::vector<Level> levels;
  const auto value_at = [&](int i, int j) { return levels[at(pair_index(i, j))]; };
  const auto extend = [&](const auto& self, int i, int j) -> void {
    if (i == n) {
      result.push_back(levels);
      return;
    }
    for (int r = 0; r < rungs; ++r) {
      levels.push_back(static_cast<Level>(r));
      bool good = true;  // against every triangle that this pair completes
      for (int k = 0; k < j; ++k) {
        const Level a = value_at(i, j);
        const Level b = value_at(i, k);
        const Level d = value_at(j, k);
        good = good && a <= std::max(b, d) && b <= std::max(a, d) && d <= std::max(a, b);
      }
      if (good) self(self, j + 1 == i ? i + 1 : i, j + 1 == i ? 0 : j + 1);
      levels.pop_back();
    }
  };
  if (n < 2) {
    result.emplace_back();
  } else {
    extend(extend, 1, 0);
  }
  return result;
}

cpp_int common_denominator(const std::vector<Rational>& values) {
  cpp_int result = 1;
  for (const Rational& v : values) {
    result = boost::multiprecision::lcm(result, cpp_int(denominator(v)));
  }
  return result;
}

Integer integer(const Rational& v) {
  const cpp_int whole = numerator(v);
  if (denominator(v) != 1 || abs(whole) > (cpp_int(1) << 100)) {
    throw std::range_error("not an integer of 100 bits: " + v.str());
  }
  return static_cast<Integer>(whole);
}

}  // namespace

Brute::Brute(const Spec& spec) : spec_(spec), n_(spec.size()) {
  if (n_ > kMaxComponents) throw std::invalid_argument("too many components for brute force");
  for (std::size_t m = 0; m < spec.mechanisms.size(); ++m) {
    if (spec.explored_mechanisms[m]) explored_.push_back(static_cast<Level>(m));
  }
  for (const Statement& s : spec.statements) {
    if (s.kind != StatementKind::budget_slowdown || !spec.profile) continue;
    const Rational limit = value(spec.profile->base) * (value(s.decimal) - 1);
    if (!cost_limit_ || limit < *cost_limit_) cost_limit_ = limit;
  }
  prepare();
}

// --- One component -----------------------------------------------------------------------------

bool Brute::buildable(int i, const Way& way) const {
  const Component& c = spec_.components[at(i)];
  std::set<std::string> has;
  for (std::size_t h = 0; h < spec_.hardening.size(); ++h) {
    if ((way.hardening >> h & 1U) == 0) continue;
    if (!spec_.explored_hardening[h]) return false;
    has.insert(spec_.hardening[h].name);
  }
  for (const std::string& h : has) {
    if (std::count(c.allowed_hardening.begin(), c.allowed_hardening.end(), h) == 0) return false;
  }
  for (const Hardening& h : spec_.hardening) {
    for (const std::string& other : h.excludes) {
      if (other != h.name && has.count(h.name) != 0 && has.count(other) != 0) return false;
    }
  }
  for (const Statement& s : spec_.statements) {
    if (std::count(s.components.begin(), s.components.end(), i) == 0) continue;
    const std::set<std::string> named(s.names.begin(), s.names.end());
    if (s.kind == StatementKind::harden && common(named, has) != named) return false;
    if (s.kind == StatementKind::fix_harden && named != has) return false;
    if (s.kind == StatementKind::fix_variant &&
        named.count(c.variants[at(way.variant)].name) == 0) {
      return false;
    }
  }
  return true;
}

std::set<std::string> Brute::spelled_out(const std::vector<FunctionRef>& functions) const {
  std::set<std::string> result;
  for (const FunctionRef& f : functions) {
    for (const Component& c : spec_.components) {
      if (c.name != f.component) continue;
      if (f.function != "*") result.insert(c.name + "." + f.function);
      for (const EntryPoint& e : c.api) {
        if (f.function == "*") result.insert(c.name + "." + e.name);
      }
    }
  }
  return result;
}

Brute::Effect Brute::effect(int i, const Way& way) const {
  const Component& c = spec_.components[at(i)];
  const Behavior& b = c.variants[at(way.variant)].behavior;
  Effect e{reach(b.reads), reach(b.writes), std::nullopt};
  if (!b.calls.any) e.calls = spelled_out(b.calls.functions);
  for (std::size_t h = 0; h < spec_.hardening.size(); ++h) {
    if ((way.hardening >> h & 1U) == 0) continue;
    const Hardening& one = spec_.hardening[h];
    if (b.reads.any && one.reads) e.reads = common(e.reads, reach(*one.reads));
    if (b.writes.any && one.writes) e.writes = common(e.writes, reach(*one.writes));
    if (!b.calls.any) continue;
    std::optional<std::set<std::string>> allowed;
    if (one.calls_graph) allowed = spelled_out(c.call_graph);
    if (one.calls && !one.calls->any) allowed = spelled_out(one.calls->functions);
    if (allowed) e.calls = e.calls ? common(*e.calls, *allowed) : *allowed;
  }
  return e;
}

Rational Brute::work_cost(int i, const Way& way) const {
  if (!spec_.profile) return 0;
  const Component& c = spec_.components[at(i)];
  Rational factor = value(c.variants[at(way.variant)].slowdown);
  for (std::size_t h = 0; h < spec_.hardening.size(); ++h) {
    if ((way.hardening >> h & 1U) == 0) continue;
    const Hardening& one = spec_.hardening[h];
    factor *=
        c.slowdown.count(one.name) != 0 ? value(c.slowdown.at(one.name)) : value(one.slowdown);
  }
  return value(spec_.profile->work[at(i)]) * (factor - 1);
}

Rational Brute::exposure(int i, const Way& way) const {
  Rational result = 1;
  for (std::size_t h = 0; h < spec_.hardening.size(); ++h) {
    if ((way.hardening >> h & 1U) != 0) result *= 1 - value(spec_.hardening[h].strength) / 100;
  }
  if (spec_.components[at(i)].variants[at(way.variant)].verified) result *= Rational(1, 10);
  return result;
}

// --- Two components ----------------------------------------------------------------------------

bool Brute::harms(int attacker, const Effect& e, int victim, Operation operation) const {
  if (attacker == victim) return false;
  if (operation == Operation::read) return e.reads.count("rest") != 0;
  if (operation == Operation::write) return e.writes.count("rest") != 0;
  if (!e.calls) return true;
  const std::string prefix = spec_.components[at(victim)].name + ".";
  return std::any_of(e.calls->begin(), e.calls->end(), [&](const std::string& f) {
    return f.compare(0, prefix.size(), prefix) == 0;
  });
}

/// Does `owner` put up with what `guest` may do in its compartment?
bool Brute::tolerates(int owner, int guest, const Effect& e) const {
  const Requirement& grants = spec_.components[at(owner)].grants;
  const auto within = [](const Reach& does, const std::optional<Regions>& grant) {
    if (!grant) return true;
    const Reach granted = reach(*grant);
    if (does.count("rest") != 0) return granted.count("own") != 0 && granted.count("shared") != 0;
    return does.count("shared") == 0 || granted.count("shared") != 0;
  };
  if (!within(e.reads, grants.reads) || !within(e.writes, grants.writes)) return false;
  if (grants.calls) {
    if (!e.calls) return false;
    std::set<std::string> granted;
    for (const std::string& f : *grants.calls) {
      granted.insert(spec_.components[at(owner)].name + "." + f);
    }
    const std::string prefix = spec_.components[at(owner)].name + ".";
    for (const std::string& f : *e.calls) {
      if (f.compare(0, prefix.size(), prefix) == 0 && granted.count(f) == 0) return false;
    }
  }
  for (const Statement& s : spec_.statements) {  // protected by isolation or by behaviour
    if (s.kind != StatementKind::protect || s.level) continue;
    for (const auto& [attacker, victim] : s.pairs) {
      if (attacker != guest || victim != owner) continue;
      for (const Operation operation : s.operations) {
        if (harms(guest, e, owner, operation)) return false;
      }
    }
  }
  return true;
}

bool Brute::may_share(int i, const Effect& one, int j, const Effect& other) const {
  return tolerates(i, j, other) && tolerates(j, i, one);
}

Rational Brute::boundary_cost(int i, int j, Level level) const {
  if (!spec_.profile) return 0;
  const Mechanism& m = spec_.mechanisms[level];
  const Rational gate = value(spec_.sharing == Sharing::dss ? m.gate_dss : m.gate_copy);
  Rational calls = 0;
  for (const auto& [edge, f] : spec_.profile->calls) {
    if (edge == std::array<int, 2>{i, j} || edge == std::array<int, 2>{j, i}) calls += value(f);
  }
  Rational copying = 0;
  if (level != 0 && spec_.sharing != Sharing::dss) {
    for (const auto& [edge, what] : spec_.profile->copy) {
      if (edge == std::array<int, 2>{i, j} || edge == std::array<int, 2>{j, i}) {
        copying += value(what);
      }
    }
  }
  return calls * gate + copying;
}

Rational Brute::openness(int attacker, int victim, Level level) const {
  return value(spec_.risk[at(attacker)]) * value(spec_.asset[at(victim)]) *
         (1 - value(spec_.mechanisms[level].strength) / 100);
}

Rational Brute::total_weight() const {
  Rational result = 0;
  for (int a = 0; a < n_; ++a) {
    for (int v = 0; v < n_; ++v) {
      if (a != v) result += value(spec_.risk[at(a)]) * value(spec_.asset[at(v)]);
    }
  }
  return result;
}

// --- The levels as a whole ---------------------------------------------------------------------

bool Brute::levels_fine(const Configuration& c) const {
  for (int i = 0; i < n_; ++i) {
    for (int j = 0; j < n_; ++j) {
      if (i != j && !spec_.explored_mechanisms[c.level(i, j)]) return false;
      for (int k = 0; k < n_; ++k) {
        if (c.level(i, k) > std::max(c.level(i, j), c.level(j, k))) return false;
      }
    }
  }
  int vm_limit = spec_.hardware_vms.value_or(n_);
  int key_limit = spec_.hardware_keys;
  for (const Statement& s : spec_.statements) {
    const auto limit = static_cast<int>(std::min<std::int64_t>(s.integer, 1000000));
    if (s.kind == StatementKind::budget_vms) vm_limit = std::min(vm_limit, limit);
    if (s.kind == StatementKind::budget_keys) key_limit = std::min(key_limit, limit);
    if (s.kind == StatementKind::budget_memory && memory(c) > s.integer) return false;
    for (const auto& [a, b] : s.pairs) {
      const Level level = c.level(a, b);
      if (s.kind == StatementKind::isolate && level < s.level.value_or(1)) return false;
      if (s.kind == StatementKind::protect && s.level && level < *s.level) return false;
      if (s.kind == StatementKind::together && level != 0) return false;
      if (s.kind == StatementKind::fix_level && level != *s.level) return false;
    }
  }
  if (groups(c, n_, spec_.vm) > vm_limit) return false;
  for (int i = 0; i < n_; ++i) {  // the compartments in the address space of i
    int inside = 0;
    for (int j = 0; j < n_; ++j) {
      if (i != j && c.level(i, j) >= spec_.pt) continue;
      bool first = true;
      for (int k = 0; k < j; ++k) first = first && c.level(j, k) != 0;
      inside += first ? 1 : 0;
    }
    if (inside > key_limit) return false;
  }
  return true;
}

std::int64_t Brute::memory(const Configuration& c) const {
  std::int64_t result = 0;
  for (const Component& one : spec_.components) result += one.size ? *one.size : 0;
  for (std::size_t m = 1; m < spec_.mechanisms.size(); ++m) {
    const int bound = static_cast<int>(m);
    result += spec_.mechanisms[m].memory * (groups(c, n_, bound) - groups(c, n_, bound + 1));
  }
  return result;
}

int Brute::compartments(const Configuration& c) const { return groups(c, n_, 1); }

// --- One configuration -------------------------------------------------------------------------

Way Brute::way_of(const Configuration& c, int i) const {
  Way way;
  way.variant = c.variants[at(i)];
  way.hardening = c.hardening[at(i)];
  return way;
}

bool Brute::admissible(const Configuration& c) const {
  if (!levels_fine(c)) return false;
  for (int i = 0; i < n_; ++i) {
    if (!buildable(i, way_of(c, i))) return false;
    for (int j = 0; j < i; ++j) {
      if (c.level(i, j) != 0) continue;
      if (!may_share(i, effect(i, way_of(c, i)), j, effect(j, way_of(c, j)))) return false;
    }
  }
  return !cost_limit_ || cost(c) <= *cost_limit_;
}

Rational Brute::cost(const Configuration& c) const {
  Rational result = 0;
  for (int i = 0; i < n_; ++i) {
    result += work_cost(i, way_of(c, i));
    for (int j = 0; j < i; ++j) result += boundary_cost(i, j, c.level(i, j));
  }
  return result;
}

Rational Brute::residual_risk(const Configuration& c) const {
  const Rational weight = total_weight();
  if (weight == 0) return 0;
  Rational result = 0;
  for (int a = 0; a < n_; ++a) {
    for (int v = 0; v < n_; ++v) {
      if (a != v) result += openness(a, v, c.level(a, v)) * exposure(a, way_of(c, a));
    }
  }
  return result / weight;
}

bool Brute::variant_safer(int i, int better, int worse) const {
  const auto& variants = spec_.components[at(i)].variants;
  std::set<std::string> below{variants[at(better)].name};
  for (std::size_t round = 0; round < variants.size(); ++round) {
    for (const Variant& v : variants) {
      if (below.count(v.name) != 0) below.insert(v.safer_than.begin(), v.safer_than.end());
    }
  }
  return below.count(variants[at(worse)].name) != 0;
}

bool Brute::at_least_as_safe(const Configuration& b, const Configuration& a) const {
  for (int i = 0; i < n_; ++i) {
    for (int j = 0; j < i; ++j) {
      if (b.level(i, j) < a.level(i, j)) return false;
    }
    if ((a.hardening[at(i)] | b.hardening[at(i)]) != b.hardening[at(i)]) return false;
    if (!variant_safer(i, b.variants[at(i)], a.variants[at(i)])) return false;
  }
  return true;
}

// --- All of them -------------------------------------------------------------------------------

void Brute::prepare() {
  for (int i = 0; i < n_; ++i) {
    std::vector<Way> ways;
    for (int v = 0; v < static_cast<int>(spec_.components[at(i)].variants.size()); ++v) {
      for (std::uint64_t h = 0; h < std::uint64_t{1} << spec_.hardening.size(); ++h) {
        Way way;
        way.variant = v;
        way.hardening = h;
        if (!buildable(i, way)) continue;
        way.cost = work_cost(i, way);
        way.exposure = exposure(i, way);
        ways.push_back(way);
      }
    }
    ways_.push_back(ways);
  }
  std::vector<std::vector<Effect>> effects(at(n_));
  for (int i = 0; i < n_; ++i) {
    for (const Way& way : ways_[at(i)]) effects[at(i)].push_back(effect(i, way));
  }
  share_.resize(at(n_));
  for (int i = 0; i < n_; ++i) {
    share_[at(i)].resize(effects[at(i)].size());
    for (std::size_t x = 0; x < effects[at(i)].size(); ++x) {
      share_[at(i)][x].resize(at(i));
      for (int j = 0; j < i; ++j) {
        for (const Effect& other : effects[at(j)]) {
          share_[at(i)][x][at(j)].push_back(may_share(i, effects[at(i)][x], j, other));
        }
      }
    }
  }

  for (const auto& rungs : nestings(n_, static_cast<int>(explored_.size()))) {
    Configuration c;
    for (const Level r : rungs) c.levels.push_back(explored_[r]);
    if (levels_fine(c)) matrices_.push_back(c);
  }

  // One unit for all costs and one for all risks, so that the enumeration adds integers.
  std::vector<Rational> costs;
  std::vector<Rational> open;
  std::vector<Rational> exposures;
  if (cost_limit_) costs.push_back(*cost_limit_);
  for (int i = 0; i < n_; ++i) {
    for (const Way& way : ways_[at(i)]) {
      costs.push_back(way.cost);
      exposures.push_back(way.exposure);
    }
    for (int j = 0; j < n_; ++j) {
      for (const Level level : explored_) {
        if (j < i) costs.push_back(boundary_cost(i, j, level));
        if (j != i) open.push_back(openness(i, j, level));
      }
    }
  }
  cost_unit_ = Rational(common_denominator(costs));
  const Rational open_unit = Rational(common_denominator(open));
  const Rational exposure_unit = Rational(common_denominator(exposures));
  risk_unit_ = open_unit * exposure_unit;
  if (cost_limit_) cost_limit_units_ = integer(*cost_limit_ * cost_unit_);
  for (int i = 0; i < n_; ++i) {
    way_cost_.emplace_back();
    way_exposure_.emplace_back();
    for (const Way& way : ways_[at(i)]) {
      way_cost_.back().push_back(integer(way.cost * cost_unit_));
      way_exposure_.back().push_back(integer(way.exposure * exposure_unit));
    }
  }
  // By ordered pair and level, so that a matrix is summed up in integers.
  std::map<std::array<int, 3>, std::pair<Integer, Integer>> boundary;
  for (int i = 0; i < n_; ++i) {
    for (int j = 0; j < n_; ++j) {
      for (const Level level : explored_) {
        if (i == j) continue;
        boundary[{i, j, level}] = {integer(boundary_cost(i, j, level) * cost_unit_),
                                   integer(openness(i, j, level) * open_unit)};
      }
    }
  }
  for (const Configuration& c : matrices_) {
    Integer cost = 0;
    std::array<Integer, kMaxComponents> risk{};
    for (int i = 0; i < n_; ++i) {
      for (int j = 0; j < n_; ++j) {
        if (i == j) continue;
        const auto& [gates, exposed] = boundary[{i, j, c.level(i, j)}];
        if (j < i) cost += gates;
        risk[at(i)] += exposed;
      }
    }
    matrix_cost_.push_back(cost);
    matrix_risk_.push_back(risk);
  }
}

/// Calls `visit` with every admissible configuration until it returns false.
template <typename Visit>
void Brute::enumerate(const Visit& visit) const {
  bool on = true;
  Found found;
  for (std::size_t m = 0; m < matrices_.size() && on; ++m) {
    const Configuration& c = matrices_[m];
    found.matrix = static_cast<std::uint32_t>(m);
    const auto build = [&](const auto& self, int i, Integer cost, Integer risk) -> void {
      if (i == n_) {
        if (cost_limit_units_ && cost > *cost_limit_units_) return;
        found.cost = cost;
        found.risk = risk;
        on = visit(found);
        return;
      }
      for (std::size_t x = 0; x < ways_[at(i)].size() && on; ++x) {
        bool good = true;
        for (int j = 0; j < i && good; ++j) {
          good = c.level(i, j) != 0 || share_[at(i)][x][at(j)][found.ways[at(j)]];
        }
        if (!good) continue;
        found.ways[at(i)] = static_cast<std::uint16_t>(x);
        self(self, i + 1, cost + way_cost_[at(i)][x],
             risk + matrix_risk_[m][at(i)] * way_exposure_[at(i)][x]);
      }
    };
    build(build, 0, matrix_cost_[m], 0);
  }
}

bool Brute::feasible() const {
  if (all_) return !all_->empty();
  bool result = false;
  enumerate([&](const Found&) {
    result = true;
    return false;
  });
  return result;
}

const std::vector<Found>& Brute::all() {
  if (!all_) {
    all_.emplace();
    enumerate([&](const Found& found) {
      all_->push_back(found);
      return true;
    });
  }
  return *all_;
}

Configuration Brute::configuration(const Found& found) const {
  Configuration c = matrices_[found.matrix];
  for (int i = 0; i < n_; ++i) {
    const Way& way = ways_[at(i)][found.ways[at(i)]];
    c.hardening.push_back(way.hardening);
    c.variants.push_back(static_cast<std::uint8_t>(way.variant));
  }
  return c;
}

Rational Brute::risk(Integer units) const {
  const Rational weight = total_weight();
  return weight == 0 ? Rational(0) : Rational(Rational(units) / risk_unit_ / weight);
}

std::vector<Integer> Brute::cheapest(std::size_t count) {
  std::vector<Integer> costs;
  for (const Found& found : all()) costs.push_back(found.cost);
  std::sort(costs.begin(), costs.end());
  costs.resize(std::min(count, costs.size()));
  return costs;
}

std::vector<Integer> Brute::safest(std::size_t count) {
  std::vector<Integer> risks;
  for (const Found& found : all()) risks.push_back(found.risk);
  std::sort(risks.begin(), risks.end());
  risks.resize(std::min(count, risks.size()));
  return risks;
}

std::vector<std::pair<Integer, Integer>> Brute::frontier() {
  std::vector<std::pair<Integer, Integer>> points;
  for (const Found& found : all()) points.emplace_back(found.cost, found.risk);
  std::sort(points.begin(), points.end());
  std::vector<std::pair<Integer, Integer>> result;
  for (const auto& p : points) {
    if (result.empty() || p.second < result.back().second) result.push_back(p);
  }
  return result;
}

std::vector<Configuration> Brute::maximal() {
  // Whatever is not maximal has a maximal element above it, and what is strictly above has a higher
  // sum of ranks. So in descending order of ranks each candidate only meets the maximal ones so
  // far.
  std::vector<std::pair<int, const Found*>> ranked;
  for (const Found& found : all()) {
    int rank = 0;
    for (const Level level : matrices_[found.matrix].levels) rank += level;
    for (int i = 0; i < n_; ++i) {
      const Way& way = ways_[at(i)][found.ways[at(i)]];
      rank += __builtin_popcountll(way.hardening);
      const int variants = static_cast<int>(spec_.components[at(i)].variants.size());
      for (int v = 0; v < variants; ++v) rank += variant_safer(i, way.variant, v) ? 1 : 0;
    }
    ranked.emplace_back(rank, &found);
  }
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<Configuration> result;
  for (const auto& [rank, found] : ranked) {
    const Configuration c = configuration(*found);
    const bool below = std::any_of(result.begin(), result.end(), [&](const Configuration& top) {
      return at_least_as_safe(top, c);
    });
    if (!below) result.push_back(c);
  }
  return result;
}

std::optional<int> Brute::fewest_compartments() {
  std::optional<int> fewest;
  for (const Found& found : all()) {
    const int count = compartments(matrices_[found.matrix]);
    if (!fewest || count < *fewest) fewest = count;
  }
  return fewest;
}

Spec without(const Spec& spec, const std::set<int>& dropped) {
  Spec result = spec;
  result.statements.clear();
  for (int i = 0; i < static_cast<int>(spec.statements.size()); ++i) {
    const Statement& s = spec.statements[at(i)];
    if (dropped.count(i) == 0) {
      result.statements.push_back(s);
      continue;
    }
    if (s.kind == StatementKind::explore_mechanisms) {
      for (std::size_t m = 0; m < spec.mechanisms.size(); ++m) {
        const auto& platforms = spec.mechanisms[m].platforms;
        const bool there =
            platforms.empty() || std::count(platforms.begin(), platforms.end(), spec.platform) != 0;
        result.explored_mechanisms[m] = m == 0 || (spec.mechanisms[m].backend && there);
      }
      // The hardware's limits are those of what is explored now.
      result.hardware_keys = 1 << 30;
      result.hardware_vms.reset();
      bool said = false;
      for (std::size_t m = 0; m < spec.mechanisms.size(); ++m) {
        if (!result.explored_mechanisms[m]) continue;
        if (const auto keys = spec.mechanisms[m].keys) {
          result.hardware_keys = std::min(result.hardware_keys, *keys);
          said = true;
        }
        if (const auto vms = spec.mechanisms[m].vms) {
          result.hardware_vms = std::min(result.hardware_vms.value_or(*vms), *vms);
        }
      }
      if (!said) result.hardware_keys = 15;
    }
    if (s.kind == StatementKind::explore_hardening) {
      result.explored_hardening.assign(spec.hardening.size(), true);
    }
    if (s.components.empty()) continue;
    Requirement& grants = result.components[at(s.components.front())].grants;
    if (s.kind == StatementKind::require_reads) grants.reads.reset();
    if (s.kind == StatementKind::require_writes) grants.writes.reset();
    if (s.kind == StatementKind::require_calls) grants.calls.reset();
  }
  return result;
}

}  // namespace flexos::oracle
