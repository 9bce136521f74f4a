#include "transform.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>

namespace flexos::metamorphic {

namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

}  // namespace

Spec renamed(const Spec& spec) {
  Spec result = spec;
  std::map<std::string, std::string> names;
  for (int i = 0; i < spec.size(); ++i) {
    // Neighbours in the old order end up far apart and mostly the other way round.
    names[spec.components[at(i)].name] = fmt::format("{}{}", "zyxabc"[i % 6], spec.size() - i);
  }
  const auto rename = [&](std::vector<FunctionRef>& functions) {
    for (FunctionRef& f : functions) {
      if (const auto found = names.find(f.component); found != names.end()) {
        f.component = found->second;
      }
    }
  };
  for (Component& c : result.components) {
    c.name = names[c.name];
    rename(c.call_graph);
    for (Variant& v : c.variants) rename(v.behavior.calls.functions);
  }
  for (Hardening& h : result.hardening) {
    if (h.calls) rename(h.calls->functions);
  }
  if (const auto found = names.find(result.application); found != names.end()) {
    result.application = found->second;
  }
  return result;
}

Spec permuted(const Spec& spec, const std::vector<int>& order) {
  Spec result = spec;
  std::vector<int> place(order.size());
  for (int i = 0; i < spec.size(); ++i) {
    const int from = order[at(i)];
    place[at(from)] = i;
    result.components[at(i)] = spec.components[at(from)];
    result.risk[at(i)] = spec.risk[at(from)];
    result.asset[at(i)] = spec.asset[at(from)];
  }
  for (Statement& s : result.statements) {
    for (auto& [a, b] : s.pairs) {
      a = place[at(a)];
      b = place[at(b)];
    }
    for (int& i : s.components) i = place[at(i)];
  }
  if (!spec.profile) return result;
  result.profile->calls.clear();
  for (const auto& [edge, calls] : spec.profile->calls) {
    result.profile->calls[{place[at(edge[0])], place[at(edge[1])]}] = calls;
  }
  result.profile->copy.clear();
  for (const auto& [edge, copy] : spec.profile->copy) {
    result.profile->copy[{place[at(edge[0])], place[at(edge[1])]}] = copy;
  }
  for (int i = 0; i < spec.size(); ++i) {
    result.profile->work[at(i)] = spec.profile->work[at(order[at(i)])];
  }
  return result;
}

Configuration unpermuted(const Configuration& c, const std::vector<int>& order) {
  Configuration result = c;
  const int n = static_cast<int>(order.size());
  for (int i = 0; i < n; ++i) {
    result.hardening[at(order[at(i)])] = c.hardening[at(i)];
    result.variants[at(order[at(i)])] = c.variants[at(i)];
    for (int j = 0; j < i; ++j) {
      result.levels[at(pair_index(order[at(i)], order[at(j)]))] = c.level(i, j);
    }
  }
  return result;
}

Spec scaled(const Spec& spec, const Decimal& factor) {
  Spec result = spec;
  Profile& profile = *result.profile;
  profile.base = *multiply(profile.base, factor);
  for (auto& [edge, calls] : profile.calls) calls = *multiply(calls, factor);
  for (auto& [edge, copy] : profile.copy) copy = *multiply(copy, factor);
  for (Decimal& work : profile.work) work = *multiply(work, factor);
  return result;
}

Spec with(const Spec& spec, Statement statement) {
  Spec result = spec;
  result.statements.push_back(std::move(statement));
  return result;
}

Spec pinned(const Spec& spec, const Configuration& c, bool levels_only) {
  Spec result = spec;
  for (int i = 0; i < spec.size(); ++i) {
    for (int j = 0; j < i; ++j) {
      Statement level;
      level.kind = StatementKind::fix_level;
      level.pairs = {{j, i}};
      level.level = c.level(i, j);
      result.statements.push_back(level);
    }
    if (levels_only) continue;
    Statement harden;
    harden.kind = StatementKind::fix_harden;
    harden.components = {i};
    for (std::size_t h = 0; h < spec.hardening.size(); ++h) {
      if ((c.hardening[at(i)] >> h & 1U) != 0) harden.names.push_back(spec.hardening[h].name);
    }
    result.statements.push_back(harden);
    Statement variant;
    variant.kind = StatementKind::fix_variant;
    variant.components = {i};
    variant.names = {spec.components[at(i)].variants[c.variants[at(i)]].name};
    result.statements.push_back(variant);
  }
  return result;
}

Statement isolate(int a, int b, Level at_least) {
  Statement s;
  s.kind = StatementKind::isolate;
  s.pairs = {{a, b}};
  s.level = at_least;
  return s;
}

Statement limit(StatementKind kind, std::int64_t most) {
  Statement s;
  s.kind = kind;
  s.integer = most;
  return s;
}

Statement slowdown_limit(const Decimal& most) {
  Statement s;
  s.kind = StatementKind::budget_slowdown;
  s.decimal = most;
  return s;
}

}  // namespace flexos::metamorphic
