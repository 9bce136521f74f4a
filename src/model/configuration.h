#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/spec.h"

namespace flexos {

/// Number of unordered pairs of n components.
constexpr int pair_count(int n) { return n * (n - 1) / 2; }

/// Index of the unordered pair {i, j}, i != j, in a lower triangle laid out row by row.
constexpr int pair_index(int i, int j) { return i > j ? i * (i - 1) / 2 + j : j * (j - 1) / 2 + i; }

/// One complete choice: the deep structure that everything reads and few write.
///
/// `levels` is the lower triangle of an ultrametric: level(i,k) <= max(level(i,j), level(j,k)).
/// The classes of "level <= m" nest as m grows, which is a tree:
///
///     vm  ┌───────────────┬──────────┐      levels   a     b     c
///     pt  ├───────┐       │          │        b    light
///  light  a       b       c          d        c     pt    pt
///                                             d     vm    vm    vm
struct Configuration {
  std::vector<Level> levels;             ///< by pair_index
  std::vector<std::uint64_t> hardening;  ///< by component: bit h = Spec::hardening[h]
  std::vector<std::uint8_t> variants;    ///< by component: index into Component::variants

  Level level(int i, int j) const {
    return i == j ? Level{0} : levels[static_cast<std::size_t>(pair_index(i, j))];
  }
  bool operator==(const Configuration&) const = default;
};

/// Classes of components whose mutual level is at most `level`, each sorted, in order of their
/// smallest member.
std::vector<std::vector<int>> classes(const Configuration& c, int n, Level level);

/// True iff the levels form an ultrametric.
bool is_ultrametric(const Configuration& c, int n);

/// The canonical text of a configuration: names sorted, one fact a line. Equal configurations of
/// any spec have equal texts whatever the order of components.
std::string canonical_text(const Spec& spec, const Configuration& c);

/// First 12 hex digits of the content hash of `canonical_text`.
std::string configuration_id(const Spec& spec, const Configuration& c);

}  // namespace flexos
