#pragma once

#include "report/json.h"

namespace flexos {

/// A small report: measured, predicted only, over budget, failed; a frontier of three steps.
inline Json small_report() {
  const auto interval = [](double m) {
    return Json{{"median", m}, {"low", m - 0.01}, {"high", m + 0.01}};
  };
  const auto configuration = [&](const char* id, double predicted, double score) {
    return Json{
        {"id", id},
        {"levels", {{"a|b", "mpk.light"}}},
        {"compartments",
         {{{"components", {"a"}}, {"within", "mpk.light:1"}},
          {{"components", {"b", "c"}}, {"within", "mpk.light:2"}}}},
        {"hardening", {{"a", {"asan", "cfi"}}, {"b", Json::array()}, {"c", {"cfi"}}}},
        {"relative_performance", predicted},
        {"slowdown", 1 / predicted},
        {"cost_cycles", 100.0},
        {"safety_score", score},
        {"within_budget", predicted >= 0.5},
        {"measured", nullptr},
        {"failure", nullptr},
    };
  };
  Json fast = configuration("fast", 0.9, 0.4);
  fast["measured"] = {{"relative", interval(0.88)}, {"throughput", 1000.0}, {"runs", 7}};
  Json safe = configuration("safe", 0.6, 0.8);
  safe["measured"] = {{"relative", interval(0.62)}, {"throughput", 700.0}, {"runs", 5}};
  Json failed = configuration("failed", 0.7, 0.5);
  failed["failure"] = {{"cause", "hang"}, {"detail", "after 60 s"}};
  return {
      {"flexos", 1},
      {"spec", "small"},
      {"platform", {{"key", "qemu/tcg/instructions"}, {"machine", "a machine"}}},
      {"proof", "bound"},
      {"gap", 0},
      {"budget", {{"slowdown", 2.0}}},
      {"components",
       {{{"name", "a"}, {"description", ""}, {"untrusted", false}},
        {{"name", "b"}, {"description", ""}, {"untrusted", true}},
        {{"name", "c"}, {"description", ""}, {"untrusted", false}}}},
      {"mechanisms", {"none", "mpk.light"}},
      {"hardenings", {"asan", "cfi"}},
      {"configurations",
       {fast, safe, configuration("slow", 0.45, 0.95), failed, configuration("guess", 0.8, 0.6)}},
      {"frontier",
       {{"points",
         {configuration("fast", 0.9, 0.4), configuration("guess", 0.8, 0.6),
          configuration("safe", 0.6, 0.8)}},
        {"complete", true}}},
      {"measured_frontier", {"fast", "safe"}},
      {"stars", {"safe"}}};
}

}  // namespace flexos
