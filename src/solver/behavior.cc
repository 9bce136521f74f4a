#include "solver/behavior.h"

#include <algorithm>

namespace flexos {

namespace {

Regions intersect(const Regions& a, const Regions& b) {
  if (a.any) return b;
  if (b.any) return a;
  return {.any = false, .own = a.own && b.own, .shared = a.shared && b.shared};
}

/// Does the list name a function of `target`? (`target.*` of a component without api names none.)
bool calls_into(const Calls& calls, const Component& target) {
  return std::any_of(calls.functions.begin(), calls.functions.end(), [&](const FunctionRef& f) {
    return f.component == target.name && (f.function != "*" || !target.api.empty());
  });
}

bool in_api(const Spec& spec, const FunctionRef& f) {
  return std::any_of(spec.components.begin(), spec.components.end(), [&](const Component& c) {
    return c.name == f.component &&
           std::any_of(c.api.begin(), c.api.end(),
                       [&](const EntryPoint& entry) { return entry.name == f.function; });
  });
}

bool regions_granted(const Regions& touched, const std::optional<Regions>& grant) {
  if (!grant || grant->any) return true;
  if (touched.any) return grant->own && grant->shared;
  return !touched.shared || grant->shared;
}

bool calls_granted(const Calls& calls, const Component& callee) {
  const auto& grant = callee.grants.calls;
  if (!grant) return true;
  if (calls.any) return false;
  const auto is_granted = [&](const std::string& function) {
    return std::find(grant->begin(), grant->end(), function) != grant->end();
  };
  for (const FunctionRef& f : calls.functions) {
    if (f.component != callee.name) continue;
    if (f.function != "*") {
      if (!is_granted(f.function)) return false;
      continue;
    }
    for (const EntryPoint& entry : callee.api) {
      if (!is_granted(entry.name)) return false;
    }
  }
  return true;
}

}  // namespace

EffectiveBehavior effective_behavior(const Spec& spec, int i, int variant,
                                     std::uint64_t hardening) {
  const Component& component = spec.components[static_cast<std::size_t>(i)];
  const Behavior& declared = component.variants[static_cast<std::size_t>(variant)].behavior;
  EffectiveBehavior result = declared;
  bool calls_restricted = false;
  for (std::size_t h = 0; h < spec.hardening.size(); ++h) {
    if ((hardening >> h & 1U) == 0) continue;
    const Hardening& transform = spec.hardening[h];
    if (declared.reads.any && transform.reads) {
      result.reads = intersect(result.reads, *transform.reads);
    }
    if (declared.writes.any && transform.writes) {
      result.writes = intersect(result.writes, *transform.writes);
    }
    if (!declared.calls.any || !(transform.calls_graph || transform.calls)) continue;
    Calls to;
    if (transform.calls_graph) {
      to.functions = component.call_graph;
    } else {
      to = *transform.calls;
    }
    if (to.any) continue;
    if (!calls_restricted) {
      result.calls = to;
      calls_restricted = true;
      continue;
    }
    std::vector<FunctionRef> both;
    for (const FunctionRef& f : result.calls.functions) {
      for (const FunctionRef& g : to.functions) {
        if (f.component != g.component) continue;
        // `b.*` holds what b's api has, no more.
        if (g.function == f.function || (g.function == "*" && in_api(spec, f))) {
          both.push_back(f);
        } else if (f.function == "*" && in_api(spec, g)) {
          both.push_back(g);
        }
      }
    }
    result.calls.functions = std::move(both);
  }
  return result;
}

bool granted(const Spec& spec, const EffectiveBehavior& behavior, int b) {
  const Component& other = spec.components[static_cast<std::size_t>(b)];
  return regions_granted(behavior.reads, other.grants.reads) &&
         regions_granted(behavior.writes, other.grants.writes) &&
         calls_granted(behavior.calls, other);
}

bool harmless(const Spec& spec, const EffectiveBehavior& behavior, int victim,
              Operation operation) {
  switch (operation) {
    case Operation::read:
      return !behavior.reads.any;
    case Operation::write:
      return !behavior.writes.any;
    case Operation::call:
      return !behavior.calls.any &&
             !calls_into(behavior.calls, spec.components[static_cast<std::size_t>(victim)]);
  }
  return false;
}

CoResidency::CoResidency(const Spec& spec) : spec_(spec) {
  const auto n = static_cast<std::size_t>(spec.size());
  guarded_.assign(n * n, 0);
  for (const Statement& s : spec.statements) {
    if (s.kind != StatementKind::protect || s.level.has_value()) continue;
    for (const auto& [attacker, victim] : s.pairs) {
      for (const Operation operation : s.operations) {
        guarded_[static_cast<std::size_t>(attacker) * n + static_cast<std::size_t>(victim)] |=
            static_cast<std::uint8_t>(1U << static_cast<unsigned>(operation));
      }
    }
  }
}

bool CoResidency::may_join(int a, const EffectiveBehavior& behavior, int b) const {
  if (!granted(spec_, behavior, b)) return false;
  const auto n = static_cast<std::size_t>(spec_.size());
  const unsigned guarded = guarded_[static_cast<std::size_t>(a) * n + static_cast<std::size_t>(b)];
  for (const Operation operation : {Operation::read, Operation::write, Operation::call}) {
    if ((guarded >> static_cast<unsigned>(operation) & 1U) != 0 &&
        !harmless(spec_, behavior, b, operation)) {
      return false;
    }
  }
  return true;
}

}  // namespace flexos
