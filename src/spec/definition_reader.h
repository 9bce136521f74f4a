#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/spec.h"
#include "spec/files.h"
#include "spec/scope.h"
#include "spec/yaml_tree.h"

namespace flexos {

/// A hardening or mechanism before it is read: the library's file, and `define` laid upon it.
struct Definition {
  NodePtr node;
  Span name;  ///< where its name is written
  bool from_spec = false;
};

/// By name: what the library's folder holds and what `define` (may be null) adds or overrides.
std::map<std::string, Definition> collect_definitions(Report& report, Files& files,
                                                      std::string_view folder,
                                                      std::string_view kind, const Node* define);

/// All hardenings, sorted by name, and their names in the scope.
std::vector<Hardening> read_hardening(Report& report, Scope& scope,
                                      const std::map<std::string, Definition>& definitions);

/// All mechanisms, sorted by level, and their names in the scope. `gates` (may be null) is the
/// spec's own gate costs. `none` is always there.
std::vector<Mechanism> read_mechanisms(Report& report, Scope& scope,
                                       const std::map<std::string, Definition>& definitions,
                                       const Node* gates);

}  // namespace flexos
