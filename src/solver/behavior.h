#pragma once

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

/// May component `a` with `behavior` be in one compartment with `b`, as far as `a` is concerned:
/// what b grants and the `protect` statements that behaviour may answer.
bool may_join(const Spec& spec, int a, const EffectiveBehavior& behavior, int b);

}  // namespace flexos
