#include "codegen/backend.h"

#include <fmt/format.h>

#include <algorithm>

namespace flexos {

bool weaves(const Mechanism& mechanism) {
  return mechanism.level == 0 || mechanism.name == "mpk.light" || mechanism.name == "mpk.full";
}

namespace {

/// Without this one; what was safer than it is still safer than what it was safer than.
void take_out(std::vector<Variant>& variants, std::size_t which) {
  const Variant gone = std::move(variants[which]);
  variants.erase(variants.begin() + static_cast<std::ptrdiff_t>(which));
  for (Variant& v : variants) {
    if (std::erase(v.safer_than, gone.name) == 0) continue;
    for (const std::string& name : gone.safer_than) {
      if (std::count(v.safer_than.begin(), v.safer_than.end(), name) == 0) {
        v.safer_than.push_back(name);
      }
    }
  }
}

}  // namespace

Buildable buildable(const Spec& spec, const std::string& platform) {
  Buildable result{spec, {}, {}};
  Spec& narrow = result.spec;
  narrow.platform = platform;
  for (std::size_t l = 0; l < narrow.mechanisms.size(); ++l) {
    const Mechanism& m = narrow.mechanisms[l];
    if (!narrow.explored_mechanisms[l] || (weaves(m) && available_on(m, platform))) continue;
    narrow.explored_mechanisms[l] = false;
    result.left_out.push_back(fmt::format("mechanism `{}`", m.name));
  }
  set_hardware_limits(narrow);
  for (int i = 0; i < narrow.size(); ++i) {
    Component& component = narrow.components[static_cast<std::size_t>(i)];
    if (!component.build) {
      result.missing.push_back(
          {fmt::format("`{}` has no `build:`, so no image can hold it", component.name),
           "`build:` of a component says which sources it is compiled from"});
      continue;
    }
    const bool pinned =
        std::any_of(spec.statements.begin(), spec.statements.end(), [&](const Statement& s) {
          return s.kind == StatementKind::fix_variant && s.components.front() == i;
        });
    if (pinned) continue;
    for (std::size_t v = component.variants.size() - 1; v > 0; --v) {
      if (component.variants[v].build) continue;
      result.left_out.push_back(
          fmt::format("variant `{}` of `{}`", component.variants[v].name, component.name));
      take_out(component.variants, v);
    }
  }
  if (spec.application.empty()) {
    result.missing.push_back({"the spec names no application", "`application: COMPONENT`"});
  } else {
    const auto application =
        std::find_if(spec.components.begin(), spec.components.end(),
                     [&](const Component& c) { return c.name == spec.application; });
    if (application == spec.components.end() ||
        (application->build && application->build->main.empty())) {
      result.missing.push_back(
          {fmt::format("the application `{}` has no `main` among its components' `build:`",
                       spec.application),
           "`application:` is the component whose `build:` says `main: FUNCTION`"});
    }
  }
  return result;
}

}  // namespace flexos
