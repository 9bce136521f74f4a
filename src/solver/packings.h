#pragma once

#include <map>
#include <utility>
#include <vector>

#include "solver/layout.h"
#include "solver/tradeoff.h"

namespace flexos {

/// The option sets of a layout that one step does not make safer within the budget: neither a
/// stronger option of one component, nor a part of the nesting taken one rung away.
///
/// Whatever else is chosen, what is left of the budget decides whether a step still fits. So those
/// whose options differ most in cost are chosen first: the others can use up little of it.
class Packings {
 public:
  /// Whom they are for.
  class Receiver {
   public:
    virtual ~Receiver() = default;
    /// What is riskier is not looked for; -1 = everything is. It may only fall.
    virtual Units most_risk() = 0;
    /// False: no more of them.
    virtual bool packing(const Solution& solution) = 0;
    /// Called now and then, with how many partial choices were looked at since; true = stop.
    virtual bool enough(std::int64_t looked_at) = 0;
  };

  /// Both must outlive it.
  Packings(const Instance& instance, const OptionOrder& at_least);

  /// Hands over all of them, and perhaps some that a step does make safer. False: it was stopped.
  bool look_in(const std::vector<Rung>& rungs, Receiver& receiver);

  /// The same of all layouts of a box at once: option sets, with the highest rungs and the least
  /// cost and risk of the box, such that whatever is in it is at most as safe as one of them.
  bool look_in(const RungBox& box, Receiver& receiver);

 private:
  struct Choice {
    Units cost;
    Units exposure;
    std::array<int, 2> option;
    Units upgrade;  ///< least extra cost of a stronger one that is no more open; -1: none
  };
  /// By rising exposure; without those that cost as much as a stronger one.
  struct Choices {
    std::vector<Choice> list;
    Units cheapest = 0;
    Units dearest = 0;
  };
  struct Part {
    const Choices* choices;
    int component;
    Units open;
  };

  const Choices& choices(int i, ClassMask allowed);
  bool prepare(const RungBox& box);
  void pick(std::size_t k, Units upgrade);

  const Instance& in_;
  const OptionOrder& at_least_;
  std::map<std::pair<int, ClassMask>, Choices> choices_;
  // Of the box in hand:
  Receiver* receiver_ = nullptr;
  std::vector<Part> parts_;      ///< in the order of choice
  std::vector<Units> cheapest_;  ///< by number of those chosen: of the rest
  std::vector<Units> dearest_;
  std::vector<Units> least_risk_;
  Solution solution_;
  Units most_risk_ = -1;
  bool stopped_ = false;
  std::int64_t looked_at_ = 0;
};

}  // namespace flexos
