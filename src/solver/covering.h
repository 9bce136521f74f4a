#pragma once

#include <vector>

#include "solver/domain.h"
#include "solver/instance.h"

namespace flexos {

/// The layouts found so far, to leave out what they cover. A layout P covers L where every pair is
/// at least as far apart in P and P's boundaries cost no more: whatever options L is given, P can
/// be given them too (who shares a compartment in P does so in L, so P asks no more of its
/// options), at no higher cost, and is safer. So every configuration of L is dominated.
class Covering {
 public:
  explicit Covering(const Instance& instance) : in_(instance) {}

  /// An admissible layout, within all limits.
  void add(const std::vector<Rung>& rungs);

  /// Is every layout that is still possible covered, or known?
  bool covers(const Domain& domain) const;

  /// Removes the solutions whose layout another known one covers.
  void drop_covered(std::vector<Solution>& solutions) const;

  /// Layouts that cover all that was left out.
  std::vector<std::vector<Rung>> layouts() const;

 private:
  struct Layout {
    std::vector<Rung> rungs;
    Units gates = 0;
  };

  Units gates(const std::vector<Rung>& rungs) const;
  static bool above(const Layout& layout, const std::vector<Rung>& rungs, Units gates);

  const Instance& in_;
  std::vector<Layout> maximal_;  ///< none covers another
};

}  // namespace flexos
