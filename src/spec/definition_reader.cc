#include "spec/definition_reader.h"

#include <fmt/core.h>

#include <algorithm>
#include <tuple>

#include "spec/component_reader.h"
#include "spec/reader.h"

namespace flexos {

namespace {

const NumberRange kPercent{.least = 0, .most = 100, .above = false, .unit = "per cent"};
const NumberRange kFactor{.least = 0, .most = 1000, .above = true};
const NumberRange kCycles{.least = 0, .most = 1000000000, .above = false, .unit = "cycles"};
const NumberRange kInstructions{
    .least = 0, .most = 1000000000, .above = false, .unit = "instructions"};
constexpr std::size_t kMaxHardening = 64;  // a set of them is one machine word
constexpr std::size_t kMaxMechanisms = 64;

void check_name(Report& report, const Node& node, std::string_view kind, const std::string& name) {
  const Entry* entry = node.is_map() ? node.find(kind) : nullptr;
  if (entry == nullptr || (entry->value->is_scalar() && entry->value->text == name)) return;
  report.error(entry->value->span, "name-mismatch",
               fmt::format("this must be {}, as the definition is called", ticked(name)));
}

void check_count(Report& report, const std::map<std::string, Definition>& definitions,
                 std::size_t most, std::string_view what) {
  if (definitions.size() <= most) return;
  // The user's own are the ones too many, where there are any.
  const Definition* blamed = &definitions.rbegin()->second;
  for (const auto& [name, definition] : definitions) {
    if (definition.from_spec) blamed = &definition;
  }
  report.error(blamed->name, "too-many",
               fmt::format("{} {} are defined, at most {} can be", definitions.size(), what, most));
}

void read_transforms(Report& report, const NodePtr& node, Hardening& hardening) {
  const MapReader map(report, node, "`transforms`", {"reads", "writes", "calls"});
  if (!map) return;
  if (const auto reads = map.get("reads")) {
    hardening.reads = read_regions(report, *reads, "`reads`", Star::refused);
  }
  if (const auto writes = map.get("writes")) {
    hardening.writes = read_regions(report, *writes, "`writes`", Star::refused);
  }
  const auto calls = map.get("calls");
  if (calls == nullptr) return;
  if (calls->is_scalar() && calls->text == "graph") {
    hardening.calls_graph = true;
    return;
  }
  if (!calls->is_sequence()) {
    wrong_type(report, *calls, "`calls` must be `graph` or a list of `component.function`");
    return;
  }
  std::vector<PendingCall> pending;  // a transform may name components that a spec leaves out
  hardening.calls = read_calls(report, *calls, "`calls`", pending);
}

Hardening read_one_hardening(Report& report, const std::string& name, const Definition& d) {
  Hardening h;
  h.name = name;
  h.origin = make_origin(d.name, d.name);
  const MapReader map(report, d.node, "a hardening",
                      {"hardening", "transforms", "strength", "slowdown", "excludes", "compiler"});
  if (!map) return h;
  check_name(report, *d.node, "hardening", name);
  if (const auto node = map.get("transforms")) read_transforms(report, node, h);
  if (!d.from_spec) map.require("strength", "how many per cent of attacks it stops");
  if (const auto node = map.get("strength")) {
    h.strength = read_number(report, *node, "`strength`", kPercent).value_or(Decimal());
  }
  if (const auto node = map.get("slowdown")) {
    h.slowdown = read_number(report, *node, "`slowdown`", kFactor).value_or(Decimal(1));
  }
  if (const auto node = map.get("compiler")) {
    for (const NodePtr& flag : read_list(report, *node, "`compiler`")) {
      h.compiler.push_back(read_text(report, *flag, "a compiler option").value_or(""));
    }
  }
  return h;
}

struct GateCost {
  std::optional<Decimal> copy;
  std::optional<Decimal> dss;
};

/// `gate: 62` or `gate: {copy: 62, dss: 50}`.
GateCost read_cost(Report& report, const NodePtr& node, const NumberRange& range) {
  GateCost cost;
  if (!node->is_map()) {
    cost.copy = read_number(report, *node, "a gate's cost", range);
    cost.dss = cost.copy;
    return cost;
  }
  const MapReader map(report, node, "a gate's cost", {"copy", "dss"});
  if (const auto copy = map.get("copy")) {
    cost.copy = read_number(report, *copy, "a gate's cost", range);
  }
  if (const auto dss = map.get("dss")) {
    cost.dss = read_number(report, *dss, "a gate's cost", range);
  }
  return cost;
}

void read_gate(Report& report, const NodePtr& node, Mechanism& mechanism) {
  const GateCost cost = read_cost(report, node, kCycles);
  if (cost.copy) mechanism.gate_copy = *cost.copy;
  if (cost.dss) mechanism.gate_dss = *cost.dss;
}

/// Where one sharing alone is given, the other has no cost in instructions.
void read_instructions(Report& report, const NodePtr& node, Mechanism& mechanism) {
  const GateCost cost = read_cost(report, node, kInstructions);
  if (cost.copy) mechanism.instructions_copy = cost.copy;
  if (cost.dss) mechanism.instructions_dss = cost.dss;
}

bool stands_in_spec(const Entry* entry) {
  return entry != nullptr && entry->key->span.source != nullptr && entry->key->span.source->primary;
}

std::optional<int> read_limit(Report& report, const MapReader& map, std::string_view key) {
  const auto node = map.get(key);
  if (node == nullptr) return std::nullopt;
  const auto limit = read_integer(report, *node, fmt::format("`{}`", key), 1, 1000000);
  if (!limit) return std::nullopt;
  return static_cast<int>(*limit);
}

/// True iff the definition says a level, without which it has no place among the others.
bool read_one_mechanism(Report& report, const Definition& d, Mechanism& m) {
  const MapReader map(report, d.node, "a mechanism",
                      {"mechanism", "level", "strength", "gate", "instructions", "limits",
                       "platforms", "memory", "backend"});
  if (!map) return false;
  check_name(report, *d.node, "mechanism", m.name);
  if (!d.from_spec) map.require("strength", "how many per cent of attacks across it it stops");
  if (const auto node = map.get("strength")) {
    m.strength = read_number(report, *node, "`strength`", kPercent).value_or(Decimal());
  }
  if (const auto node = map.get("gate")) read_gate(report, node, m);
  if (const auto node = map.get("instructions")) read_instructions(report, node, m);
  if (stands_in_spec(map.entry("gate")) || stands_in_spec(map.entry("instructions"))) {
    m.gate_source = GateSource::spec;
  }
  if (const auto node = map.get("limits")) {
    const MapReader limits(report, node, "`limits`", {"keys", "vms"});
    m.keys = read_limit(report, limits, "keys");
    m.vms = read_limit(report, limits, "vms");
  }
  if (const auto node = map.get("platforms")) {
    for (const NodePtr& item : read_words(report, *node, "`platforms`", false)) {
      if (read_choice(report, *item, "a platform", {"qemu", "linux"})) {
        m.platforms.push_back(item->text);
      }
    }
  }
  if (const auto node = map.get("memory")) {
    m.memory = read_size(report, *node, "`memory`", 0).value_or(0);
  }
  if (const auto node = map.get("backend")) {
    m.backend = read_boolean(report, *node, "`backend`").value_or(false);
  }
  if (map.get("gate") == nullptr) {
    report.error(d.name, "missing-key",
                 fmt::format("mechanism {} needs the key `gate`", ticked(m.name)),
                 "what a call across it costs, in cycles");
  }
  const auto level = map.get("level");
  if (level == nullptr) {
    report.error(d.name, "missing-key",
                 fmt::format("mechanism {} needs the key `level`", ticked(m.name)),
                 "its place in the nesting, a whole number; `none` is the lowest");
    return false;
  }
  const auto value = read_integer(report, *level, "`level`", 0, 1000000);
  if (!value) return false;
  m.level = static_cast<int>(*value);
  return true;
}

void check_levels(Report& report, const std::vector<Mechanism>& mechanisms,
                  const std::map<std::string, Definition>& definitions) {
  const auto level_span = [&](const Mechanism& m) {
    const auto definition = definitions.find(m.name);
    return definition == definitions.end() ? Span{}
                                           : definition->second.node->find("level")->value->span;
  };
  const auto by_user = [&](const Mechanism& m) {
    const Source* source = level_span(m).source;
    return source != nullptr && source->primary;
  };
  for (std::size_t i = 1; i < mechanisms.size(); ++i) {
    const Mechanism& low = mechanisms[i - 1];
    const Mechanism& high = mechanisms[i];
    if (low.level != high.level) continue;
    // The user's own one is to blame, where one of them is.
    const bool swap = by_user(low) && !by_user(high);
    const Mechanism& blamed = swap ? low : high;
    const Mechanism& other = swap ? high : low;
    report
        .error(level_span(blamed), "equal-levels",
               fmt::format("mechanisms {} and {} have the same level {}", ticked(other.name),
                           ticked(blamed.name), blamed.level),
               "levels are an order: give each its own number")
        .note(level_span(other), fmt::format("the level of {}", ticked(other.name)));
  }
  const auto none = std::find_if(mechanisms.begin(), mechanisms.end(),
                                 [](const Mechanism& m) { return m.name == "none"; });
  if (none == mechanisms.end() || none->level == mechanisms[0].level) return;
  const Mechanism& lowest = mechanisms[0];
  const bool user = by_user(*none);
  report
      .error(
          level_span(user ? *none : lowest), "none-not-lowest",
          fmt::format("`none` must be the lowest level, but {} is below it", ticked(lowest.name)))
      .note(level_span(user ? lowest : *none),
            fmt::format("the level of {}", ticked(user ? lowest.name : "none")));
}

}  // namespace

std::map<std::string, Definition> collect_definitions(Report& report, Files& files,
                                                      std::string_view folder,
                                                      std::string_view kind, const Node* define) {
  std::map<std::string, Definition> result;
  const bool dotted = kind == "mechanism";
  for (const std::string& name : files.names(folder)) {
    const NodePtr node = files.read(files.path(folder, name));
    if (node == nullptr) continue;
    const Entry* entry = node->is_map() ? node->find(kind) : nullptr;
    if (entry == nullptr) {
      report.error(node->span, "missing-key",
                   fmt::format("the file of a {} begins with `{}: {}`", kind, kind, name));
      continue;
    }
    result[name] = {node, entry->value->span, false};
  }
  if (define == nullptr) return result;
  for (const Entry& entry : read_map(report, *define, fmt::format("`{}` under `define`", folder),
                                     fmt::format("write `{}: {{name: {{...}}}}`", folder))) {
    const auto name = read_name(report, *entry.key, fmt::format("a {}", kind), dotted);
    if (!name) continue;
    const auto base = result.find(*name);
    const NodePtr node = base == result.end() || !entry.value->is_map()
                             ? entry.value
                             : merge(base->second.node, entry.value);
    result[*name] = {node, entry.key->span, true};
  }
  return result;
}

std::vector<Hardening> read_hardening(Report& report, Scope& scope,
                                      const std::map<std::string, Definition>& definitions) {
  check_count(report, definitions, kMaxHardening, "hardenings");
  std::vector<Hardening> result;
  for (const auto& [name, definition] : definitions) {
    scope.add_hardening(name, static_cast<int>(result.size()));
    result.push_back(read_one_hardening(report, name, definition));
  }
  // Exclusion is mutual, whichever of the two says it.
  for (std::size_t i = 0; i < result.size(); ++i) {
    const Node& node = *definitions.at(result[i].name).node;
    const Entry* entry = node.is_map() ? node.find("excludes") : nullptr;
    if (entry == nullptr) continue;
    for (const NodePtr& item : read_words(report, *entry->value, "`excludes`", false)) {
      if (item->text == result[i].name) {
        report.error(item->span, "self-exclusion",
                     fmt::format("{} excludes itself", ticked(item->text)));
      } else if (const auto other = scope.hardening(*item)) {
        result[i].excludes.push_back(item->text);
        result[static_cast<std::size_t>(*other)].excludes.push_back(result[i].name);
      }
    }
  }
  for (Hardening& h : result) {
    std::sort(h.excludes.begin(), h.excludes.end());
    h.excludes.erase(std::unique(h.excludes.begin(), h.excludes.end()), h.excludes.end());
  }
  return result;
}

std::vector<Mechanism> read_mechanisms(Report& report, Scope& scope,
                                       const std::map<std::string, Definition>& definitions,
                                       const Node* gates) {
  check_count(report, definitions, kMaxMechanisms, "mechanisms");
  std::vector<Mechanism> result;
  for (const auto& [name, definition] : definitions) {
    Mechanism m;
    m.name = name;
    m.origin = make_origin(definition.name, definition.name);
    if (read_one_mechanism(report, definition, m)) {
      result.push_back(std::move(m));
    } else {
      scope.break_mechanism(name);
    }
  }
  if (!definitions.contains("none")) {
    Mechanism none;
    none.name = "none";
    none.backend = true;
    result.insert(result.begin(), std::move(none));
  }
  const auto key = [](const Mechanism& m) {
    return std::tuple(m.level, m.name != "none", std::string_view(m.name));
  };
  std::sort(result.begin(), result.end(),
            [&](const Mechanism& a, const Mechanism& b) { return key(a) < key(b); });
  check_levels(report, result, definitions);
  for (std::size_t i = 0; i < result.size(); ++i) {
    scope.add_mechanism(result[i].name, static_cast<int>(i));
  }
  if (gates == nullptr) return result;
  for (const Entry& entry : read_map(report, *gates, "`gates`", "write `gates: {mpk.light: 60}`")) {
    if (const auto level = scope.mechanism(*entry.key)) {
      // In whichever clock the profile has.
      read_gate(report, entry.value, result[*level]);
      read_instructions(report, entry.value, result[*level]);
      result[*level].gate_source = GateSource::spec;
    }
  }
  return result;
}

}  // namespace flexos
