#pragma once

#include <vector>

#include "solver/instance.h"

namespace flexos {

/// An order in which to place the components: each most tied to those before it.
std::vector<int> placement_order(const Instance& instance);

/// Lower bounds on weighted sums of cost and risk for partly placed components.
///
/// For one weighting the options of component a contribute phi(R) = min over options of
/// (cost + rate * exposure * R), where R is a's openness to everybody else: concave in R, so the
/// chord over R's range lies below it and makes the problem one of pairs. For pairs alone, the
/// best nesting of the components not yet placed is found once for each suffix of the placement
/// order by dynamic programming over subsets; what a component costs beside those already placed
/// is the least over the places it can take. While R's range narrows, the distance of phi from its
/// chord is added back (concave minus linear: least at an end of the range).
class Scalarised {
 public:
  struct Rate {
    double cost;
    double risk;
  };
  struct Bound {
    bool feasible = true;
    std::vector<double> scalar;  ///< by rate; below every reachable value, rounding included
    std::vector<double> next;    ///< by rate: what of it is for the pairs of the next component
  };
  /// A component at a rung from one that is placed, as far from the others as that makes it.
  struct Place {
    int beside;
    Rung rung;
  };

  /// Where components still to come may go beside those placed, and what the pairs weigh there.
  /// Follows from the same for one component less by one more pair each.
  class Places {
   private:
    friend class Scalarised;
    struct Entry {
      std::size_t place;
      ClassMask classes;  ///< those that its co-residents there leave it
    };
    struct Options {
      std::vector<Entry> entries;
      std::vector<double> values;  ///< [entry][rate]
    };
    std::vector<Place> places;
    std::vector<Rung> rungs;       ///< [place][position in the order]
    std::vector<Options> options;  ///< by position in the order
    std::vector<double> placed;    ///< by rate: pairs of those placed
  };

  /// So many components to come have their best nesting found: 3^14 pairs of subsets a rate, which
  /// takes seconds.
  static constexpr int kMostNested = 14;

  explicit Scalarised(const Instance& instance, int most_nested = kMostNested);

  /// Components in the order in which they are placed.
  const std::vector<int>& order() const { return order_; }
  const std::vector<Rate>& rates() const { return rates_; }

  /// Layouts that are best for one rate each (in pairs, options by their chords): good starts.
  const std::vector<std::vector<Rung>>& seeds() const { return seeds_; }

  /// Rungs among the first `placed` of order() are decided; `before` is for one component less
  /// (with `placed` 1: empty).
  void follow(const Places& before, const std::vector<Rung>& rungs, int placed,
              Places& result) const;

  /// `places` are those of the first `placed`; `classes` by component. `result` is reused.
  void bound(const std::vector<ClassMask>& classes, int placed, const Places& places,
             Bound& result) const;

  /// What the placed add to that, by rate: what they are open to is known in part. More of them
  /// placed: never less.
  void narrow(const std::vector<Rung>& rungs, const std::vector<ClassMask>& classes, int placed,
              std::vector<double>& above) const;

  /// What the next component can choose from.
  struct Choice {
    Place place;
    double merit;               ///< what its pairs weigh there at the middle rate
    std::vector<double> added;  ///< by rate: what they add to a bound without `next`
  };
  std::vector<Choice> choices(const Places& places, int placed) const;

 private:
  struct Line {
    double cost;
    double exposure;
    int option_class;
  };

  void choose_rates();
  void tangents();
  void nest();
  void phi(const std::vector<Line>& lines, double openness, double* least) const;
  void add_above_chord(int i, const std::vector<Line>& lines, double low, double high,
                       double* sum) const;
  /// By rate, for one pair at one rung.
  const double* pair_values(std::size_t pair, std::size_t rung) const {
    return pair_.data() + (pair * in_.levels.size() + rung) * rates_.size();
  }
  const std::vector<Line>& hull(int i, ClassMask classes, std::vector<Line>& scratch) const;
  std::vector<Line> lower_hull(int i, ClassMask classes) const;

  const Instance& in_;
  int most_nested_;
  std::vector<int> order_;
  std::vector<Rate> rates_;
  std::vector<double> open_;                 ///< by rung
  std::vector<std::vector<double>> weight_;  ///< [a][v]
  std::vector<double> pair_open_low_;        ///< by pair: least openness of its domain
  std::vector<double> pair_open_high_;
  std::vector<double> open_low_;  ///< by component: R when all are as far as can be
  std::vector<double> open_high_;
  std::vector<std::vector<Line>> lines_;  ///< by component: options on no other's dark side
  std::vector<double> cost_rate_;         ///< rates_ once more, in the order of use
  std::vector<double> risk_rate_;
  std::vector<std::vector<double>> slope_;             ///< [component][rate]
  std::vector<std::vector<double>> intercept_;         ///< [component][rate]
  std::vector<double> pair_;                           ///< [(pair * rungs + rung) * rates + rate]
  std::vector<std::vector<std::vector<Line>>> hulls_;  ///< [component][mask], small only
  std::vector<std::vector<double>> suffix_;            ///< [rate][placed]
  std::vector<double> chords_;                         ///< by rate: sum of the intercepts
  std::vector<double> margin_;                         ///< by rate
  std::vector<std::vector<double>> joined_;  ///< [component][mask * rates + rate], small only
  std::vector<std::vector<Rung>> seeds_;
};

}  // namespace flexos
