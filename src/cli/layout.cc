#include "cli/layout.h"

#include <fmt/format.h>

#include <algorithm>

namespace flexos {

/// `a+b|c` to groups of component indices.
std::optional<std::vector<std::vector<int>>> parse_layout(App& app, const Spec& spec,
                                                          const std::string& text) {
  std::vector<std::vector<int>> groups(1);
  std::vector<bool> placed(spec.components.size(), false);
  std::string name;
  const auto finish = [&]() -> bool {
    const auto found = std::find_if(spec.components.begin(), spec.components.end(),
                                    [&](const Component& c) { return c.name == name; });
    if (found == spec.components.end()) {
      app.fail(kUsage, "--layout: unknown component `" + name + "`");
      return false;
    }
    const auto i = static_cast<std::size_t>(found - spec.components.begin());
    if (placed[i]) {
      app.fail(kUsage, "--layout: `" + name + "` is in two places");
      return false;
    }
    placed[i] = true;
    groups.back().push_back(static_cast<int>(i));
    name.clear();
    return true;
  };
  for (const char c : text) {
    if (c == ' ') continue;
    if (c != '+' && c != '|') {
      name += c;
      continue;
    }
    if (!finish()) return std::nullopt;
    if (c == '|') groups.emplace_back();
  }
  if (!finish()) return std::nullopt;
  for (std::size_t i = 0; i < placed.size(); ++i) {
    if (placed[i]) continue;
    app.fail(kUsage, "--layout: `" + spec.components[i].name + "` is missing",
             "write every component, like a+b|c");
    return std::nullopt;
  }
  return groups;
}

}  // namespace flexos
