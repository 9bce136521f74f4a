#include <algorithm>

#include "solver/encoding.h"

/// What things cost, for Z3.
///
/// Cost is a sum over pairs and components, and "cheaper than that" a pseudo-Boolean inequality.
/// Three things stand between the two, and each is met without losing anything cheaper:
///   - Hardening factors multiply: a component's cost is not a sum over its hardenings. The
///     inequality has the largest such sum that stays below it.
///   - Z3's coefficients are C ints: what does not fit is rounded down.
///   - So a model may be too dear. Its exact cost is added up from parts, and the fewest parts that
///     are too dear by themselves become a clause that forbids them together.
namespace flexos {

namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

constexpr __int128 kMostWeight = __int128{1} << 30;
/// No sum of weights comes near what 128 bits hold.
constexpr __int128 kMostUnits = __int128{1} << 120;

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

}  // namespace

std::optional<Decimal> Encoding::option_cost(int i, std::uint8_t variant,
                                             std::uint64_t hardening) const {
  const Component& component = spec_.components[at(i)];
  std::optional<Decimal> factor = component.variants[variant].slowdown;
  for (std::size_t h = 0; h < spec_.hardening.size() && factor; ++h) {
    if ((hardening >> h & 1U) == 0) continue;
    const auto own = component.slowdown.find(spec_.hardening[h].name);
    factor = multiply(*factor,
                      own == component.slowdown.end() ? spec_.hardening[h].slowdown : own->second);
  }
  if (factor) factor = subtract(*factor, 1);
  return factor ? multiply(spec_.profile->work[at(i)], *factor) : std::nullopt;
}

/// Brings every cost to one unit. Where sums of them might not fit, cost is left to the caller.
void Encoding::price() {
  gate_.resize(apart_.size());
  if (!spec_.profile) {
    priced_ = true;  // nothing costs anything
    return;
  }
  std::vector<std::vector<Decimal>> gates(apart_.size());
  std::vector<std::vector<Decimal>> options(at(n_));
  for (int i = 0; i < n_; ++i) {
    for (int j = 0; j < i; ++j) {
      auto& gate = gates[at(pair_index(i, j))];
      for (int level = 0; level <= top_; ++level) {
        const auto cost = between(spec_, i, j, level);
        if (!cost) return;
        cost_scale_ = std::max(cost_scale_, cost->scale());
        gate.push_back(*cost);
      }
      const auto is_free = [](const Decimal& cost) { return cost == Decimal{}; };
      if (std::all_of(gate.begin(), gate.end(), is_free)) gate.clear();
    }
    for (const Option& option : options_[at(i)]) {
      const auto cost = option_cost(i, option.variant, option.hardening);
      if (!cost) return;
      cost_scale_ = std::max(cost_scale_, cost->scale());
      options[at(i)].push_back(*cost);
    }
  }
  Units total = 0;
  const auto units = [&](const std::vector<Decimal>& costs, std::vector<Units>& result) {
    Units most = 0;
    for (const Decimal& cost : costs) {
      const auto scaled = cost.scaled(cost_scale_);
      if (!scaled || *scaled >= kMostUnits || *scaled <= -kMostUnits) return false;
      result.push_back(*scaled);
      most = std::max(most, *scaled < 0 ? -*scaled : *scaled);
    }
    total += most;
    return total < kMostUnits;
  };
  for (std::size_t p = 0; p < gate_.size(); ++p) {
    if (!units(gates[p], gate_[p])) return;
  }
  for (int i = 0; i < n_; ++i) {
    std::vector<Units> costs;
    if (!units(options[at(i)], costs)) return;
    for (std::size_t o = 0; o < costs.size(); ++o) options_[at(i)][o].cost = costs[o];
  }
  priced_ = true;
}

const Encoding::Option* Encoding::option_of(int i, const Configuration& c) const {
  const auto& list = options_[at(i)];
  const auto known = std::find_if(list.begin(), list.end(), [&](const Option& o) {
    return o.variant == c.variants[at(i)] && o.hardening == c.hardening[at(i)];
  });
  return known == list.end() ? nullptr : &*known;
}

std::optional<Encoding::Units> Encoding::cost(const Configuration& c) const {
  if (!priced_ || !spec_.profile) return std::nullopt;
  Units sum = 0;
  for (std::size_t p = 0; p < gate_.size(); ++p) {
    if (!gate_[p].empty()) sum += gate_[p][c.levels[p]];
  }
  for (int i = 0; i < n_; ++i) {
    if (const Option* known = option_of(i, c)) {
      sum += known->cost;
      continue;
    }
    const auto other = option_cost(i, c.variants[at(i)], c.hardening[at(i)]);
    const auto scaled = other ? other->scaled(cost_scale_) : std::nullopt;
    if (!scaled) return std::nullopt;
    sum += *scaled;
  }
  return sum;
}

void Encoding::cap(Units most) {
  if (!most_cost_ || most < *most_cost_) most_cost_ = most;
}

void Encoding::require_cheaper_than(const Configuration& c) {
  const auto bar = cost(c);
  if (!bar) return;
  cap(*bar - 1);
  require(*bar - 1, {});
}

void Encoding::require_budget() {
  if (!priced_ || !spec_.profile) return;  // without a profile everything is within any budget
  for (const Statement& s : spec_.statements) {
    if (s.kind != StatementKind::budget_slowdown) continue;
    const auto extra = subtract(s.decimal, 1);
    const auto limit = extra ? multiply(spec_.profile->base, *extra) : std::nullopt;
    if (!limit) continue;
    // Costs are whole units: so may the limit be, rounded down.
    Units units = limit->units();
    if (limit->scale() > cost_scale_) {
      const Units divisor = power_of_ten(limit->scale() - cost_scale_);
      units = units / divisor - (units % divisor < 0 ? 1 : 0);
    } else {
      const auto scaled = limit->scaled(cost_scale_);
      if (!scaled) continue;
      units = *scaled;
    }
    if (units >= kMostUnits) continue;
    cap(units);
    require(units, {});
  }
}

void Encoding::require_weighted_cheaper(const Configuration& c,
                                        const std::vector<WeightedCut>& cuts, int scale) {
  const auto bar = cost(c);
  if (!bar) return;
  cap(*bar - 1);
  // What the search ruled out at once may have more decimal places than its units. The other way
  // round, weights are advice: fractions of a unit are dropped.
  Units finer = 1;
  Units coarser = 1;
  if (scale < cost_scale_) finer = power_of_ten(cost_scale_ - scale);
  if (scale > cost_scale_) coarser = power_of_ten(scale - cost_scale_);
  std::vector<WeightedCut> whole;
  Units total = 0;
  for (const WeightedCut& cut : cuts) {
    Units weight = 0;
    if (__builtin_mul_overflow(cut.weight, finer, &weight)) continue;
    weight /= coarser;
    const auto parts = static_cast<Units>(cut.pairs.size() + 2);
    if (weight <= 0 || weight >= (kMostUnits - total) / parts) continue;
    total += weight * parts;
    whole.push_back(cut);
    whole.back().weight = weight;
  }
  require(*bar - 1, whole);
}

std::vector<bool> Encoding::options_of(const WeightedCut& cut) const {
  std::vector<bool> wanted;
  for (const Option& o : options_[at(cut.u)]) {
    const auto same = [&](const auto& other) {
      return other.first == o.variant && other.second == o.hardening;
    };
    wanted.push_back(std::any_of(cut.options.begin(), cut.options.end(), same));
  }
  return wanted;
}

/// Conjunctions that together say "component i takes one of the wanted options", each with as few
/// literals as the options that there are allow.
std::vector<Encoding::Conjunction> Encoding::patterns(int i,
                                                      const std::vector<bool>& wanted) const {
  const auto& list = options_[at(i)];
  const auto& free = free_[at(i)];
  const std::size_t picks = std::size_t{1} << free.size();
  const auto pick_of = [&](const Option& o) {
    std::size_t pick = 0;
    for (std::size_t k = 0; k < free.size(); ++k) {
      if ((o.hardening >> free[k] & 1U) != 0) pick |= std::size_t{1} << k;
    }
    return pick;
  };
  std::vector<Conjunction> result;
  for (std::size_t v = 0; v < is_[at(i)].size(); ++v) {
    std::vector<bool> unwanted(picks, false);
    std::vector<bool> open(picks, false);
    for (std::size_t o = 0; o < list.size(); ++o) {
      if (list[o].variant != v) continue;
      (wanted[o] ? open : unwanted)[pick_of(list[o])] = true;
    }
    for (std::size_t first = 0; first < picks; ++first) {
      if (!open[first]) continue;
      // Bits may be dropped while nothing unwanted fits. (What cannot be may fit.)
      std::size_t dropped = 0;
      for (std::size_t k = 0; k < free.size(); ++k) {
        const std::size_t bit = std::size_t{1} << k;
        bool may = true;
        for (std::size_t sub = dropped;; sub = (sub - 1) & dropped) {
          may = may && !unwanted[((first & ~dropped) | sub) ^ bit];
          if (sub == 0 || !may) break;
        }
        if (may) dropped |= bit;
      }
      for (std::size_t sub = dropped;; sub = (sub - 1) & dropped) {
        open[(first & ~dropped) | sub] = false;
        if (sub == 0) break;
      }
      Conjunction all{is_[at(i)][v]};
      for (std::size_t k = 0; k < free.size(); ++k) {
        if ((dropped >> k & 1U) != 0) continue;
        const Literal has = has_[at(i)][at(free[k])];
        all.push_back((first >> k & 1U) != 0 ? has : !has);
      }
      result.push_back(std::move(all));
    }
  }
  return result;
}

/// Holds where the cut's component takes one of its options.
Literal Encoding::takes_any(const WeightedCut& cut) {
  if (cut.u < 0) return {};
  std::vector<bool> wanted = options_of(cut);
  const auto [known, made] = takes_.try_emplace({cut.u, wanted});
  if (made) known->second = implied_by(patterns(cut.u, wanted));
  return known->second;
}

/// The cut's pairs are steps of a path; between two of them there may be one that is no step
/// because it is never apart.
void Encoding::add_path(const WeightedCut& cut) {
  const auto meets = [&](int x, int y) {
    return x == y || joined_[at(pair_index(x, y))] < cut.level;
  };
  std::vector<int> path;
  for (std::size_t k = 0; k < cut.pairs.size(); ++k) {
    auto [x, y] = cut.pairs[k];
    if (k == 0 && cut.pairs.size() > 1) {
      const auto& [u, v] = cut.pairs[1];
      if (!meets(y, u) && !meets(y, v)) std::swap(x, y);
    }
    if (k > 0 && !meets(path.back(), x)) std::swap(x, y);
    if (k > 0 && !meets(path.back(), x)) return;
    if (path.empty() || path.back() != x) path.push_back(x);
    path.push_back(y);
  }
  along(path, cut.level);
}

bool Encoding::prove(const std::vector<WeightedCut>& cuts) {
  // One question for all: given `claim`, some lemma fails.
  const Literal claim = clauses_.fresh();
  std::vector<Literal> fails{!claim};
  for (const WeightedCut& cut : cuts) {
    if (cut.monotone) {
      if (cut.below > cut.level) return false;
      continue;
    }
    add_path(cut);
    const Literal broken = clauses_.fresh();
    for (const auto& [i, j] : cut.pairs) clauses_.add({!broken, !apart(i, j, cut.level)});
    if (cut.u >= 0) takes_none(broken, cut.u, options_of(cut));
    fails.push_back(broken);
  }
  clauses_.add(fails);
  return contradicts(claim);
}

/// Asserts that, given that, component i takes none of the options.
void Encoding::takes_none(Literal given, int i, const std::vector<bool>& options) {
  for (Conjunction& all : patterns(i, options)) {
    for (Literal& literal : all) literal = !literal;
    all.push_back(!given);
    clauses_.add(all);
  }
}

/// Does the claim contradict the encoding? Models that break what Z3 was not told yet are no
/// objection. False: it does not, or Z3 does not say. It has been asked then: it holds no more.
bool Encoding::contradicts(Literal claim) {
  constexpr int kRounds = 50;
  z3::check_result verdict = z3::sat;
  for (int round = 0; round < kRounds && verdict == z3::sat; ++round) {
    verdict = clauses_.check(claim);
    if (verdict == z3::sat && read()) break;
  }
  clauses_.add({!claim});
  return verdict == z3::unsat;
}

bool Encoding::prove_cheapest(const std::vector<Configuration>& list) {
  if (!priced_) return false;
  // One question for all, each component beside the same others once: given `claim`, some option
  // is cheaper.
  const Literal claim = clauses_.fresh();
  std::vector<Literal> fails{!claim};
  std::set<std::pair<std::vector<int>, std::uint64_t>> asked;
  for (const Configuration& c : list) {
    for (int i = 0; i < n_; ++i) {
      std::vector<int> who{i, int{c.variants[at(i)]}};
      for (int j = 0; j < n_; ++j) {
        if (j != i && c.level(i, j) == 0) who.push_back(j);
      }
      if (!asked.insert({who, c.hardening[at(i)]}).second) continue;
      const Option* mine = option_of(i, c);
      if (mine == nullptr) return false;
      std::vector<bool> no_cheaper;
      for (const Option& o : options_[at(i)]) no_cheaper.push_back(o.cost >= mine->cost);
      if (std::all_of(no_cheaper.begin(), no_cheaper.end(), [](bool b) { return b; })) continue;
      const Literal cheaper = clauses_.fresh();
      for (std::size_t k = 2; k < who.size(); ++k) {
        clauses_.add({!cheaper, !apart(i, who[k], 1)});
      }
      takes_none(cheaper, i, no_cheaper);
      fails.push_back(cheaper);
    }
  }
  clauses_.add(fails);
  return contradicts(claim);
}

void Encoding::forbid_covered(const Configuration& c) {
  std::vector<Level> low = c.levels;
  for (std::size_t p = 0; p < low.size() && priced_; ++p) {
    const auto& gate = gate_[p];
    const auto dearest = [&] { return gate.empty() || gate[low[p] - 1U] >= gate[c.levels[p]]; };
    while (low[p] > 0 && dearest()) --low[p];
  }
  forbid_between(low, c.levels);
}

Encoding::Units Encoding::gate(int pair, int level) const {
  return gate_[at(pair)].empty() ? 0 : gate_[at(pair)][at(level)];
}

bool Encoding::prove_options(int i, const std::vector<int>& mates,
                             const std::vector<bool>& wanted) {
  const Literal claim = clauses_.fresh();
  for (const int mate : mates) clauses_.add({!claim, !apart(i, mate, 1)});
  takes_none(claim, i, wanted);
  return contradicts(claim);
}

/// A literal that holds where more than one way of the cut is paid for.
Literal Encoding::surplus(const WeightedCut& cut) {
  if (cut.monotone) {
    const auto& [i, j] = cut.pairs[0];
    return implied_by({{apart(i, j, cut.below), !apart(i, j, cut.level)}});
  }
  std::vector<Literal> ways;
  for (const auto& [i, j] : cut.pairs) ways.push_back(apart(i, j, cut.level));
  ways.push_back(takes_any(cut));
  std::vector<Conjunction> twos;
  for (std::size_t k = 0; k < ways.size(); ++k) {
    for (std::size_t l = 0; l < k; ++l) twos.push_back({ways[k], ways[l]});
  }
  return implied_by(twos);
}

/// Adds to `sum` the largest weighted sum of its hardenings and of its `group` (by option) that is
/// nowhere above what component i pays (by option).
void Encoding::add_options(int i, const std::vector<Units>& paid, const std::vector<int>& group,
                           Sum& sum) {
  const auto& list = options_[at(i)];
  if (list.empty()) return;
  std::map<std::pair<std::uint8_t, std::uint64_t>, std::size_t> index;
  for (std::size_t o = 0; o < list.size(); ++o) {
    index[{list[o].variant, list[o].hardening}] = o;
  }
  // What a hardening costs at least on top of others that leave the group what it is.
  std::vector<Units> rest = paid;
  for (const int h : free_[at(i)]) {
    const std::uint64_t bit = std::uint64_t{1} << h;
    std::optional<Units> step;
    for (std::size_t o = 0; o < list.size(); ++o) {
      if ((list[o].hardening & bit) != 0) continue;
      const auto with = index.find({list[o].variant, list[o].hardening | bit});
      if (with == index.end() || group[with->second] != group[o]) continue;
      const Units extra = paid[with->second] - paid[o];
      if (!step || extra < *step) step = extra;
    }
    if (!step || *step <= 0) continue;
    sum.add(has_[at(i)][at(h)], *step);
    for (std::size_t o = 0; o < list.size(); ++o) {
      if ((list[o].hardening & bit) != 0) rest[o] -= *step;
    }
  }
  std::map<int, Units> cheapest;
  for (std::size_t o = 0; o < list.size(); ++o) {
    const auto [known, made] = cheapest.try_emplace(group[o], rest[o]);
    if (!made) known->second = std::min(known->second, rest[o]);
  }
  // Exactly one option holds: the least is paid whichever it is.
  Units least = cheapest.begin()->second;
  for (const auto& [_, cost] : cheapest) least = std::min(least, cost);
  sum.limit -= least;
  for (const auto& [which, cost] : cheapest) {
    if (cost == least) continue;
    std::vector<bool> wanted;
    for (const int g : group) wanted.push_back(g == which);
    const auto [known, made] = takes_.try_emplace({i, wanted});
    if (made) known->second = implied_by(patterns(i, wanted));
    sum.add(known->second, cost - least);
  }
}

/// Asserts cost <= most, less the weighted cuts.
void Encoding::require(Units most, const std::vector<WeightedCut>& cuts) {
  Sum sum;
  sum.limit = most;
  std::vector<std::vector<Units>> paid(at(n_));
  std::vector<std::vector<int>> group(at(n_));
  for (int i = 0; i < n_; ++i) {
    for (const Option& o : options_[at(i)]) {
      paid[at(i)].push_back(o.cost);
      group[at(i)].push_back(o.variant);
    }
    for (int j = 0; j < i; ++j) {
      const auto p = at(pair_index(i, j));
      const auto& gate = gate_[p];
      if (gate.empty()) continue;
      Units below = gate[lower_[p]];
      sum.limit -= below;
      for (int level = lower_[p] + 1; level <= upper_[p]; ++level) {
        if (!spec_.explored_mechanisms[at(level)]) continue;
        sum.add(apart(i, j, level), gate[at(level)] - below);
        below = gate[at(level)];
      }
    }
  }
  for (const WeightedCut& cut : cuts) {
    // pays + hardened >= 1 + surplus, or, where monotone, x(below) - x(level) >= surplus
    sum.add(surplus(cut), cut.weight);
    if (cut.monotone) {
      const auto& [i, j] = cut.pairs[0];
      sum.add(apart(i, j, cut.below), -cut.weight);
      sum.add(apart(i, j, cut.level), cut.weight);
      continue;
    }
    sum.limit -= cut.weight;
    for (const auto& [i, j] : cut.pairs) sum.add(apart(i, j, cut.level), -cut.weight);
    if (cut.u < 0) continue;
    const std::vector<bool> wanted = options_of(cut);
    std::map<std::pair<int, bool>, int> split;
    for (std::size_t o = 0; o < wanted.size(); ++o) {
      if (wanted[o]) paid[at(cut.u)][o] -= cut.weight;
      int& mine = group[at(cut.u)][o];
      mine = split.try_emplace({mine, wanted[o]}, static_cast<int>(split.size())).first->second;
    }
  }
  for (int i = 0; i < n_; ++i) add_options(i, paid[at(i)], group[at(i)], sum);
  require_at_most(std::move(sum));
}

void Encoding::require_at_most(Sum sum) {
  // A negative weight counts what is absent instead.
  std::vector<std::pair<Literal, Units>> terms;
  Units divisor = 0;
  for (const auto& [literal, weight] : sum.terms) {
    if (weight == 0) continue;
    if (weight < 0) sum.limit -= weight;
    terms.emplace_back(weight < 0 ? !literal : literal, weight < 0 ? -weight : weight);
    Units a = divisor;
    Units b = terms.back().second;
    while (b != 0) {
      const Units r = a % b;
      a = b;
      b = r;
    }
    divisor = a;
  }
  if (sum.limit < 0) {
    clauses_.add({});
    return;
  }
  if (divisor == 0) return;  // no terms
  Units limit = sum.limit / divisor;
  Units total = 0;
  for (auto& [_, weight] : terms) {
    // What alone breaks the limit weighs no more than that.
    weight = std::min(weight / divisor, limit + 1);
    total += weight;
  }
  if (total <= limit) return;
  if (total >= kMostWeight) {
    const Units rounding = total / kMostWeight + 1;
    limit /= rounding;
    for (auto& [_, weight] : terms) weight = std::min(weight / rounding, limit + 1);
  }
  std::vector<std::pair<Literal, int>> weighted;
  for (const auto& [literal, weight] : terms) {
    if (weight > 0) weighted.emplace_back(literal, static_cast<int>(weight));
  }
  clauses_.at_most(weighted, static_cast<int>(limit));
}

/// `c` costs more than `most`: forbids the fewest of its parts that do so with the least that
/// everything else can cost.
void Encoding::forbid_dear(const Configuration& c, Units most) {
  struct Part {
    Units extra;  ///< what the part costs above the least it could
    int i;
    int j;  ///< -1: a component's option
  };
  std::vector<Part> parts;
  Units sum = 0;
  for (int i = 0; i < n_; ++i) {
    Units least = options_[at(i)].front().cost;
    Units now = least;
    for (const Option& o : options_[at(i)]) {
      least = std::min(least, o.cost);
      if (o.variant == c.variants[at(i)] && o.hardening == c.hardening[at(i)]) now = o.cost;
    }
    sum += least;
    parts.push_back({now - least, i, -1});
    for (int j = 0; j < i; ++j) {
      const auto p = at(pair_index(i, j));
      if (gate_[p].empty()) continue;
      least = least_gate(i, j, lower_[p]);
      sum += least;
      parts.push_back({gate_[p][c.levels[p]] - least, i, j});
    }
  }
  std::stable_sort(parts.begin(), parts.end(),
                   [](const Part& a, const Part& b) { return a.extra > b.extra; });
  std::size_t count = 0;
  while (count < parts.size() && sum <= most) sum += parts[count++].extra;
  parts.resize(count);
  // What the sum has to spare lets a part stand for more than itself.
  std::vector<Literal> clause;
  for (const Part& part : parts) {
    Units spare = sum - most - 1;
    if (part.j >= 0) {
      const Level now = c.level(part.i, part.j);
      const Units paid = gate_[at(pair_index(part.i, part.j))][now];
      int from = lower_[at(pair_index(part.i, part.j))];
      while (from < now && paid - least_gate(part.i, part.j, from) > spare) ++from;
      const Units loss = paid - least_gate(part.i, part.j, from);
      clause.push_back(!apart(part.i, part.j, from));
      if (loss > spare) {
        clause.push_back(apart(part.i, part.j, now + 1));  // dearer only just here
      } else {
        sum -= loss;
      }
      continue;
    }
    const std::uint64_t used = c.hardening[at(part.i)];
    const std::uint8_t variant = c.variants[at(part.i)];
    Units now = 0;
    std::optional<Units> least;
    for (const Option& o : options_[at(part.i)]) {
      if (o.variant != variant || (o.hardening & used) != used) continue;
      if (o.hardening == used) now = o.cost;
      if (!least || o.cost < *least) least = o.cost;
    }
    const bool with_more = least && now - *least <= spare;
    if (with_more) sum -= now - *least;
    clause.push_back(!is_[at(part.i)][variant]);
    for (std::size_t h = 0; h < spec_.hardening.size(); ++h) {
      const bool has = (used >> h & 1U) != 0;
      if (has) clause.push_back(!has_[at(part.i)][h]);
      if (!has && !with_more) clause.push_back(has_[at(part.i)][h]);
    }
  }
  clauses_.add(clause);
}

/// The least that a pair costs at `from` or above.
Encoding::Units Encoding::least_gate(int i, int j, int from) const {
  const auto& gate = gate_[at(pair_index(i, j))];
  std::optional<Units> least;
  for (int level = from; level <= upper_[at(pair_index(i, j))]; ++level) {
    if (!spec_.explored_mechanisms[at(level)]) continue;
    if (!least || gate[at(level)] < *least) least = gate[at(level)];
  }
  return least.value_or(0);
}

}  // namespace flexos
