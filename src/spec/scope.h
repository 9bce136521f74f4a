#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/spec.h"
#include "spec/report.h"
#include "spec/yaml_tree.h"

namespace flexos {

/// The names that a spec may use, and what they refer to. An unknown name is reported once, where
/// it is first used; a name whose definition has an error is known but refers to nothing, so that
/// one mistake is not reported again wherever the name is used.
class Scope {
 public:
  explicit Scope(Report& report) : report_(report) {}

  void add_component(const std::string& name, int index) { components_.index[name] = index; }
  void add_hardening(const std::string& name, int index) { hardening_.index[name] = index; }
  void add_mechanism(const std::string& name, int index) { mechanisms_.index[name] = index; }
  void break_component(const std::string& name) { components_.broken.insert(name); }
  void break_hardening(const std::string& name) { hardening_.broken.insert(name); }
  void break_mechanism(const std::string& name) { mechanisms_.broken.insert(name); }

  std::optional<int> component(const Node& node) { return find(components_, node); }
  /// The same for a name that is part of a longer scalar and stands at `span`.
  std::optional<int> component(const std::string& name, const Span& span) {
    return find(components_, name, span);
  }
  std::optional<int> hardening(const Node& node) { return find(hardening_, node); }
  std::optional<Level> mechanism(const Node& node);

  bool knows_component(const std::string& name) const {
    return components_.index.contains(name) || components_.broken.contains(name);
  }
  std::optional<int> find_component(const std::string& name) const;
  std::vector<std::string> component_names() const { return names(components_); }
  std::vector<std::string> hardening_names() const { return names(hardening_); }

  /// Components that the library has, used by the spec or not: for hints.
  std::set<std::string> library_components;

 private:
  struct Table {
    std::string_view kind;
    std::map<std::string, int> index;
    std::set<std::string> broken;
  };

  std::optional<int> find(Table& table, const Node& node);
  std::optional<int> find(Table& table, const std::string& name, const Span& span);
  static std::vector<std::string> names(const Table& table);

  Report& report_;
  Table components_{.kind = "component", .index = {}, .broken = {}};
  Table hardening_{.kind = "hardening", .index = {}, .broken = {}};
  Table mechanisms_{.kind = "mechanism", .index = {}, .broken = {}};
};

}  // namespace flexos
