#pragma once

#include <cstdint>
#include <vector>

#include "model/spec.h"

/// What hardening leaves of a behaviour, and whether it may share a compartment (LANGUAGE,
/// "Compatible"). Used by encoding and search; the judge has its own reading.
namespace flexos {

using EffectiveBehavior = Behavior;

/// The behaviour of component `i` as `variant` with the hardenings of `hardening` (bit h =
/// Spec::hardening[h]).
EffectiveBehavior effective_behavior(const Spec& spec, int i, int variant, std::uint64_t hardening);

/// Is `behavior` of component `a` within what `b` grants to co-resident components?
bool granted(const Spec& spec, const EffectiveBehavior& behavior, int b);

/// Does `behavior` of component `a` leave `victim` alone in this operation?
bool harmless(const Spec& spec, const EffectiveBehavior& behavior, int victim, Operation operation);

/// Who may share a compartment, as far as one side's behaviour is concerned: what the other side
/// grants, and the `protect` statements that behaviour may answer.
class CoResidency {
 public:
  explicit CoResidency(const Spec& spec);

  /// May component `a` with `behavior` be in one compartment with `b`?
  bool may_join(int a, const EffectiveBehavior& behavior, int b) const;

 private:
  const Spec& spec_;
  std::vector<std::uint8_t> guarded_;  ///< [attacker * n + victim]: bits of Operation
};

}  // namespace flexos
