#include "cli/calibrated.h"

#include <fmt/format.h>

#include "bench/calibration_store.h"
#include "bench/machine.h"

namespace flexos {

namespace {

const char* name_of(GateSource source) {
  switch (source) {
    case GateSource::specs:
      return "specs";
    case GateSource::spec:
      return "spec";
    case GateSource::calibration:
      return "calibration";
  }
  return "?";
}

}  // namespace

Result<Done> use_calibrated_costs(Spec& spec) {
  if (!spec.profile) return Done{};
  const auto file = calibration_file();
  if (!file) return Done{};
  const auto calibrations = read_calibrations(*file);
  if (!calibrations) return calibrations.error();
  if (calibrations->empty()) return Done{};
  const std::string machine = this_machine().id;
  for (const Calibration& c : *calibrations) {
    if (c.machine == machine && c.platform == cost_platform(spec)) use_calibration(spec, c);
  }
  return Done{};
}

Json gates_json(const Spec& spec) {
  GateSource all = GateSource::specs;
  Json costs = Json::object();
  for (std::size_t level = 1; level < spec.mechanisms.size(); ++level) {
    if (!spec.explored_mechanisms[level]) continue;
    const Mechanism& m = spec.mechanisms[level];
    // The most particular of them names the whole.
    all = std::max(all, m.gate_source);
    costs[m.name] = {{"cost", gate_cost(spec, static_cast<Level>(level)).to_double()},
                     {"source", name_of(m.gate_source)}};
  }
  return {{"source", name_of(all)},
          {"platform", cost_platform(spec)},
          {"clock", spec.profile ? Json(name(spec.profile->clock)) : Json(nullptr)},
          {"costs", std::move(costs)}};
}

std::string gates_text(const Spec& spec) {
  std::string text;
  for (std::size_t level = 1; level < spec.mechanisms.size(); ++level) {
    const Mechanism& m = spec.mechanisms[level];
    if (m.gate_source != GateSource::calibration || !spec.explored_mechanisms[level]) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", m.name,
                        gate_cost(spec, static_cast<Level>(level)).to_string());
  }
  if (text.empty()) return text;
  return fmt::format("gates cost what `calibrate` found here on {} ({}): {}", cost_platform(spec),
                     name(spec.profile->clock), text);
}

}  // namespace flexos
