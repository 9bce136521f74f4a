#pragma once

#include "model/configuration.h"

namespace flexos {

/// LANGUAGE "Safety": b is at least as safe as a in every coordinate of the full product order
/// (levels, hardening sets, variants; sharing is one per spec).
bool at_least_as_safe(const Spec& spec, const Configuration& b, const Configuration& a);

/// True iff variant `b` of a component is `a` or declared safer than it (transitively).
bool variant_at_least(const Component& component, int b, int a);

/// Is what is at least as safe never riskier? Not where a stronger mechanism is said to have less
/// strength, or a variant to be safer than a verified one.
bool risk_follows_order(const Spec& spec);

}  // namespace flexos
