#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/measure.h"
#include "codegen/manifest.h"
#include "report/json.h"

/// The report's data: everything that one exploration found out, as NAME.json holds it, as the page
/// draws it and as `diff` compares it.
namespace flexos {

/// One exploration of one spec. What did not happen is absent, never made up.
struct Exploration {
  explicit Exploration(Spec s) : spec(std::move(s)) {}

  struct Image {
    std::filesystem::path elf;
    std::string hash;  ///< SHA-256 of the ELF file
    Manifest manifest;
    bool scan_clean = false;
    std::size_t fenced = 0;  ///< hidden ways into the kernel, which the platform refuses
  };
  struct AttackRow {
    int attacker = 0;
    int victim = 0;  ///< 0: the platform
    std::string attack;
    std::string expected;
    std::string observed;
    bool agrees = false;
  };
  struct Entry {
    Judged judged;
    std::optional<Measurement> measurement;
    std::optional<Image> image;
    std::optional<std::vector<AttackRow>> attacks;
  };
  struct Step {
    std::string name;
    double seconds = 0;
    std::string text;  ///< what came of it
  };

  Spec spec;  ///< as it was explored
  std::string tool;
  std::string workload;
  std::string made;     ///< UTC, ISO 8601
  std::string machine;  ///< "AMD EPYC, 2 cores"
  std::string preset;   ///< the strategy that a sweep put over the spec; empty: the spec's own
  std::optional<BenchPlatform> platform;  ///< absent: nothing was to be measured
  std::string platform_why;
  std::string not_measured;  ///< why there are only predictions; empty: there are measurements
  std::vector<std::string> left_out;  ///< choices that no image can hold
  Json gates;                         ///< what gates are taken to cost, and who says so
  Certificate certificate;
  bool optimal = false;
  bool interrupted = false;
  std::vector<Entry> entries;      ///< best first
  std::size_t along_frontier = 0;  ///< entries that are there to show the frontier, not as fastest
  bool all = false;                ///< entries are the best of all, also those that others beat

  std::optional<double> slowdown;  ///< budget that was asked for, in place of the spec's

  /// What is affordable: at most this slowdown; nullopt: nobody set a budget.
  std::optional<double> slowdown_budget() const;
  /// "5 layouts and 5 along the frontier"
  std::string entries_text() const;
  std::optional<Measurement> baseline;
  std::vector<Judged> frontier;
  bool frontier_complete = false;
  std::vector<Step> steps;
  double seconds = 0;
};

/// Slowdown as it was measured; as it is predicted where it was not; nullopt: it cannot be run, or
/// nobody knows.
std::optional<double> best_known_slowdown(const Spec& spec, const Exploration::Entry& entry);

Json report_json(const Exploration& exploration);

/// Ids of the safest that one can afford: nothing else within the budget is safer in every respect.
Json report_stars(const Exploration& exploration);

}  // namespace flexos
