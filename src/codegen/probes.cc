#include "codegen/probes.h"

#include <fmt/format.h>

#include <algorithm>

namespace flexos {

ObjectRecipe probe_recipe(const std::filesystem::path& project) {
  const std::filesystem::path folder = project / "src/kernel/components/probe";
  ObjectRecipe recipe;
  recipe.name = "probe";
  recipe.sources = {folder / "probe.cc", folder / "attack.S"};
  recipe.exports = {"probe_select",  "probe_run",    "probe_call",     "probe_leaf",
                    "probe_private", "probe_secret", "probe_constant", "probe_area"};
  return recipe;
}

void add_probes(Plan& plan, const Spec& spec, const Configuration& configuration) {
  plan.probes = true;
  const auto level_between = [&](const Compartment& a, const Compartment& b) {
    return configuration.level(a.components.front(), b.components.front());
  };
  for (const Compartment& from : plan.compartments) {
    plan.instances.push_back({"probe", from.number});
    for (const char* service : {"platform_arguments", "platform_exit"}) {
      plan.bindings.push_back(
          {fmt::format("probe.{}", from.number), service, service, How::platform, -1});
    }
    for (const Compartment& to : plan.compartments) {
      if (from.number == to.number) continue;
      Gate gate;
      gate.from = from.number;
      gate.to = to.number;
      gate.function = "probe_call";
      gate.full = spec.mechanisms[level_between(from, to)].name == "mpk.full";
      gate.arguments = 3;
      gate.symbol = fmt::format("gate.{}.{}.probe.probe_call", from.number, to.number);
      gate.target = fmt::format("def.probe.{}.probe_call", to.number);
      plan.gates.push_back(std::move(gate));
    }
  }
}

}  // namespace flexos
