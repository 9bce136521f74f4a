#pragma once

#include <map>
#include <optional>
#include <vector>

#include "solver/layout_sums.h"

namespace flexos {

/// What of a box of layouts is at most as safe as something known.
///
/// All of a layout is that is where whatever no stronger option of one component improves is: what
/// a stronger option does improve is below that. Such option sets are few, and found by leaving out
/// early what keeps room for a stronger one within the budget. Nothing here rests on what the
/// search did: lists of options are lemmas of Z3's (option_lists.h), costs and risks the
/// encoding's.
class Covered {
 public:
  /// What is riskier than `most_risk` is not looked at. All must outlive it; `known` are
  /// admissible.
  Covered(const Spec& spec, Encoding& encoding, LayoutSums& sums,
          const std::vector<Configuration>& known, Units most_risk);

  /// Some option sets (with the highest levels of the box), within budget and risk as far as its
  /// bounds say, that cover all in it that is not covered by something known; empty: everything is.
  /// Whether they are admissible is not said. nullopt: out of work, or more than `most`.
  std::optional<std::vector<Configuration>> left_in(const Box& box, std::size_t most);

 private:
  struct Choice {
    Units cost;
    Units exposure;
    std::size_t option;  ///< in Encoding::options
    Units upgrade;       ///< least extra cost of a stronger one that is no more open; -1: none
  };
  /// By rising exposure.
  struct Choices {
    std::vector<Choice> list;
    Units cheapest = 0;
    Units dearest = 0;
  };
  struct Part {
    const Choices* choices;
    int component;
    Units open;  ///< at least
  };
  /// By number of those chosen: of the rest.
  struct Rest {
    Units cheapest = 0;
    Units dearest = 0;
    Units least_risk = 0;
  };

  bool at_least(int i, const Encoding::Option& b, const Encoding::Option& a) const;
  const Choices& choices(int i, const std::vector<int>& mates);
  void pick(std::size_t k, LayoutSums::Value sum, Units upgrade);
  bool covered();

  const Spec& spec_;
  Encoding& encoding_;
  LayoutSums& sums_;
  const std::vector<Configuration>& known_;
  Units most_risk_;
  std::map<std::vector<int>, Choices> choices_;  ///< component, mates
  // Of the box in hand:
  std::vector<Part> parts_;  ///< in the order of choice: the more costs differ, the sooner
  std::vector<Rest> rest_;
  std::vector<const Configuration*> above_;  ///< those known at least as fine as all of it
  Configuration picked_;
  std::vector<Configuration> left_;
  std::size_t most_left_ = 0;
  bool complete_ = true;
};

}  // namespace flexos
