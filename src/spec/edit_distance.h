#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace flexos {

/// Fewest insertions, deletions, replacements and swaps of neighbours that make `b` of `a`;
/// `limit + 1` where there are more than `limit`.
int edit_distance(std::string_view a, std::string_view b, int limit);

/// The candidate that `typo` most likely meant; empty where none is near. Ties go to the first.
std::string nearest(std::string_view typo, const std::vector<std::string>& candidates);

/// "there are `a`, `b`", the first dozen of them; empty where there are none.
std::string list_names(std::string_view lead, const std::vector<std::string>& names);

/// "did you mean `x`?", or, where nothing is near, `otherwise`.
std::string did_you_mean(std::string_view typo, const std::vector<std::string>& candidates,
                         std::string otherwise = {});

}  // namespace flexos
