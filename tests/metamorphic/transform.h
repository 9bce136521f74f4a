#pragma once

#include <vector>

#include "model/configuration.h"

/// Changes to a spec whose effect on the answers is known without solving it.
namespace flexos::metamorphic {

/// Every component gets another name, in another alphabetical order.
Spec renamed(const Spec& spec);

/// Component i of the result is component order[i] of `spec`.
Spec permuted(const Spec& spec, const std::vector<int>& order);

/// A configuration of permuted(spec, order), in terms of `spec`.
Configuration unpermuted(const Configuration& c, const std::vector<int>& order);

/// All cycles of the profile times `factor`: base, work and, through the calls, gates.
Spec scaled(const Spec& spec, const Decimal& factor);

/// `spec` with one more statement.
Spec with(const Spec& spec, Statement statement);

/// Statements that pin every choice of `c`, or its levels alone.
Spec pinned(const Spec& spec, const Configuration& c, bool levels_only);

Statement isolate(int a, int b, Level at_least);
Statement limit(StatementKind kind, std::int64_t most);
Statement slowdown_limit(const Decimal& most);

}  // namespace flexos::metamorphic
