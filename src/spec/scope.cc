#include "spec/scope.h"

#include <fmt/core.h>

#include "spec/edit_distance.h"
#include "spec/reader.h"

namespace flexos {

std::optional<Level> Scope::mechanism(const Node& node) {
  const auto index = find(mechanisms_, node);
  if (!index) return std::nullopt;
  return static_cast<Level>(*index);
}

std::optional<int> Scope::find_component(const std::string& name) const {
  const auto found = components_.index.find(name);
  if (found == components_.index.end()) return std::nullopt;
  return found->second;
}

std::optional<int> Scope::find(Table& table, const Node& node) {
  if (!node.is_scalar()) {
    wrong_type(report_, node, fmt::format("this must be the name of a {}", table.kind));
    return std::nullopt;
  }
  return find(table, node.text, node.span);
}

std::optional<int> Scope::find(Table& table, const std::string& name, const Span& span) {
  if (table.broken.contains(name)) return std::nullopt;
  const auto found = table.index.find(name);
  if (found != table.index.end()) return found->second;

  std::vector<std::string> candidates = names(table);
  if (&table == &components_ && !span.source->primary) {
    // A component's file may call what the library has, whether or not the spec lists it.
    const std::set<std::string> used(candidates.begin(), candidates.end());
    candidates.assign(library_components.begin(), library_components.end());
    for (const std::string& candidate : used) {
      if (!library_components.contains(candidate)) candidates.push_back(candidate);
    }
  }
  std::string hint = did_you_mean(name, candidates);
  if (&table == &components_) {
    if (library_components.contains(name)) {
      hint = fmt::format("add `{}` to `components`", name);
    }
  }
  if (hint.empty()) hint = list_names("there are", candidates);
  if (hint.empty()) hint = fmt::format("no {} is defined", table.kind);
  report_.error(span, fmt::format("unknown-{}", table.kind),
                fmt::format("unknown {} {}", table.kind, ticked(name)), hint);
  table.broken.insert(name);
  return std::nullopt;
}

std::vector<std::string> Scope::names(const Table& table) {
  std::vector<std::string> result;
  for (const auto& [name, index] : table.index) result.push_back(name);
  return result;
}

}  // namespace flexos
