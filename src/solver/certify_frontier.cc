#include <algorithm>
#include <map>
#include <tuple>

#include "solver/judge.h"
#include "solver/refuter.h"

/// The frontier of cost and risk, confirmed.
///
/// The problem. Risk is a sum of products, and thousands of points are one staircase: as clauses
/// and sums for Z3 that is out of reach at five components already.
///
/// The idea. With the levels given, cost and risk are sums over components, one option each. That
/// is so for a box of layouts too (every pair between two levels), as a bound: each boundary at its
/// cheapest, each as wide as it gets. So a box is out when every such sum is met or beaten by a
/// point of the frontier, which is exact arithmetic on small tables. Z3 says what is not on a box
/// yet: its model's layout becomes a box, as large as it can be made, and is forbidden, until Z3
/// refutes that there is another admissible layout. What options a component has beside those that
/// it shares its compartment with all over the box is a lemma of Z3's.
///
/// What the answer rests on, then: Z3, that the boxes hold every admissible layout and the lists of
/// options every option; and sums, from the encoding's own reading of the costs.
namespace flexos {

namespace {

using Units = __int128;

std::size_t at(int i) { return static_cast<std::size_t>(i); }

struct Value {
  Units cost;
  Units risk;
};

/// What a component pays and how much of it lies open, by option.
struct Step {
  Units cost;
  Units exposure;
  std::size_t option;
};

/// Risks as whole numbers, from the definitions; `fits` is false where they are out of range.
struct Risks {
  bool fits = true;
  std::vector<Units> weight;                 ///< [attacker * n + victim]
  std::vector<Units> openness;               ///< by level
  std::vector<std::vector<Units>> exposure;  ///< [component][option]
};

std::optional<Decimal> rest_of(const Decimal& per_cent) {
  const auto rest = subtract(100, per_cent);
  return rest ? multiply(*rest, *Decimal::make(1, 2)) : std::nullopt;
}

/// To one unit; false where 128 bits are not enough.
bool whole(const std::vector<std::optional<Decimal>>& values, std::vector<Units>& result) {
  constexpr Units kMost = Units{1} << 40;
  int scale = 0;
  for (const auto& value : values) {
    if (!value) return false;
    scale = std::max(scale, value->scale());
  }
  for (const auto& value : values) {
    const auto scaled = value->scaled(scale);
    if (!scaled || *scaled < 0 || *scaled > kMost) return false;
    result.push_back(*scaled);
  }
  return true;
}

Risks risks_of(const Spec& spec, const Encoding& encoding) {
  Risks risks;
  std::vector<std::optional<Decimal>> weight;
  for (int a = 0; a < spec.size(); ++a) {
    for (int v = 0; v < spec.size(); ++v) {
      weight.push_back(a == v ? Decimal{} : multiply(spec.risk[at(a)], spec.asset[at(v)]));
    }
  }
  std::vector<std::optional<Decimal>> openness;
  for (const Mechanism& m : spec.mechanisms) openness.push_back(rest_of(m.strength));
  std::vector<std::optional<Decimal>> exposure;
  for (int i = 0; i < spec.size(); ++i) {
    for (const Encoding::Option& option : encoding.options(i)) {
      std::optional<Decimal> left = Decimal(1);
      for (std::size_t h = 0; h < spec.hardening.size() && left; ++h) {
        if ((option.hardening >> h & 1U) == 0) continue;
        const auto rest = rest_of(spec.hardening[h].strength);
        left = rest ? multiply(*left, *rest) : std::nullopt;
      }
      const bool verified = spec.components[at(i)].variants[option.variant].verified;
      if (left && verified) left = multiply(*left, *Decimal::make(1, 1));
      exposure.push_back(left);
    }
  }
  std::vector<Units> all;
  risks.fits =
      whole(weight, risks.weight) && whole(openness, risks.openness) && whole(exposure, all);
  if (!risks.fits) return risks;
  // A risk is a sum of n (n - 1) products of three.
  const auto most = [](const std::vector<Units>& values) {
    return values.empty() ? 0 : *std::max_element(values.begin(), values.end());
  };
  const Units pairs = std::max(1, spec.size() * (spec.size() - 1));
  const Units product = most(risks.weight) * most(risks.openness) * most(all);  // up to 2^120
  risks.fits = product <= (Units{1} << 126) / pairs;
  if (!risks.fits) return risks;
  auto next = all.begin();
  for (int i = 0; i < spec.size(); ++i) {
    const auto count = static_cast<std::ptrdiff_t>(encoding.options(i).size());
    risks.exposure.emplace_back(next, next + count);
    next += count;
  }
  return risks;
}

/// Boxes of layouts in which nothing is new.
class Boxes {
  static constexpr std::size_t kMostReasons = 32;

 public:
  Boxes(const Spec& spec, Encoding& encoding, const Instance& advice, std::int64_t work)
      : spec_(spec),
        encoding_(encoding),
        advice_(advice),
        n_(spec.size()),
        work_(work),
        risks_(risks_of(spec, encoding)) {
    for (std::size_t l = 0; l < spec.mechanisms.size(); ++l) {
      if (l == 0 || spec.explored_mechanisms[l]) levels_.push_back(static_cast<Level>(l));
    }
  }

  bool fits() const { return risks_.fits && encoding_.priced(); }
  bool exhausted() const { return work_ <= 0; }

  /// False: the points are no staircase.
  bool take(const std::vector<Configuration>& points) {
    for (const Configuration& c : points) {
      const auto value = value_of(c);
      if (!value) return false;
      if (!stairs_.empty() &&
          (value->cost <= stairs_.back().cost || value->risk >= stairs_.back().risk)) {
        return false;
      }
      stairs_.push_back(*value);
    }
    return true;
  }

  struct Box {
    std::vector<Level> low;
    std::vector<Level> high;
  };

  /// Is everything in the box met or beaten by a point? If not, `rest` gets options for which it is
  /// not.
  bool settled(const Box& box, std::vector<std::size_t>& rest) {
    return sums_settled(bounds_of(box), rest);
  }

  /// Makes the box as large as it stays settled: first upwards, which costs nothing where there are
  /// no calls.
  void widen(Box& box) {
    for (std::size_t p = 0; p < box.high.size() && !exhausted(); ++p) {
      stretch(box, box.high[p], levels_.back());
    }
    for (std::size_t p = 0; p < box.low.size() && !exhausted(); ++p) {
      stretch(box, box.low[p], levels_.front());
    }
  }

 private:
  struct Partial {
    Units cost;
    Units risk;
    std::size_t from;
    std::size_t pick;
  };

  /// The least that the layouts of a box leave: what boundaries cost, how wide each component lies
  /// open, and between which options it has the choice.
  struct Bounds {
    Units gates = 0;
    std::vector<Units> open;
    std::vector<const std::vector<Step>*> steps;
  };

  Bounds bounds_of(const Box& box) {
    Bounds bounds;
    bounds.open.assign(at(n_), 0);
    std::vector<std::vector<int>> mates(at(n_));
    for (int i = 0; i < n_; ++i) {
      for (int j = 0; j < i; ++j) {
        const auto p = at(pair_index(i, j));
        Units gate = encoding_.gate(pair_index(i, j), box.low[p]);
        Units openness = risks_.openness[box.low[p]];
        for (const Level l : levels_) {
          if (l <= box.low[p] || l > box.high[p]) continue;
          gate = std::min(gate, encoding_.gate(pair_index(i, j), l));
          openness = std::min(openness, risks_.openness[l]);
        }
        bounds.gates += gate;
        bounds.open[at(i)] += openness * risks_.weight[at(i * n_ + j)];
        bounds.open[at(j)] += openness * risks_.weight[at(j * n_ + i)];
        if (box.high[p] == 0) {
          mates[at(i)].push_back(j);
          mates[at(j)].push_back(i);
        }
      }
    }
    for (int i = 0; i < n_; ++i) bounds.steps.push_back(&steps_of(i, mates[at(i)]));
    return bounds;
  }

  /// Can these options be taken in the box, as far as its bounds say, and are they not beaten?
  bool holds(const std::vector<std::size_t>& options, const Bounds& bounds) const {
    Value sum{bounds.gates, 0};
    for (int i = 0; i < n_; ++i) {
      const auto& steps = *bounds.steps[at(i)];
      const auto mine = std::find_if(steps.begin(), steps.end(),
                                     [&](const Step& s) { return s.option == options[at(i)]; });
      if (mine == steps.end()) return false;
      sum.cost += mine->cost;
      sum.risk += bounds.open[at(i)] * mine->exposure;
    }
    return !beaten(sum.cost, sum.risk);
  }

  /// The same for trials, most of which fail for a reason that an earlier one failed for.
  bool stays_settled(const Box& box) {
    const Bounds bounds = bounds_of(box);
    for (std::size_t k = 0; k < reasons_.size(); ++k) {
      --work_;
      if (!holds(reasons_[k], bounds)) continue;
      std::rotate(reasons_.begin(), reasons_.begin() + static_cast<std::ptrdiff_t>(k),
                  reasons_.begin() + static_cast<std::ptrdiff_t>(k) + 1);
      return false;
    }
    std::vector<std::size_t> rest;
    if (sums_settled(bounds, rest)) return true;
    if (rest.empty()) return false;
    if (reasons_.size() >= kMostReasons) reasons_.pop_back();
    reasons_.insert(reasons_.begin(), std::move(rest));
    return false;
  }

  std::optional<Value> value_of(const Configuration& c) const {
    Value value{0, 0};
    for (int i = 0; i < n_; ++i) {
      const Encoding::Option* mine = encoding_.option_of(i, c);
      if (mine == nullptr) return std::nullopt;
      value.cost += mine->cost;
      Units open = 0;
      for (int j = 0; j < n_; ++j) {
        if (j == i) continue;
        if (j < i) value.cost += encoding_.gate(pair_index(i, j), c.level(i, j));
        open += risks_.openness[c.level(i, j)] * risks_.weight[at(i * n_ + j)];
      }
      value.risk +=
          open * risks_.exposure[at(i)][at(static_cast<int>(mine - encoding_.options(i).data()))];
    }
    return value;
  }

  /// What the budget forbids counts as beaten.
  bool beaten(Units cost, Units risk) const {
    if (encoding_.most_cost() && cost > *encoding_.most_cost()) return true;
    const auto next = std::upper_bound(stairs_.begin(), stairs_.end(), cost,
                                       [](Units c, const Value& v) { return c < v.cost; });
    return next != stairs_.begin() && std::prev(next)->risk <= risk;
  }

  /// The options of a component beside its mates, but for those that cost more and leave more open.
  const std::vector<Step>& steps_of(int i, const std::vector<int>& mates) {
    std::vector<int> key{i};
    key.insert(key.end(), mates.begin(), mates.end());
    const auto [known, made] = steps_.try_emplace(key);
    if (!made) return known->second;
    const auto& options = encoding_.options(i);
    ClassMask allowed = advice_.all_classes(i);
    for (const int mate : mates) allowed &= advice_.co_resident[at(i * n_ + mate)];
    std::vector<bool> wanted(options.size(), mates.empty());
    for (std::size_t c = 0; c < advice_.classes[at(i)].size(); ++c) {
      if ((allowed >> c & 1U) == 0) continue;
      for (const Option& o : advice_.classes[at(i)][c].options) {
        for (std::size_t k = 0; k < options.size(); ++k) {
          if (options[k].variant == o.variant && options[k].hardening == o.hardening) {
            wanted[k] = true;
          }
        }
      }
    }
    const bool all = std::all_of(wanted.begin(), wanted.end(), [](bool w) { return w; });
    if (!all && !encoding_.prove_options(i, mates, wanted)) wanted.assign(options.size(), true);
    std::vector<Step> steps;
    for (std::size_t k = 0; k < options.size(); ++k) {
      if (wanted[k]) steps.push_back({options[k].cost, risks_.exposure[at(i)][k], k});
    }
    std::sort(steps.begin(), steps.end(), [](const Step& a, const Step& b) {
      return std::tie(a.cost, a.exposure, a.option) < std::tie(b.cost, b.exposure, b.option);
    });
    for (const Step& s : steps) {
      if (known->second.empty() || s.exposure < known->second.back().exposure) {
        known->second.push_back(s);
      }
    }
    return known->second;
  }

  bool sums_settled(const Bounds& bounds, std::vector<std::size_t>& rest) {
    const auto& [gates, open, steps] = bounds;
    std::vector<Units> least_cost(at(n_) + 1, 0);
    std::vector<Units> least_risk(at(n_) + 1, 0);
    for (int i = n_ - 1; i >= 0; --i) {
      if (steps[at(i)]->empty()) return true;  // no option: nothing admissible is in the box
      least_cost[at(i)] = least_cost[at(i) + 1] + steps[at(i)]->front().cost;
      least_risk[at(i)] = least_risk[at(i) + 1] + steps[at(i)]->back().exposure * open[at(i)];
    }
    std::vector<std::vector<Partial>> stages(at(n_) + 1);
    stages[0].push_back({gates, 0, 0, 0});
    for (int i = 0; i < n_; ++i) {
      std::vector<Partial> sums;
      const auto& from = stages[at(i)];
      for (std::size_t f = 0; f < from.size(); ++f) {
        for (std::size_t s = 0; s < steps[at(i)]->size(); ++s) {
          const Step& step = (*steps[at(i)])[s];
          const Partial sum{from[f].cost + step.cost, from[f].risk + step.exposure * open[at(i)], f,
                            s};
          if (beaten(sum.cost + least_cost[at(i) + 1], sum.risk + least_risk[at(i) + 1])) continue;
          sums.push_back(sum);
        }
      }
      work_ -= static_cast<std::int64_t>(from.size() * steps[at(i)]->size());
      if (sums.empty()) return true;
      if (exhausted()) return false;
      std::sort(sums.begin(), sums.end(), [](const Partial& a, const Partial& b) {
        return std::tie(a.cost, a.risk, a.from, a.pick) < std::tie(b.cost, b.risk, b.from, b.pick);
      });
      auto& kept = stages[at(i) + 1];
      for (const Partial& s : sums) {
        if (kept.empty() || s.risk < kept.back().risk) kept.push_back(s);
      }
    }
    rest.assign(at(n_), 0);
    std::size_t k = stages[at(n_)].size() / 2;
    for (int i = n_ - 1; i >= 0; --i) {
      const Partial& partial = stages[at(i) + 1][k];
      rest[at(i)] = (*steps[at(i)])[partial.pick].option;
      k = partial.from;
    }
    return false;
  }

  /// Moves one side of the box to `goal`, or as near as can be.
  void stretch(Box& box, Level& side, Level goal) {
    if (side == goal) return;
    const Level before = side;
    side = goal;
    if (stays_settled(box)) return;
    side = before;
    const auto place = std::lower_bound(levels_.begin(), levels_.end(), before);
    const bool up = goal > before;
    for (auto next = place; *next != goal;) {
      next = up ? std::next(next) : std::prev(next);
      if (*next == goal) return;
      const Level last = side;
      side = *next;
      if (stays_settled(box)) continue;
      side = last;
      return;
    }
  }

  const Spec& spec_;
  Encoding& encoding_;
  const Instance& advice_;
  int n_;
  std::int64_t work_;
  Risks risks_;
  std::vector<Level> levels_;
  std::vector<Value> stairs_;
  std::map<std::vector<int>, std::vector<Step>> steps_;
  std::vector<std::vector<std::size_t>>
      reasons_;  ///< options for which a trial failed, newest use first
};

}  // namespace

RefutationResult Certifier::refute_frontier(const std::vector<Configuration>& points,
                                            const Instance& advice, std::int64_t effort,
                                            std::int64_t work) {
  const Spec& spec = refuter_->spec();
  if (!spec.profile) return {};
  Encoding& encoding = refuter_->encoding();
  refuter_->limit(effort);
  encoding.require_budget();
  Boxes boxes(spec, encoding, advice, work);
  if (!boxes.fits()) return {};
  if (!boxes.take(points)) return {Refutation::refuted, points.front(), true};
  for (;;) {
    const z3::check_result verdict = encoding.clauses().check();
    if (verdict == z3::unsat) break;
    if (verdict != z3::sat) return {};
    auto found = encoding.read();
    if (!found) continue;  // it broke what Z3 was not told yet
    Boxes::Box box{found->levels, found->levels};
    std::vector<std::size_t> rest;
    if (!boxes.settled(box, rest)) {
      if (boxes.exhausted()) return {};
      for (int i = 0; i < spec.size(); ++i) {
        const Encoding::Option& option = encoding.options(i)[rest[at(i)]];
        found->variants[at(i)] = option.variant;
        found->hardening[at(i)] = option.hardening;
      }
      if (!judge(spec, *found).admissible) return {};
      return {Refutation::refuted, *found};
    }
    boxes.widen(box);
    if (boxes.exhausted()) return {};
    encoding.forbid_between(box.low, box.high);
  }
  for (const Configuration& c : points) {
    if (!judge(spec, c).admissible) return {Refutation::refuted, c, true};
  }
  return {Refutation::confirmed, {}};
}

}  // namespace flexos
