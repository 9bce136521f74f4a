#pragma once

#include <vector>

#include "solver/crowds.h"
#include "solver/layout_sums.h"
#include "solver/weighted_bounds.h"

namespace flexos {

/// Bounds of boxes of layouts in which some components are placed: how far they are from each other
/// is decided. Each one to come then has one place in their nesting, as far from the others as that
/// makes it.
class PlacedBounds {
 public:
  enum class Finding {
    impossible,   ///< the box holds nothing that is admissible, as far as the search knows
    nothing_new,  ///< nothing in the box is new (LayoutSums)
    open,
  };

  /// Where those to come can be: as far as this rung from all members, who are that near to each
  /// other, or nearer to some of them. Values by component to come and weighting (WeightedBounds),
  /// the next one first.
  struct Places {
    std::vector<int> members;
    std::size_t rung = 0;
    std::vector<Units> here;    ///< what the pairs with the members add here
    std::vector<Units> least;   ///< and here or nearer to some, at least
    std::vector<Units> others;  ///< and those with the members of the place around this one, there
    std::vector<Places> nearer;
  };

  /// What is known when so many are placed. Values by weighting.
  struct Stage {
    int placed = 0;
    Box box;
    std::vector<Units> pairs;  ///< what all pairs add, each at least
    std::vector<Units> rest;  ///< all but those of the next and the placed; what rows add, at least
    std::vector<Units> own;   ///< what all components add at least
    std::vector<Units> owns;  ///< [component * weightings + weighting]
    std::vector<Units> low;   ///< by component: how open it lies, at least
    std::vector<Units> high;  ///< and at most
    std::vector<bool> full;   ///< by component: its address space has no room for a compartment
    bool vms_full = false;
    Places places;
  };

  /// All must outlive it.
  PlacedBounds(const Spec& spec, Encoding& encoding, LayoutSums& sums, const Instance& advice,
               const std::vector<int>& order);

  /// False: sums are out of range; nothing below may be used.
  bool fits() const { return bounds_.fits(); }
  std::size_t weightings() const { return count_; }

  /// The first is placed.
  Finding begin(Stage& stage);
  /// The next is at a place or, with `nearer`, anywhere within it. `others`: what its pairs with
  /// those around the place add.
  Finding look(const Stage& stage, const std::vector<Units>& others, const Places& place,
               bool nearer);
  /// `now`: the next is at a place, which is as far from those placed as `levels` says, by
  /// component.
  Finding place(const Stage& stage, const std::vector<Units>& others, const Places& place,
                const std::vector<Level>& levels, Stage& now);

 private:
  using Members = std::vector<int>;

  const Units* least(std::size_t p) const { return bounds_.least(p); }
  std::pair<Units, Units> openness(std::size_t p, const Box& box) const;
  bool price(int i, Stage& stage);
  Finding look_around(Stage& stage);
  void look_for_room(Stage& stage);
  bool within_limits(const Stage& stage) const;
  void add_rows(const Stage& stage, const Members& members, std::size_t rung,
                std::vector<Units>& rows) const;
  void find_places(const Stage& stage, Places& place) const;
  bool nothing_new(const Units* pairs, const Units* row, const Units* others, const Units* own);

  const Spec& spec_;
  const Instance& advice_;
  LayoutSums& sums_;
  Crowds crowds_;
  const RiskUnits& risks_;
  const std::vector<int>& order_;
  int n_;
  Box ranges_;  ///< between these all levels of all pairs are
  WeightedBounds bounds_;
  std::size_t count_;                        ///< of weightings
  std::vector<std::vector<Units>> surplus_;  ///< by number of those placed (nesting.h)
  std::vector<Units> none_;
  std::vector<Units> sum_;
};

}  // namespace flexos
