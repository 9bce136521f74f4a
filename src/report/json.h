#pragma once

#include <nlohmann/json.hpp>

#include "model/verdict.h"
#include "solver/compartments.h"
#include "solver/explain.h"
#include "solver/poset.h"
#include "solver/rank.h"
#include "solver/whynot.h"
#include "spec/diagnostic.h"

/// The machine-readable answers (LANGUAGE, "Commands and their JSON"). Keys keep their order, so
/// that the same answer has the same bytes.
namespace flexos {

using Json = nlohmann::ordered_json;

/// A configuration with what the judge said of it.
struct Judged {
  Configuration configuration;
  Evaluation evaluation;
};

/// Has every configuration judged. An inadmissible one is a defect of the search: `error` says so,
/// and nothing of it may be printed.
struct JudgedList {
  std::vector<Judged> list;
  std::string error;
};
JudgedList judge_all(const Spec& spec, const std::vector<Configuration>& configurations);

Json to_json(const Spec& spec, const Judged& judged);
Json to_json(const Spec& spec, const std::vector<Judged>& list);
Json to_json(const std::vector<Diagnostic>& diagnostics);
Json to_json(const Statement& statement);
Json to_json(const Violation& violation);
Json poset_json(const Spec& spec, const std::vector<Judged>& list);

/// Adds "proof" and "gap".
void add_certificate(Json& json, const Certificate& certificate);

/// The Hasse diagram of the safety order for Graphviz.
std::string poset_dot(const Spec& spec, const std::vector<Judged>& list);

/// Where a compartment stands in the nesting: "vm1/pt2", outermost first, only boundaries that the
/// configuration draws; empty where nothing nests.
std::vector<std::string> nesting_paths(const Spec& spec, const Configuration& c);

/// The compartments in nesting order, neighbours in the tree side by side.
std::vector<std::vector<int>> compartments_in_order(const Spec& spec, const Configuration& c);

}  // namespace flexos
