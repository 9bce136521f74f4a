#pragma once

#include <vector>

#include "model/configuration.h"
#include "spec/measured.h"

namespace flexos {

/// What a guided search chooses from, and all that it knows before it measures: which candidate is
/// safer than which, of which choices each is made (a boundary between two components, a hardening
/// of one), and what a profile predicts.
struct SearchSpace {
  int size = 0;                          ///< candidates are 0..size-1
  std::vector<std::vector<char>> safer;  ///< [b][a]: b is safer than a, and not its equal
  /// By candidate: its choices as numbers. Without a profile 1 where a choice is made; with one,
  /// the cost that it predicts for the choice, as a part of the unprotected time.
  std::vector<std::vector<double>> features;
  std::vector<double> predicted;  ///< time by candidate, 1 = unprotected; empty: no profile

  /// The one that everything else is safer than; -1 where there is none.
  int least() const;
};

/// The candidates of a table of measured configurations: its rows. They do not name mechanisms, so
/// a boundary is taken to cost what the weakest explored one does.
SearchSpace space_of(const Spec& spec, const Measured& measured);

/// Configurations of a spec.
SearchSpace space_of(const Spec& spec, const std::vector<Configuration>& configurations);

/// The maximal ones of those that are `chosen`.
std::vector<int> maximal_of(const SearchSpace& space, const std::vector<char>& chosen);

}  // namespace flexos
