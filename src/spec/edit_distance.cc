#include "spec/edit_distance.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace flexos {

namespace {

/// Enough for every real list; keeps a hostile one from taking minutes.
constexpr std::size_t kMaxCandidates = 1000;

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == '_') c = '-';
  }
  return result;
}

}  // namespace

int edit_distance(std::string_view a, std::string_view b, int limit) {
  const int m = static_cast<int>(a.size());
  const int n = static_cast<int>(b.size());
  if (std::abs(m - n) > limit) return limit + 1;
  // Three rows of the dynamic program: the swap of neighbours looks two rows back.
  const auto width = static_cast<std::size_t>(n) + 1;
  std::vector<int> before_last(width);
  std::vector<int> last(width);
  std::vector<int> row(width);
  for (std::size_t j = 0; j < width; ++j) last[j] = static_cast<int>(j);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = static_cast<int>(i);
    int best = row[0];
    for (std::size_t j = 1; j < width; ++j) {
      const int replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, last[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
      best = std::min(best, row[j]);
    }
    if (best > limit) return limit + 1;
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return std::min(last[width - 1], limit + 1);
}

std::string nearest(std::string_view typo, const std::vector<std::string>& candidates) {
  if (typo.empty() || typo.size() > 64) return {};
  const std::string wanted = lower(typo);
  // A third of the word may be wrong: `mpk` is not `pt`, but `pkm` is `mpk`.
  int limit = typo.size() >= 8 ? 3 : std::max(1, static_cast<int>(typo.size()) / 3);
  const std::string* best = nullptr;
  std::size_t looked_at = 0;
  for (const std::string& candidate : candidates) {
    if (++looked_at > kMaxCandidates) break;
    const int distance = edit_distance(wanted, lower(candidate), limit);
    if (distance <= limit) {
      best = &candidate;
      limit = distance - 1;
      if (limit < 0) break;
    }
  }
  if (best != nullptr) return *best;
  // Else a word that was cut short: `fast` is `fastest`.
  for (const std::string& candidate : candidates) {
    if (wanted.size() >= 3 && lower(candidate).starts_with(wanted)) return candidate;
  }
  return {};
}

std::string list_names(std::string_view lead, const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 12;
  std::string result;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i == kShown) return result + ", ...";
    result += (i == 0 ? std::string(lead) + " `" : ", `") + names[i] + "`";
  }
  return result;
}

std::string did_you_mean(std::string_view typo, const std::vector<std::string>& candidates,
                         std::string otherwise) {
  const std::string best = nearest(typo, candidates);
  return best.empty() ? std::move(otherwise) : "did you mean `" + best + "`?";
}

}  // namespace flexos
