#pragma once

#include <optional>
#include <vector>

#include "solver/layout.h"
#include "solver/scalarised.h"
#include "solver/search.h"

namespace flexos {

/// A place in the plane where something of interest could still be: not dearer, not riskier.
struct Corner {
  double cost;
  double risk;
};

/// What a leaf of the placement does with its layout, and where something new could still be.
class Goal {
 public:
  virtual ~Goal() = default;
  /// By rising cost and falling risk.
  virtual const std::vector<Corner>& corners() = 0;
  virtual void layout(const std::vector<Rung>& rungs) = 0;
  /// Is it worth asking whether there is anything in a box of layouts? The bounds do not say no.
  virtual bool asks_of_boxes() const { return false; }
  /// Is nothing of interest in it?
  virtual bool nothing_in(const RungBox& /*box*/) { return false; }
  /// Called now and then; true = stop.
  virtual bool pause(std::int64_t nodes) = 0;
  /// Which choice to follow first: what leaves the least risk? Else a mixture of cost and risk.
  virtual bool least_risk_first() const { return false; }
};

/// Depth-first placement of components into the nesting, one after the other; subtrees from which
/// no corner of the goal can be reached are cut by the bounds of scalarised.h.
class Placement {
 public:
  /// `most_nested`: see Scalarised. What pays where costs and risks are traded does not where there
  /// is little to find.
  Placement(const Instance& instance, Goal& goal, const Deadline& deadline,
            int most_nested = Scalarised::kMostNested);

  /// Hands the goal every layout that may be of interest, good starts first.
  void run();

  std::int64_t nodes() const { return nodes_; }
  bool stopped() const { return stopped_; }

 private:
  Rung rung(int i, int j) const { return rungs_[static_cast<std::size_t>(pair_index(i, j))]; }
  void descend(int placed);
  void put(int placed, int next, int beside, Rung r);
  bool counts_possible(int placed) const;
  bool nothing_new(const std::vector<double>& bound);
  bool nothing_below(int placed);

  const Instance& in_;
  Goal& goal_;
  const Deadline& deadline_;
  Scalarised bounds_;
  std::vector<int> order_;
  std::vector<Rung> rungs_;
  RungBox box_;
  std::vector<ClassMask> classes_;
  std::vector<Scalarised::Places> places_;  ///< by number of those placed
  std::vector<std::vector<double>> above_;  ///< by number of those placed and rate
  Scalarised::Bound bound_;
  std::size_t last_rate_ = 0;  ///< the rate that excluded the last corner
  std::int64_t nodes_ = 0;
  bool stopped_ = false;
};

/// The cheapest solution's: where the budget is tight, a placement may be long in coming upon any.
std::optional<std::vector<Rung>> cheapest_layout(const Instance& instance,
                                                 const Deadline& deadline);

}  // namespace flexos
