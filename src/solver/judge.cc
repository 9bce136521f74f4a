#include "solver/judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

// A judge is worth something only where it can disagree. So nothing here is taken from the encoding
// or the search, and of the model only the types and plain accessors: effective behaviours, classes
// and sums are worked out again from the words of docs/language.md, in the order of that text.
//
// Numbers are integers of unbounded size over a power of ten (`Fixed`): every input is a decimal,
// and sums and products of decimals are decimals. A rational (with its gcd) appears only at the
// end, where two of them are divided. Inner loops only add: calls are summed up by level and
// weights by (attacker, level), and each sum is multiplied once.

namespace flexos {

namespace {

using boost::multiprecision::cpp_int;
using boost::multiprecision::cpp_rational;

cpp_int ten_to(int exponent) {
  return boost::multiprecision::pow(cpp_int(10), static_cast<unsigned>(exponent));
}

/// units / 10^scale, unbounded.
struct Fixed {
  cpp_int units = 0;
  int scale = 0;

  Fixed() = default;
  Fixed(cpp_int u, int s) : units(std::move(u)), scale(s) {}
  explicit Fixed(const Decimal& d) : units(d.units()), scale(d.scale()) {}

  cpp_int at(int wanted) const { return scale == wanted ? units : units * ten_to(wanted - scale); }
  cpp_rational rational() const { return {units, ten_to(scale)}; }
};

Fixed operator+(const Fixed& a, const Fixed& b) {
  const int scale = std::max(a.scale, b.scale);
  return {a.at(scale) + b.at(scale), scale};
}

Fixed operator-(const Fixed& a, const Fixed& b) {
  const int scale = std::max(a.scale, b.scale);
  return {a.at(scale) - b.at(scale), scale};
}

Fixed operator*(const Fixed& a, const Fixed& b) { return {a.units * b.units, a.scale + b.scale}; }

bool operator<=(const Fixed& a, const Fixed& b) {
  const int scale = std::max(a.scale, b.scale);
  return a.at(scale) <= b.at(scale);
}

std::string decimal_text(const Fixed& f) {
  cpp_int units = f.units;
  int scale = f.scale;
  while (scale > 0 && units % 10 == 0) {
    units /= 10;
    --scale;
  }
  const bool negative = units < 0;
  std::string digits = cpp_int(negative ? -units : units).str();
  const auto fraction = static_cast<std::size_t>(scale);
  if (digits.size() <= fraction) digits.insert(0, fraction + 1 - digits.size(), '0');
  if (scale > 0) digits.insert(digits.size() - fraction, ".");
  return negative ? "-" + digits : digits;
}

/// What may be called, with `component.*` written out and components outside the spec dropped.
struct Callable {
  bool any = false;
  std::set<std::pair<int, std::string>> functions = {};
};

struct Effective {
  Regions reads;
  Regions writes;
  Callable calls;
};

Regions meet(const Regions& a, const Regions& b) {
  if (a.any) return b;
  if (b.any) return a;
  return {.any = false, .own = a.own && b.own, .shared = a.shared && b.shared};
}

std::string in_words(const Regions& r) {
  if (r.any) return "\"*\"";
  if (r.own && r.shared) return "[own, shared]";
  if (r.own) return "[own]";
  return r.shared ? "[shared]" : "[]";
}

std::string listed(const std::vector<std::string>& names) {
  return fmt::format("[{}]", fmt::join(names, ", "));
}

class Judge {
 public:
  Judge(const Spec& spec, const Configuration& c) : spec_(spec), c_(c), n_(spec.size()) {
    for (int i = 0; i < n_; ++i) index_.emplace(component(i).name, i);
  }

  Evaluation run() {
    if (!well_shaped()) return std::move(result_);
    for (int i = 0; i < n_; ++i) effective_.push_back(effective(i));
    const bool nested = check_nesting();
    check_explored();
    check_hardening();
    check_compatible();
    if (nested) {
      measure_compartments();
      check_limits();
    }
    measure_cost();
    measure_risk();
    for (const Statement& s : spec_.statements) check(s, nested);
    result_.admissible = result_.violations.empty();
    return std::move(result_);
  }

 private:
  const Component& component(int i) const { return spec_.components[static_cast<std::size_t>(i)]; }
  const std::string& name(int i) const { return component(i).name; }
  std::uint64_t hardening(int i) const { return c_.hardening[static_cast<std::size_t>(i)]; }
  const Variant& variant(int i) const {
    return component(i).variants[c_.variants[static_cast<std::size_t>(i)]];
  }
  const Effective& effects(int i) const { return effective_[static_cast<std::size_t>(i)]; }
  const std::string& mechanism(Level level) const { return spec_.mechanisms[level].name; }
  bool has(int i, std::size_t h) const { return (hardening(i) >> h & 1U) != 0; }
  bool has(int i, const std::string& wanted) const {
    for (std::size_t h = 0; h < spec_.hardening.size(); ++h) {
      if (spec_.hardening[h].name == wanted) return has(i, h);
    }
    return false;
  }
  std::vector<std::string> hardening_names(int i) const {
    std::vector<std::string> names;
    for (std::size_t h = 0; h < spec_.hardening.size(); ++h) {
      if (has(i, h)) names.push_back(spec_.hardening[h].name);
    }
    return names;
  }

  void violation(std::string message, const Origin& origin) {
    result_.violations.push_back({std::move(message), origin});
  }

  /// The user's own statement of that kind, for a violation that no single check ties to a line.
  Origin origin_of(StatementKind kind) const {
    for (const Statement& s : spec_.statements) {
      if (s.kind == kind) return s.origin;
    }
    return {};
  }

  std::string parted(int a, int b) const {
    const Level level = c_.level(a, b);
    if (level == 0) return fmt::format("`{}` and `{}` share a compartment", name(a), name(b));
    return fmt::format("`{}` and `{}` are parted by `{}` only", name(a), name(b), mechanism(level));
  }

  // --- Shape -----------------------------------------------------------------------------------

  bool well_shaped() {
    const auto n = static_cast<std::size_t>(n_);
    if (c_.levels.size() != static_cast<std::size_t>(pair_count(n_)) || c_.hardening.size() != n ||
        c_.variants.size() != n) {
      violation(fmt::format("the configuration has {} levels, {} hardening sets and {} variants, "
                            "but {} components need {}, {} and {}",
                            c_.levels.size(), c_.hardening.size(), c_.variants.size(), n_,
                            pair_count(n_), n_, n_),
                {});
      return false;
    }
    for (int i = 0; i < n_; ++i) {
      const auto at = static_cast<std::size_t>(i);
      if (c_.variants[at] >= component(i).variants.size()) {
        violation(fmt::format("`{}` has no variant number {}", name(i), c_.variants[at]), {});
      }
      if (spec_.hardening.size() < 64 && hardening(i) >> spec_.hardening.size() != 0) {
        violation(fmt::format("`{}` has a hardening that is not defined", name(i)), {});
      }
      for (int j = 0; j < i; ++j) {
        if (c_.level(i, j) >= spec_.mechanisms.size()) {
          violation(fmt::format("the level between `{}` and `{}` is not defined", name(j), name(i)),
                    {});
        }
      }
    }
    return result_.violations.empty();
  }

  /// level(i,k) <= max(level(i,j), level(j,k)), for every choice of the three.
  bool check_nesting() {
    for (int i = 0; i < n_; ++i) {
      for (int k = 0; k < i; ++k) {
        for (int j = 0; j < n_; ++j) {
          if (j == i || j == k) continue;
          if (c_.level(i, k) <= std::max(c_.level(i, j), c_.level(j, k))) continue;
          violation(
              fmt::format("the levels do not nest: `{}` parts `{}` and `{}`, but `{}` is only "
                          "`{}` from the one and `{}` from the other",
                          mechanism(c_.level(i, k)), name(k), name(i), name(j),
                          mechanism(c_.level(j, k)), mechanism(c_.level(i, j))),
              {});
          return false;
        }
      }
    }
    return true;
  }

  // --- What may be chosen ----------------------------------------------------------------------

  void check_explored() {
    for (int i = 0; i < n_; ++i) {
      for (int j = 0; j < i; ++j) {
        const Level level = c_.level(i, j);
        if (spec_.explored_mechanisms[level]) continue;
        violation(fmt::format("`{}` parts `{}` and `{}`, but is not among the explored mechanisms",
                              mechanism(level), name(j), name(i)),
                  origin_of(StatementKind::explore_mechanisms));
      }
    }
  }

  void check_hardening() {
    for (int i = 0; i < n_; ++i) {
      const auto& allowed = component(i).allowed_hardening;
      for (std::size_t h = 0; h < spec_.hardening.size(); ++h) {
        if (!has(i, h)) continue;
        const Hardening& one = spec_.hardening[h];
        if (!spec_.explored_hardening[h]) {
          violation(fmt::format("`{}` has `{}`, which is not among the explored hardenings",
                                name(i), one.name),
                    origin_of(StatementKind::explore_hardening));
        }
        if (std::find(allowed.begin(), allowed.end(), one.name) == allowed.end()) {
          violation(fmt::format("`{}` has `{}`, which it cannot be built with", name(i), one.name),
                    component(i).origin);
        }
        for (const std::string& other : one.excludes) {
          if (other == one.name || !has(i, other)) continue;
          violation(fmt::format("`{}` has both `{}` and `{}`, which exclude each other", name(i),
                                one.name, other),
                    one.origin);
        }
      }
    }
  }

  // --- Behaviour -------------------------------------------------------------------------------

  Callable written_out(const std::vector<FunctionRef>& functions) const {
    Callable result;
    for (const FunctionRef& f : functions) {
      const auto target = index_.find(f.component);
      if (target == index_.end()) continue;
      if (f.function != "*") {
        result.functions.emplace(target->second, f.function);
        continue;
      }
      for (const EntryPoint& e : component(target->second).api) {
        result.functions.emplace(target->second, e.name);
      }
    }
    return result;
  }

  Callable written_out(const Calls& calls) const {
    return calls.any ? Callable{.any = true} : written_out(calls.functions);
  }

  static Callable meet_calls(const Callable& a, const Callable& b) {
    if (a.any) return b;
    if (b.any) return a;
    Callable both;
    std::set_intersection(a.functions.begin(), a.functions.end(), b.functions.begin(),
                          b.functions.end(), std::inserter(both.functions, both.functions.end()));
    return both;
  }

  /// The behaviour of the chosen variant as its hardening leaves it: a transform applies where the
  /// behaviour is "*", and several on one key leave what all of them allow.
  Effective effective(int i) const {
    const Behavior& said = variant(i).behavior;
    Effective e{said.reads, said.writes, written_out(said.calls)};
    for (std::size_t h = 0; h < spec_.hardening.size(); ++h) {
      if (!has(i, h)) continue;
      const Hardening& one = spec_.hardening[h];
      if (said.reads.any && one.reads) e.reads = meet(e.reads, *one.reads);
      if (said.writes.any && one.writes) e.writes = meet(e.writes, *one.writes);
      if (!said.calls.any) continue;
      if (one.calls_graph) e.calls = meet_calls(e.calls, written_out(component(i).call_graph));
      if (one.calls) e.calls = meet_calls(e.calls, written_out(*one.calls));
    }
    return e;
  }

  static bool granted(const Regions& behavior, const std::optional<Regions>& grant) {
    if (!grant || grant->any) return true;
    if (behavior.any) return grant->own && grant->shared;
    return !behavior.shared || grant->shared;
  }

  void check_compatible() {
    for (int a = 0; a < n_; ++a) {
      for (int b = 0; b < n_; ++b) {
        if (a == b || c_.level(a, b) != 0) continue;
        check_tolerated(a, b);
      }
    }
  }

  /// One half of compatible(a, b): what a does to b is within what b requires.
  void check_tolerated(int a, int b) {
    const Effective& does = effects(a);
    const Requirement& grants = component(b).grants;
    const auto reject = [&](const std::string& what, const Origin& origin) {
      violation(fmt::format("`{}` and `{}` share a compartment, but {}", name(a), name(b), what),
                origin);
    };
    if (!granted(does.reads, grants.reads)) {
      reject(fmt::format("`{}` may read {} and `{}` lets others read {} only", name(a),
                         in_words(does.reads), name(b), in_words(*grants.reads)),
             grants.reads_origin);
    }
    if (!granted(does.writes, grants.writes)) {
      reject(fmt::format("`{}` may write {} and `{}` lets others write {} only", name(a),
                         in_words(does.writes), name(b), in_words(*grants.writes)),
             grants.writes_origin);
    }
    if (!grants.calls) return;
    if (does.calls.any) {
      reject(fmt::format("`{}` may call anything and `{}` lets others call {} only", name(a),
                         name(b), listed(*grants.calls)),
             grants.calls_origin);
      return;
    }
    for (auto f = does.calls.functions.lower_bound({b, ""});
         f != does.calls.functions.end() && f->first == b; ++f) {
      if (std::find(grants.calls->begin(), grants.calls->end(), f->second) != grants.calls->end()) {
        continue;
      }
      reject(fmt::format("`{}` may call `{}.{}` and `{}` lets others call {} only", name(a),
                         name(b), f->second, name(b), listed(*grants.calls)),
             grants.calls_origin);
    }
  }

  // --- Compartments, limits --------------------------------------------------------------------

  /// By component: the smallest member of its class of levels below `bound`. Levels nest, so being
  /// close to one member is being close to all.
  std::vector<int> heads(int bound) const {
    std::vector<int> head(static_cast<std::size_t>(n_));
    for (int i = 0; i < n_; ++i) {
      int j = 0;
      while (j < i && static_cast<int>(c_.level(i, j)) >= bound) ++j;
      head[static_cast<std::size_t>(i)] = j;
    }
    return head;
  }

  static int count_classes(const std::vector<int>& head) {
    int count = 0;
    for (std::size_t i = 0; i < head.size(); ++i) count += head[i] == static_cast<int>(i) ? 1 : 0;
    return count;
  }

  void measure_compartments() {
    result_.compartments = count_classes(heads(1));
    vms_ = count_classes(heads(spec_.vm));
    for (const Component& one : spec_.components) result_.memory += one.size.value_or(0);
    int finer = result_.compartments;  // classes of levels below m
    for (std::size_t m = 1; m < spec_.mechanisms.size(); ++m) {
      const int coarser = count_classes(heads(static_cast<int>(m) + 1));
      result_.memory += spec_.mechanisms[m].memory * (finer - coarser);
      finer = coarser;
    }
    const std::vector<int> compartment = heads(1);
    const std::vector<int> space = heads(spec_.pt);
    std::map<int, std::vector<int>> inside;  // first of an address space -> first of compartments
    for (int i = 0; i < n_; ++i) {
      const auto at = static_cast<std::size_t>(i);
      if (compartment[at] == i) inside[space[at]].push_back(i);
    }
    for (auto& [first, members] : inside) {
      if (members.size() > fullest_.size()) fullest_ = std::move(members);
    }
  }

  std::string fullest_in_words() const {
    std::vector<std::string> names;
    for (const int i : fullest_) names.push_back("`" + name(i) + "`");
    return fmt::format("one address space holds {} compartments (those of {})", fullest_.size(),
                       fmt::join(names, ", "));
  }

  void check_limits() {
    if (static_cast<int>(fullest_.size()) > spec_.hardware_keys) {
      violation(fmt::format("{}, but the hardware has keys for {}", fullest_in_words(),
                            spec_.hardware_keys),
                limiting(&Mechanism::keys, spec_.hardware_keys));
    }
    if (spec_.hardware_vms && vms_ > *spec_.hardware_vms) {
      violation(fmt::format("the configuration needs {} virtual machines, but there can be {} only",
                            vms_, *spec_.hardware_vms),
                limiting(&Mechanism::vms, *spec_.hardware_vms));
    }
  }

  /// Where the explored mechanism that sets this limit was written.
  Origin limiting(std::optional<int> Mechanism::* limit, int value) const {
    for (std::size_t m = 0; m < spec_.mechanisms.size(); ++m) {
      if (spec_.explored_mechanisms[m] && spec_.mechanisms[m].*limit == value) {
        return spec_.mechanisms[m].origin;
      }
    }
    return {};
  }

  // --- Cost, risk ------------------------------------------------------------------------------

  Fixed slowdown_of(int i, std::size_t h) const {
    const auto& own = component(i).slowdown;
    const auto found = own.find(spec_.hardening[h].name);
    return Fixed(found == own.end() ? spec_.hardening[h].slowdown : found->second);
  }

  void measure_cost() {
    if (!spec_.profile) return;
    const Profile& profile = *spec_.profile;
    int scale = 0;
    for (const auto& [edge, calls] : profile.calls) scale = std::max(scale, calls.scale());
    std::vector<cpp_int> crossings(spec_.mechanisms.size());
    for (const auto& [edge, calls] : profile.calls) {
      if (edge[0] == edge[1]) continue;
      crossings[c_.level(edge[0], edge[1])] += Fixed(calls).at(scale);
    }
    for (std::size_t m = 0; m < crossings.size(); ++m) {
      const Mechanism& one = spec_.mechanisms[m];
      const Fixed gate(spec_.sharing == Sharing::copy ? one.gate_copy : one.gate_dss);
      cost_ = cost_ + Fixed{crossings[m], scale} * gate;
    }
    // Buffers are copied where a call leaves its compartment, whatever the mechanism.
    for (const auto& [edge, copying] : profile.copy) {
      const bool crosses = edge[0] != edge[1] && c_.level(edge[0], edge[1]) != 0;
      if (crosses && spec_.sharing == Sharing::copy) cost_ = cost_ + Fixed(copying);
    }
    for (int i = 0; i < n_ && !profile.work.empty(); ++i) {
      Fixed factor(variant(i).slowdown);
      for (std::size_t h = 0; h < spec_.hardening.size(); ++h) {
        if (has(i, h)) factor = factor * slowdown_of(i, h);
      }
      const Fixed work(profile.work[static_cast<std::size_t>(i)]);
      cost_ = cost_ + work * (factor - Fixed{1, 0});
    }
    result_.cost_exact = decimal_text(cost_);
    result_.cost_cycles = static_cast<double>(cost_.rational());
    const Fixed base(profile.base);
    const Fixed total = base + cost_;
    if (base.units != 0) {
      result_.slowdown = static_cast<double>(cpp_rational(total.rational() / base.rational()));
    }
    if (total.units != 0) {
      result_.relative_performance =
          static_cast<double>(cpp_rational(base.rational() / total.rational()));
    }
  }

  void measure_risk() {
    int scale = 0;
    for (const Decimal& d : spec_.asset) scale = std::max(scale, d.scale());
    std::vector<cpp_int> asset;
    asset.reserve(spec_.asset.size());
    for (const Decimal& d : spec_.asset) asset.push_back(Fixed(d).at(scale));

    Fixed weight;
    Fixed residual;
    for (int a = 0; a < n_; ++a) {
      std::vector<cpp_int> exposed(spec_.mechanisms.size());  // assets by level from a
      cpp_int all = 0;
      for (int v = 0; v < n_; ++v) {
        if (v == a) continue;
        exposed[c_.level(a, v)] += asset[static_cast<std::size_t>(v)];
        all += asset[static_cast<std::size_t>(v)];
      }
      const Fixed hundred{100, 0};
      const auto left = [&](const Decimal& strength) {  // 1 - strength, given in per cent
        Fixed f = hundred - Fixed(strength);
        f.scale += 2;
        return f;
      };
      Fixed reach;  // what isolation leaves
      for (std::size_t m = 0; m < exposed.size(); ++m) {
        if (exposed[m] == 0) continue;
        reach = reach + Fixed{exposed[m], scale} * left(spec_.mechanisms[m].strength);
      }
      Fixed chance{1, 0};  // what hardening leaves
      for (std::size_t h = 0; h < spec_.hardening.size(); ++h) {
        if (has(a, h)) chance = chance * left(spec_.hardening[h].strength);
      }
      if (variant(a).verified) ++chance.scale;  // times 1 - 0.9
      const Fixed risk(spec_.risk[static_cast<std::size_t>(a)]);
      weight = weight + risk * Fixed{all, scale};
      residual = residual + risk * reach * chance;
    }
    // Nobody threatens anything of value: no risk is left.
    const cpp_rational share =
        weight.units == 0 ? cpp_rational(0) : cpp_rational(residual.rational() / weight.rational());
    result_.residual_risk = static_cast<double>(share);
    result_.safety_score = static_cast<double>(cpp_rational(1 - share));
  }

  // --- Statements ------------------------------------------------------------------------------

  void check(const Statement& s, bool nested) {
    switch (s.kind) {
      case StatementKind::isolate:
        for (const auto& [a, b] : s.pairs) check_isolated(a, b, s.level.value_or(1), s.origin);
        return;
      case StatementKind::protect:
        for (const auto& [attacker, victim] : s.pairs) check_protected(s, attacker, victim);
        return;
      case StatementKind::together:
        for (const auto& [a, b] : s.pairs) {
          if (c_.level(a, b) == 0) continue;
          violation(fmt::format("`{}` and `{}` are parted by `{}`, but must share a compartment",
                                name(a), name(b), mechanism(c_.level(a, b))),
                    s.origin);
        }
        return;
      case StatementKind::harden:
        for (const int i : s.components) {
          for (const std::string& wanted : s.names) {
            if (has(i, wanted)) continue;
            violation(fmt::format("`{}` is not hardened with `{}`", name(i), wanted), s.origin);
          }
        }
        return;
      case StatementKind::fix_harden:
        for (const int i : s.components) check_exact_hardening(s, i);
        return;
      case StatementKind::fix_variant:
        for (const int i : s.components) {
          if (variant(i).name == s.names.front()) continue;
          violation(fmt::format("`{}` is the variant `{}`, but is fixed to `{}`", name(i),
                                variant(i).name, s.names.front()),
                    s.origin);
        }
        return;
      case StatementKind::fix_level:
        for (const auto& [a, b] : s.pairs) {
          if (c_.level(a, b) == *s.level) continue;
          violation(fmt::format("the level between `{}` and `{}` is `{}`, but is fixed to `{}`",
                                name(a), name(b), mechanism(c_.level(a, b)), mechanism(*s.level)),
                    s.origin);
        }
        return;
      case StatementKind::budget_slowdown:
        if (spec_.profile) check_slowdown(s);
        return;
      case StatementKind::budget_memory:
        if (!nested || result_.memory <= s.integer) return;
        violation(fmt::format("the configuration needs about {} bytes of memory, above the budget "
                              "of {}",
                              result_.memory, s.integer),
                  s.origin);
        return;
      case StatementKind::budget_vms:
        if (!nested || vms_ <= s.integer) return;
        violation(fmt::format("the configuration needs {} virtual machines, above the budget of {}",
                              vms_, s.integer),
                  s.origin);
        return;
      case StatementKind::budget_keys:
        if (!nested || static_cast<std::int64_t>(fullest_.size()) <= s.integer) return;
        violation(fmt::format("{}, above the budget of {} keys", fullest_in_words(), s.integer),
                  s.origin);
        return;
      case StatementKind::explore_mechanisms:
      case StatementKind::explore_hardening:
      case StatementKind::require_reads:
      case StatementKind::require_writes:
      case StatementKind::require_calls:
        return;  // judged where the choice itself is: check_explored, _hardening, _compatible
    }
  }

  void check_isolated(int a, int b, Level at_least, const Origin& origin) {
    if (c_.level(a, b) >= at_least) return;
    violation(
        fmt::format("{}, but must be isolated by at least `{}`", parted(a, b), mechanism(at_least)),
        origin);
  }

  void check_protected(const Statement& s, int attacker, int victim) {
    const Level level = c_.level(attacker, victim);
    if (level >= s.level.value_or(1)) return;
    for (const Operation op : s.operations) {
      const char* verb = op == Operation::read ? "read" : op == Operation::write ? "write" : "call";
      if (s.level) {
        violation(fmt::format("{}, but `{}` must be kept from `{}` ({}) by at least `{}`",
                              parted(attacker, victim), name(attacker), name(victim), verb,
                              mechanism(*s.level)),
                  s.origin);
        continue;
      }
      const Effective& does = effects(attacker);
      bool can = false;
      if (op == Operation::read) can = does.reads.any;
      if (op == Operation::write) can = does.writes.any;
      if (op == Operation::call) {
        const auto first = does.calls.functions.lower_bound({victim, ""});
        can = does.calls.any || (first != does.calls.functions.end() && first->first == victim);
      }
      if (!can) continue;
      violation(fmt::format("{}, and nothing keeps `{}` from {}ing `{}`", parted(attacker, victim),
                            name(attacker), op == Operation::write ? "writ" : verb, name(victim)),
                s.origin);
    }
  }

  void check_exact_hardening(const Statement& s, int i) {
    std::vector<std::string> wanted = s.names;
    std::sort(wanted.begin(), wanted.end());
    wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
    std::vector<std::string> have = hardening_names(i);
    std::sort(have.begin(), have.end());
    if (have == wanted) return;
    violation(fmt::format("the hardening of `{}` is {}, but is fixed to {}", name(i), listed(have),
                          listed(wanted)),
              s.origin);
  }

  void check_slowdown(const Statement& s) {
    const Fixed base(spec_.profile->base);
    if (base + cost_ <= base * Fixed(s.decimal)) return;
    const std::string budget = s.decimal.to_string();
    std::string reached;  // with as many digits as it takes to see the difference
    for (int digits = 4; digits <= 17; ++digits) {
      reached = fmt::format("{:.{}g}", result_.slowdown, digits);
      if (reached != budget) break;
    }
    violation(fmt::format("the slowdown is {}, above the budget of {}", reached, budget), s.origin);
  }

  const Spec& spec_;
  const Configuration& c_;
  const int n_;
  std::map<std::string, int> index_;
  std::vector<Effective> effective_;
  std::vector<int> fullest_;  ///< compartments of the address space that has most
  int vms_ = 0;
  Fixed cost_;
  Evaluation result_;
};

}  // namespace

Evaluation judge(const Spec& spec, const Configuration& c) { return Judge(spec, c).run(); }

}  // namespace flexos
