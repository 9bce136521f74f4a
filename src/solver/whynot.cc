#include "solver/whynot.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "solver/explain.h"
#include "solver/frontier.h"
#include "solver/judge.h"
#include "solver/rank.h"

namespace flexos {

namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

std::string pair_name(const Spec& spec, int i, int j) {
  const std::string& a = spec.components[at(i)].name;
  const std::string& b = spec.components[at(j)].name;
  return a < b ? a + "|" + b : b + "|" + a;
}

std::optional<Configuration> best_of(const Spec& spec, const Ask& request) {
  RankRequest ask;
  static_cast<Ask&>(ask) = request;
  ask.certify = Certify::never;
  ask.top = 1;
  const Ranking ranking = rank(spec, ask);
  if (ranking.configurations.empty()) return std::nullopt;
  return ranking.configurations.front();
}

void compare(const Spec& spec, const Ask& request, WhyNot& answer) {
  if (!spec.profile) return;
  const auto best = best_of(spec, request);
  if (!best) return;
  answer.best = *best;
  answer.best_known = true;
  using Key = std::pair<CostItem::Kind, std::string>;
  std::map<Key, DeltaItem> parts;
  for (const CostItem& item : cost_items(spec, answer.configuration)) {
    parts[{item.kind, item.what}].mine = item;
  }
  for (const CostItem& item : cost_items(spec, *best)) parts[{item.kind, item.what}].best = item;
  for (auto& [key, part] : parts) {
    part.cycles = part.mine.cycles - part.best.cycles;
    if (part.cycles != 0 || part.mine.choice != part.best.choice) answer.delta.push_back(part);
  }
  std::stable_sort(answer.delta.begin(), answer.delta.end(),
                   [](const DeltaItem& a, const DeltaItem& b) { return a.cycles > b.cycles; });
}

/// `spec` with the layout as two more statements.
Spec with_layout(const Spec& spec, const std::vector<std::vector<int>>& groups) {
  Spec result = spec;
  Statement together;
  together.kind = StatementKind::together;
  together.origin.text = "--layout";
  Statement apart = together;
  apart.kind = StatementKind::isolate;
  apart.level = Level{1};
  for (std::size_t g = 0; g < groups.size(); ++g) {
    for (std::size_t x = 0; x < groups[g].size(); ++x) {
      for (std::size_t y = 0; y < x; ++y) together.pairs.push_back({groups[g][x], groups[g][y]});
      for (std::size_t h = 0; h < g; ++h) {
        for (const int other : groups[h]) apart.pairs.push_back({groups[g][x], other});
      }
    }
  }
  result.statements.push_back(together);
  result.statements.push_back(apart);
  return result;
}

/// The layout with its weakest boundaries and every hardening that can be combined: what the judge
/// objects to in it, it objects to in any completion worth asking about.
Configuration plain(const Spec& spec, const std::vector<std::vector<int>>& groups) {
  Configuration c;
  c.levels.assign(static_cast<std::size_t>(pair_count(spec.size())), 0);
  Level weakest = 0;
  for (std::size_t l = 1; l < spec.mechanisms.size() && weakest == 0; ++l) {
    if (spec.explored_mechanisms[l]) weakest = static_cast<Level>(l);
  }
  std::vector<int> group_of(at(spec.size()), -1);
  for (std::size_t g = 0; g < groups.size(); ++g) {
    for (const int i : groups[g]) group_of[at(i)] = static_cast<int>(g);
  }
  for (int i = 0; i < spec.size(); ++i) {
    for (int j = 0; j < i; ++j) {
      if (group_of[at(i)] != group_of[at(j)]) c.levels[at(pair_index(i, j))] = weakest;
    }
  }
  for (const Component& component : spec.components) {
    std::uint64_t bits = 0;
    for (std::size_t h = 0; h < spec.hardening.size(); ++h) {
      const auto& allowed = component.allowed_hardening;
      if (!spec.explored_hardening[h] ||
          std::find(allowed.begin(), allowed.end(), spec.hardening[h].name) == allowed.end()) {
        continue;
      }
      bool excluded = false;
      for (std::size_t g = 0; g < spec.hardening.size(); ++g) {
        if ((bits >> g & 1U) == 0) continue;
        const auto names = [](const Hardening& by, const Hardening& other) {
          return std::find(by.excludes.begin(), by.excludes.end(), other.name) != by.excludes.end();
        };
        excluded |= names(spec.hardening[g], spec.hardening[h]) ||
                    names(spec.hardening[h], spec.hardening[g]);
      }
      if (!excluded) bits |= std::uint64_t{1} << h;
    }
    c.hardening.push_back(bits);
    c.variants.push_back(0);
  }
  return c;
}

}  // namespace

std::vector<CostItem> cost_items(const Spec& spec, const Configuration& c) {
  std::vector<CostItem> items;
  if (!spec.profile) return items;
  for (int i = 0; i < spec.size(); ++i) {
    for (int j = 0; j < i; ++j) {
      Decimal calls;
      for (const auto& key : {std::array<int, 2>{i, j}, std::array<int, 2>{j, i}}) {
        const auto found = spec.profile->calls.find(key);
        if (found != spec.profile->calls.end()) calls = add(calls, found->second).value_or(calls);
      }
      const Level level = c.level(i, j);
      double cost = calls.to_double() * gate_cost(spec, level).to_double();
      if (level > 0) {
        cost += copy_cost(spec, i, j).to_double() + copy_cost(spec, j, i).to_double();
      }
      if (cost == 0) continue;
      items.push_back(
          {CostItem::Kind::edge, pair_name(spec, i, j), spec.mechanisms[level].name, cost});
    }
    const Component& component = spec.components[at(i)];
    const Variant& variant = component.variants[c.variants[at(i)]];
    const double work = spec.profile->work[at(i)].to_double();
    const double own = variant.slowdown.to_double();
    if (work * (own - 1) != 0) {
      items.push_back({CostItem::Kind::variant, component.name, variant.name, work * (own - 1)});
    }
    double factor = 1;
    std::string names;
    for (std::size_t h = 0; h < spec.hardening.size(); ++h) {
      if ((c.hardening[at(i)] >> h & 1U) == 0) continue;
      const auto measured = component.slowdown.find(spec.hardening[h].name);
      factor *=
          (measured == component.slowdown.end() ? spec.hardening[h].slowdown : measured->second)
              .to_double();
      names += (names.empty() ? "" : "+") + spec.hardening[h].name;
    }
    if (work * own * (factor - 1) != 0) {
      items.push_back(
          {CostItem::Kind::hardening, component.name, names, work * own * (factor - 1)});
    }
  }
  std::stable_sort(items.begin(), items.end(), [](const CostItem& a, const CostItem& b) {
    return std::abs(a.cycles) > std::abs(b.cycles);
  });
  return items;
}

WhyNot why_not_layout(const Spec& spec, const std::vector<std::vector<int>>& groups,
                      const Ask& request) {
  WhyNot answer;
  const Spec fixed = with_layout(spec, groups);
  const BuiltInstance built = build_instance(fixed);
  if (built.error) {
    answer.error = built.error->message;
    return answer;
  }
  SearchRequest ask;
  ask.deadline = request.deadline;
  const SearchResult found = search(built.instance, ask);
  answer.found = true;
  if (!found.solutions.empty()) {
    answer.configuration = to_configuration(built.instance, found.solutions.front());
    compare(spec, request, answer);
    return answer;
  }
  answer.configuration = plain(spec, groups);
  // The statements that the layout contradicts...
  Explanation explanation = explain(fixed, request);
  const int layout_statements = static_cast<int>(spec.statements.size());
  for (const int s : explanation.conflict) {
    if (s >= layout_statements) continue;
    const Statement& statement = spec.statements[at(s)];
    answer.violations.push_back(
        {"this layout contradicts `" + statement.origin.text + "`", statement.origin});
  }
  // ...and what is wrong between co-residents whatever the statements say.
  if (answer.violations.empty()) {
    answer.violations = judge(spec, answer.configuration).violations;
  }
  return answer;
}

WhyNot why_not_id(const Spec& spec, const std::string& id, int depth, const Ask& request) {
  WhyNot answer;
  const auto look = [&](const std::vector<Configuration>& among) {
    for (const Configuration& c : among) {
      if (configuration_id(spec, c).rfind(id, 0) != 0) continue;
      answer.configuration = c;
      answer.found = true;
      return true;
    }
    return false;
  };
  for (const Objective objective : {Objective::fastest, Objective::safest}) {
    RankRequest ask;
    static_cast<Ask&>(ask) = request;
    ask.certify = Certify::never;
    ask.top = depth;
    ask.objective = objective;
    const Ranking ranking = rank(spec, ask);
    answer.error = ranking.error;
    if (answer.error || look(ranking.configurations)) break;
  }
  if (!answer.error && !answer.found) look(frontier(spec, request).points);
  if (answer.found) {
    answer.violations = judge(spec, answer.configuration).violations;
    compare(spec, request, answer);
  }
  return answer;
}

}  // namespace flexos
