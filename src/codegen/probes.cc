#include "codegen/probes.h"

#include <fmt/format.h>

#include <algorithm>

#include "codegen/callback.h"
#include "spec/signature.h"

namespace flexos {

ObjectRecipe probe_recipe(const std::filesystem::path& project) {
  const std::filesystem::path folder = project / "src/kernel/components/probe";
  ObjectRecipe recipe;
  recipe.name = "probe";
  recipe.sources = {folder / "probe.cc", folder / "attack.S"};
  recipe.exports = {"probe_select",  "probe_run",    "probe_call",     "probe_leaf",
                    "probe_private", "probe_secret", "probe_constant", "probe_area",
                    "probe_visit",   "probe_thief",  "probe_stray"};
  // What is handed over as a callback must show its type.
  recipe.flags = {"-fsanitize=kcfi",
                  "-fsanitize-ignorelist=src/kernel/runtime/kcfi-hashes-only.txt"};
  return recipe;
}

Component probe_component(int compartments) {
  Component component;
  component.name = "probe";
  for (int k = 1; k <= compartments; ++k) {
    const std::string text = fmt::format(
        "probe_visit_{}(uint64_t (*visit)(uint64_t op, const void* text [in: 16]), uint64_t "
        "(*plain)(uint64_t op), uint64_t op, uint64_t x, uint64_t y) -> uint64_t",
        k);
    component.api.push_back(parse_signature(text).entry);
  }
  return component;
}

void add_probes(Plan& plan, const Spec& spec, const Configuration& configuration) {
  plan.probes = true;
  const auto level_between = [&](const Compartment& a, const Compartment& b) {
    return configuration.level(a.components.front(), b.components.front());
  };
  const auto api = probe_component(static_cast<int>(plan.compartments.size())).api;
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
      plan.gates.push_back(gate);
      const EntryPoint& visit = api[static_cast<std::size_t>(to.number) - 1];
      gate.function = visit.name;
      gate.arguments = static_cast<int>(visit.parameters.size());
      gate.marshalled = true;
      gate.symbol = fmt::format("gate.{}.{}.probe.{}", from.number, to.number, visit.name);
      gate.target = fmt::format("def.probe.{}.probe_visit", to.number);
      plan.gates.push_back(gate);
      add_callbacks(plan, visit, "probe", gate, spec.sharing);
    }
  }
  if (plan.compartments.size() < 2) return;
  for (const Compartment& c : plan.compartments) {
    if (std::none_of(plan.instances.begin(), plan.instances.end(), [&](const Replica& i) {
          return i.object == "probe_marshal" && i.compartment == c.number;
        })) {
      plan.instances.push_back({"probe_marshal", c.number});
    }
  }
}

}  // namespace flexos
