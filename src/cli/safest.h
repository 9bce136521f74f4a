#pragma once

#include <optional>
#include <string>

#include "bench/search.h"
#include "cli/app.h"
#include "cli/measuring.h"

namespace flexos {

/// The command line of `safest`. By what it asks: predictions (the default), measurements that
/// somebody brings (--measured), the same as if they were made now (--replay), or new ones
/// (--measure).
struct SafestOptions {
  std::string spec;
  std::string slowdown;
  int top = 0;
  bool poset = false;

  std::string measured;
  std::string replay;
  bool measure = false;
  std::string at_least;
  std::string metric;
  std::string strategy;
  double noise = 0.01;
  std::string record;
  MeasuringOptions measuring;
};

/// A performance that must be reached.
struct PerformanceBudget {
  double value = 0;
  bool relative = false;  ///< a part of the unprotected one's
};

/// From --at-least (`494000`, `41%`) or --slowdown; nullopt: said what is wrong (exit code 2).
std::optional<PerformanceBudget> performance_budget(App& app, const SafestOptions& options);

int safest_measured(App& app, const SafestOptions& options, const Spec& spec);
int safest_replayed(App& app, const SafestOptions& options, const Spec& spec);
int safest_live(App& app, const SafestOptions& options, const Spec& spec);

/// What every search answers besides its rows.
void add_search(Json& json, const GuidedAnswer& answer, SearchStrategy strategy, int of);
/// The same in a sentence or two.
std::string search_text(const GuidedAnswer& answer, SearchStrategy strategy, int of);

}  // namespace flexos
