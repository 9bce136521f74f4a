#pragma once

#include <optional>
#include <string>

#include "solver/answer.h"
#include "solver/certify.h"

namespace flexos {

/// Is Z3 to confirm answers about this spec?
bool certifiable(const Spec& spec, const Ask& request);

/// What a person should know where it is not because of the spec's size; else "".
std::string why_not_certified(const Spec& spec, const Ask& request);

/// What may be spent on confirming what a search of costs and risks found in so many nodes and sums
/// of them: about three times what that took, and a fifth of a second to start with, as it may be
/// over before Z3 has begun; a thousand times as much where it is asked for by name.
/// `listed`: what is listed is compared with much else, which counts too.
Share share_of_search(std::int64_t nodes, std::int64_t sums, const Ask& request,
                      std::size_t listed = 0);

/// What Z3's verdict makes of an answer that rests on exact bounds. Where Z3 found what the search
/// missed, `error` says so: there is no answer then.
void settle(const Spec& spec, const RefutationResult& verdict, Certificate& certificate,
            std::optional<std::string>& error);

}  // namespace flexos
