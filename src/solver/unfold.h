#pragma once

#include <deque>
#include <functional>
#include <vector>

#include "solver/placed_bounds.h"

namespace flexos {

/// The layouts, unfolded: one component after the other is placed among those before it, and each
/// from far to near (is it nearer to all of these than that? to which of them is it nearer still?).
/// Where nothing is new, a subtree is ruled out in Z3 and not unfolded. What the search takes for
/// impossible is not unfolded either, and not ruled out: that is for Z3 to see.
///
/// Z3 is told one pair for each answer. That the others then are where the box has them is the
/// ultrametric inequality, of which Z3 is given all triangles.
class Unfolding {
 public:
  /// Is nothing in the box new?
  using Settled = std::function<bool(const Box&)>;

  /// All must outlive it. `advice`: in which order components are placed, and which layouts the
  /// search takes for impossible. `settled`: asked in place of the sums.
  Unfolding(const Spec& spec, Encoding& encoding, LayoutSums& sums, const Instance& advice,
            Settled settled = {});
  Unfolding(const Unfolding&) = delete;
  Unfolding& operator=(const Unfolding&) = delete;

  /// False: out of range, of work or of Z3's effort.
  bool run();

 private:
  using Finding = PlacedBounds::Finding;
  using Stage = PlacedBounds::Stage;
  using Places = PlacedBounds::Places;
  using Clause = std::vector<Literal>;

  void unfold(const Stage& stage, Literal given);
  void within(const Stage& stage, const Places& place, const std::vector<Units>& others,
              const Clause& outside);
  void arrive(const Stage& stage, const Places& place, const std::vector<Units>& others,
              Clause elsewhere);
  void conclude(std::size_t from, Literal given);
  bool settled(const Stage& stage);
  bool exhausted() const { return undecided_ || sums_.exhausted(); }

  Encoding& encoding_;
  LayoutSums& sums_;
  Settled settled_;
  std::vector<int> order_;
  PlacedBounds bounds_;
  std::int64_t layouts_ = 0;  ///< of which sums were formed
  std::int64_t tried_ = 0;    ///< boxes of which they were
  std::int64_t saved_ = 0;    ///< and settled
  std::deque<Stage> stages_;  ///< by number of those placed
  /// By number of those placed: how far the next is from each, by component.
  std::vector<std::vector<Level>> levels_;
  std::vector<Clause> pending_;  ///< what Z3 has not been told
  bool undecided_ = false;       ///< Z3 was out of effort
  std::vector<Literal> path_;    ///< where the components placed are
};

}  // namespace flexos
