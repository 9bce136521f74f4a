#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/search_space.h"

/// Guided search over measurements: the safest candidates within a performance budget, with as few
/// measured as possible (docs/search.md). Knows nothing of images and files: somebody measures.
namespace flexos {

/// What a measurement says of one candidate.
struct Observation {
  double value = 0;  ///< performance, more is better; 0: it failed, no budget is kept
  double low = 0;    ///< its 95 % interval
  double high = 0;
};

enum class SearchStrategy {
  exhaustive,  ///< measures all
  poset,       ///< takes what is safer than something too slow for too slow
  model,       ///< an additive model of time, refitted after each measurement
};
std::string_view name(SearchStrategy strategy);
std::optional<SearchStrategy> strategy_from(std::string_view name);

/// Where a search stands: what was measured and what follows from it for certain.
class SearchState {
 public:
  SearchState(const SearchSpace& space, double limit);
  void add(int candidate, const Observation& seen);

  const SearchSpace& space() const { return space_; }
  double limit() const { return limit_; }  ///< least value that is feasible
  const std::vector<int>& order() const { return order_; }
  bool measured(int c) const { return observed_[index(c)].has_value(); }
  const Observation& observed(int c) const { return *observed_[index(c)]; }
  bool feasible(int c) const { return measured(c) && observed(c).value >= limit_; }
  /// Something feasible that was measured is safer: whatever this one costs, it is no answer.
  bool dominated(int c) const { return dominated_[index(c)] != 0; }
  bool open(int c) const { return !measured(c) && !dominated(c); }

 private:
  static std::size_t index(int c) { return static_cast<std::size_t>(c); }
  const SearchSpace& space_;
  double limit_;
  std::vector<int> order_;
  std::vector<std::optional<Observation>> observed_;
  std::vector<char> dominated_;
};

/// Says what to measure next.
class Strategist {
 public:
  virtual ~Strategist() = default;
  /// An open candidate, or nullopt: every open one is taken for infeasible.
  virtual std::optional<int> next(const SearchState& state) = 0;
  /// After that: how many of the open ones are expected to be feasible nevertheless.
  virtual double doubt() const { return 0; }
};

std::unique_ptr<Strategist> make_exhaustive();
std::unique_ptr<Strategist> make_poset();
std::unique_ptr<Strategist> make_model(const SearchSpace& space);

struct GuidedRequest {
  SearchStrategy strategy = SearchStrategy::model;
  double at_least = 0;  ///< least value
  /// `at_least` is a part of this candidate's value; it is measured first.
  std::optional<int> relative_to;
  /// After each measurement; may be empty.
  std::function<void(const SearchState&)> progress;
};

struct GuidedAnswer {
  std::vector<int> maximal;     ///< the safest that are feasible; all of them were measured
  std::vector<int> order;       ///< what was measured, in that order
  std::vector<int> borderline;  ///< of these, whose interval has the limit inside
  int feasible = 0;             ///< of these
  int excluded = 0;             ///< not measured, and taken for infeasible
  double doubt = 0;             ///< expected number of feasible ones among the excluded
  double limit = 0;             ///< the budget as a value
  bool complete = false;        ///< the search came to its end
};

/// Measures one candidate; nullopt ends the search (time is over, somebody pressed Ctrl-C).
using MeasureCandidate = std::function<std::optional<Observation>(int candidate)>;

GuidedAnswer guided_search(const SearchSpace& space, const GuidedRequest& request,
                           const MeasureCandidate& measure);

}  // namespace flexos
