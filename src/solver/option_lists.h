#pragma once

#include <map>
#include <vector>

#include "solver/instance.h"
#include "solver/risk_units.h"

namespace flexos {

/// What options a component has beside those that it shares its compartment with.
///
/// For each pair that is a lemma of Z3's: the search says which options the one can take beside the
/// other, Z3 refutes that there are more. With several in the compartment it is what all leave.
class OptionLists {
 public:
  /// What a component pays and how much of it lies open, by option.
  struct Step {
    Units cost;
    Units exposure;
    std::size_t option;  ///< in Encoding::options
  };
  struct Steps {
    std::vector<Step> best;  ///< not dearer and more open than another, by rising cost
    std::vector<Step> hull;  ///< of these, the least of cost + x * exposure for some x >= 0
  };

  /// All must outlive it. `advice`: which options the search thinks a component can take beside
  /// others.
  OptionLists(Encoding& encoding, const RiskUnits& risks, const Instance& advice)
      : encoding_(encoding), risks_(risks), advice_(advice) {}

  /// Beside `mates`, by rising number: all, by rising exposure.
  std::vector<Step> all(int i, const std::vector<int>& mates);
  /// Those that matter to sums. Stays where it is.
  const Steps& of(int i, const std::vector<int>& mates);

 private:
  const std::vector<bool>& beside(int i, int mate);

  Encoding& encoding_;
  const RiskUnits& risks_;
  const Instance& advice_;
  std::map<std::array<int, 2>, std::vector<bool>> beside_;
  std::map<std::vector<int>, Steps> steps_;  ///< component, mates
};

}  // namespace flexos
