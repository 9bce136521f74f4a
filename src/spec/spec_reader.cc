#include "spec/spec_reader.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>

#include "spec/edit_distance.h"

namespace flexos {

namespace {

const Decimal kMaxNumber = 999999999999;

Statement statement_of(StatementKind kind, const Entry& entry) {
  Statement statement;
  statement.kind = kind;
  statement.origin = make_origin(entry);
  return statement;
}

const Component& component(const Spec& spec, int index) {
  return spec.components[static_cast<std::size_t>(index)];
}

void fix_hardening(Report& report, Scope& scope, const Node& node, Spec& spec) {
  for (const Entry& entry :
       read_map(report, node, "`harden` under `fix`", "write `harden: {redis: [cfi]}`")) {
    const auto index = scope.component(*entry.key);
    Statement statement = statement_of(StatementKind::fix_harden, entry);
    std::vector<std::pair<int, NodePtr>> chosen;
    for (const NodePtr& item : read_words(report, *entry.value, "the fixed hardening", false)) {
      const auto hardening = scope.hardening(*item);
      if (!hardening || !index) continue;
      const Hardening& h = spec.hardening[static_cast<std::size_t>(*hardening)];
      const Component& c = component(spec, *index);
      if (!std::binary_search(c.allowed_hardening.begin(), c.allowed_hardening.end(), h.name)) {
        report.error(item->span, "not-allowed",
                     fmt::format("{} cannot be built with {}", ticked(c.name), ticked(h.name)),
                     "its `hardening: {allow: [...]}` lists what it can be built with");
      }
      for (const auto& [other, place] : chosen) {
        const std::string& name = spec.hardening[static_cast<std::size_t>(other)].name;
        if (!std::binary_search(h.excludes.begin(), h.excludes.end(), name)) continue;
        report
            .error(item->span, "excluded-combination",
                   fmt::format("{} and {} exclude each other", ticked(name), ticked(h.name)))
            .note(place->span, "the other one");
      }
      chosen.emplace_back(*hardening, item);
      statement.names.push_back(h.name);
    }
    if (!index) continue;
    std::sort(statement.names.begin(), statement.names.end());
    statement.components = {*index};
    spec.statements.push_back(std::move(statement));
  }
}

void fix_variants(Report& report, Scope& scope, const Node& node, Spec& spec) {
  for (const Entry& entry :
       read_map(report, node, "`variants` under `fix`", "write `variants: {sched: verified}`")) {
    const auto index = scope.component(*entry.key);
    const auto name = read_name(report, *entry.value, "a variant");
    if (!index || !name) continue;
    std::vector<std::string> names;
    for (const Variant& variant : component(spec, *index).variants) names.push_back(variant.name);
    if (std::find(names.begin(), names.end(), *name) == names.end()) {
      report.error(
          entry.value->span, "unknown-variant",
          fmt::format("{} has no variant {}", ticked(entry.key->text), ticked(*name)),
          did_you_mean(*name, names, names.size() == 1 ? "it has only `default`" : std::string()));
      continue;
    }
    Statement statement = statement_of(StatementKind::fix_variant, entry);
    statement.components = {*index};
    statement.names = {*name};
    spec.statements.push_back(std::move(statement));
  }
}

/// `"a|b": mpk.light`
void fix_levels(Report& report, Scope& scope, const Node& node, Spec& spec) {
  std::map<std::array<int, 2>, Span> seen;
  for (const Entry& entry : read_map(report, node, "`levels` under `fix`",
                                     "write `levels: {\"lwip|redis\": mpk.light}`")) {
    const std::string& key = entry.key->text;
    const std::size_t bar = key.find('|');
    const auto level = scope.mechanism(*entry.value);
    if (bar == std::string::npos || key.find('|', bar + 1) != std::string::npos) {
      report.error(entry.key->span, "bad-pair",
                   fmt::format("expected two components as `\"a|b\"`, found {}", ticked(key)));
      continue;
    }
    const auto a = scope.component(key.substr(0, bar), entry.key->span);
    const auto b = scope.component(key.substr(bar + 1), entry.key->span);
    if (!a || !b || !level) continue;
    if (*a == *b) {
      report.error(entry.key->span, "self-isolation",
                   fmt::format("{} has no level towards itself", ticked(component(spec, *a).name)));
      continue;
    }
    const std::array<int, 2> pair = {std::min(*a, *b), std::max(*a, *b)};
    const auto [first, fresh] = seen.emplace(pair, entry.key->span);
    if (!fresh) {
      report.error(entry.key->span, "duplicate-key", "this pair is given twice")
          .note(first->second, "first given here");
      continue;
    }
    Statement statement = statement_of(StatementKind::fix_level, entry);
    statement.pairs = {pair};
    statement.level = level;
    spec.statements.push_back(std::move(statement));
  }
}

void read_fix(Report& report, Scope& scope, const NodePtr& node, Spec& spec) {
  const MapReader map(report, node, "`fix`", {"harden", "variants", "levels"});
  if (const auto harden = map.get("harden")) fix_hardening(report, scope, *harden, spec);
  if (const auto variants = map.get("variants")) fix_variants(report, scope, *variants, spec);
  if (const auto levels = map.get("levels")) fix_levels(report, scope, *levels, spec);
}

void explore_mechanisms(Report& report, Scope& scope, const MapReader& map, Spec& spec) {
  spec.explored_mechanisms.assign(spec.mechanisms.size(), false);
  const Entry* entry = map.entry("mechanisms");
  if (entry == nullptr) {
    for (std::size_t i = 0; i < spec.mechanisms.size(); ++i) {
      spec.explored_mechanisms[i] = available_on(spec.mechanisms[i], spec.platform);
    }
    return;
  }
  Statement statement = statement_of(StatementKind::explore_mechanisms, *entry);
  for (const NodePtr& item : read_words(report, *entry->value, "`mechanisms`", false)) {
    if (const auto level = scope.mechanism(*item)) {
      spec.explored_mechanisms[*level] = true;
      statement.names.push_back(item->text);
    }
  }
  if (entry->value->is_sequence() && entry->value->items.empty()) {
    report.error(entry->value->span, "too-few", "`mechanisms` leaves nothing to explore",
                 "drop it to explore all that the platform has");
  }
  spec.statements.push_back(std::move(statement));
}

void explore_hardening(Report& report, Scope& scope, const MapReader& map, Spec& spec) {
  const Entry* entry = map.entry("hardening");
  spec.explored_hardening.assign(spec.hardening.size(), entry == nullptr);
  if (entry == nullptr) return;
  Statement statement = statement_of(StatementKind::explore_hardening, *entry);
  for (const NodePtr& item : read_words(report, *entry->value, "`hardening`", false)) {
    if (const auto index = scope.hardening(*item)) {
      spec.explored_hardening[static_cast<std::size_t>(*index)] = true;
      statement.names.push_back(item->text);
    }
  }
  spec.statements.push_back(std::move(statement));
}

}  // namespace

void read_explore(Report& report, Scope& scope, const NodePtr& node, Spec& spec) {
  const MapReader map(
      report, node, "`explore`",
      {"objective", "top", "mechanisms", "hardening", "sharing", "platform", "fix"});
  static const std::vector<std::string> kPlatforms = {"qemu", "linux"};
  if (const auto value = map.get("platform")) {
    if (const auto index = read_choice(report, *value, "`platform`", kPlatforms)) {
      spec.platform = kPlatforms[*index];
    }
  }
  if (const auto value = map.get("objective")) {
    const auto index = read_choice(report, *value, "`objective`", {"fastest", "safest"});
    if (index == 1U) spec.objective = Objective::safest;
  }
  if (const auto value = map.get("sharing")) {
    const auto index = read_choice(report, *value, "`sharing`", {"copy", "dss"});
    if (index == 1U) spec.sharing = Sharing::dss;
  }
  if (const auto value = map.get("top")) {
    spec.top = static_cast<int>(read_integer(report, *value, "`top`", 1, 1000000).value_or(10));
  }
  explore_mechanisms(report, scope, map, spec);
  explore_hardening(report, scope, map, spec);
  set_hardware_limits(spec);
  if (const auto value = map.get("fix")) read_fix(report, scope, value, spec);
}

void read_budget(Report& report, const NodePtr& node, Spec& spec) {
  const MapReader map(report, node, "`budget`", {"slowdown", "memory", "vms", "keys"});
  if (const Entry* entry = map.entry("slowdown")) {
    const NumberRange range{.least = 1, .most = 1000000, .above = false};
    Statement statement = statement_of(StatementKind::budget_slowdown, *entry);
    if (const auto value = read_number(report, *entry->value, "`slowdown`", range)) {
      statement.decimal = *value;
      spec.statements.push_back(std::move(statement));
    }
  }
  if (const Entry* entry = map.entry("memory")) {
    Statement statement = statement_of(StatementKind::budget_memory, *entry);
    if (const auto value = read_size(report, *entry->value, "`memory`", 1)) {
      statement.integer = *value;
      spec.statements.push_back(std::move(statement));
    }
  }
  const auto count = [&](std::string_view key, StatementKind kind,
                         std::optional<int> Mechanism::* limit, std::string_view what) {
    const Entry* entry = map.entry(key);
    if (entry == nullptr) return;
    Statement statement = statement_of(kind, *entry);
    const auto value = read_integer(report, *entry->value, fmt::format("`{}`", key), 1, 1000000);
    if (!value) return;
    for (std::size_t i = 0; i < spec.mechanisms.size(); ++i) {
      const Mechanism& m = spec.mechanisms[i];
      if (!spec.explored_mechanisms[i] || !(m.*limit) || *value <= *(m.*limit)) continue;
      report.error(
          entry->value->span, "over-hardware-limit",
          fmt::format("{} has at most {} {}, not {}", ticked(m.name), *(m.*limit), what, *value));
      return;
    }
    statement.integer = *value;
    spec.statements.push_back(std::move(statement));
  };
  count("vms", StatementKind::budget_vms, &Mechanism::vms, "virtual machines");
  count("keys", StatementKind::budget_keys, &Mechanism::keys, "compartments in an address space");
  // Where no mechanism in play says how many keys there are, the user's word is all there is.
  if (!spec.statements.empty() && spec.statements.back().kind == StatementKind::budget_keys) {
    spec.hardware_keys =
        std::max(spec.hardware_keys, static_cast<int>(spec.statements.back().integer));
  }
}

void read_weights(Report& report, Scope& scope, const NodePtr& node, Spec& spec) {
  const MapReader map(report, node, "`weights`", {"risk", "asset"});
  const auto read = [&](std::string_view key, std::vector<Decimal>& weights) {
    const auto value = map.get(key);
    if (value == nullptr) return;
    for (const Entry& entry : read_map(report, *value, fmt::format("`{}`", key),
                                       fmt::format("write `{}: {{redis: 5}}`", key))) {
      const auto index = scope.component(*entry.key);
      const auto weight =
          read_number(report, *entry.value, "a weight", {.least = 0, .most = 1000000});
      if (index && weight) weights[static_cast<std::size_t>(*index)] = *weight;
    }
  };
  read("risk", spec.risk);
  read("asset", spec.asset);
}

namespace {

/// `{caller: {callee: number}}`.
std::map<std::array<int, 2>, Decimal> read_edges(Report& report, Scope& scope, const Node& node,
                                                 std::string_view key, std::string_view what) {
  std::map<std::array<int, 2>, Decimal> edges;
  for (const Entry& from : read_map(report, node, fmt::format("`{}` of a profile", key),
                                    fmt::format("write `{}: {{redis: {{lwip: 12.5}}}}`", key))) {
    const auto caller = scope.component(*from.key);
    const std::string where =
        key == "calls" ? "the calls of a component" : "the copying of a component";
    for (const Entry& to : read_map(report, *from.value, where, "write `redis: {lwip: 12.5}`")) {
      const auto callee = scope.component(*to.key);
      const auto number = read_number(report, *to.value, what, {.least = 0, .most = kMaxNumber});
      // Calls inside a component never cross anything.
      if (caller && callee && number && *caller != *callee) edges[{*caller, *callee}] = *number;
    }
  }
  return edges;
}

/// Measured factors go before what the definitions say, and behind what the spec says itself.
void read_factors(Report& report, Scope& scope, const Node& node, Spec& spec) {
  const NumberRange factor{.least = 0, .most = 1000, .above = true};
  for (const Entry& one : read_map(report, node, "`hardening` of a profile",
                                   "write `hardening: {redis: {asan: 2.1}}`")) {
    const auto index = scope.component(*one.key);
    for (const Entry& entry :
         read_map(report, *one.value, "the factors of a component", "write `redis: {asan: 2.1}`")) {
      const auto hardening = scope.hardening(*entry.key);
      const auto value = read_number(report, *entry.value, "a factor", factor);
      if (!index || !hardening || !value) continue;
      Component& c = spec.components[static_cast<std::size_t>(*index)];
      const auto& stated = c.stated_slowdown;
      if (std::find(stated.begin(), stated.end(), entry.key->text) != stated.end()) continue;
      c.slowdown[entry.key->text] = *value;
    }
  }
}

void read_clock(Report& report, const MapReader& map, Profile& profile) {
  static const std::vector<std::string> kClocks = {"cycles", "instructions"};
  static const std::vector<std::string> kPlatforms = {"qemu/tcg/instructions", "qemu/kvm/cycles",
                                                      "linux/native/cycles"};
  if (const auto value = map.get("machine")) {
    profile.machine = read_text(report, *value, "`machine`").value_or("");
  }
  std::optional<std::size_t> clock;
  if (const auto value = map.get("clock")) clock = read_choice(report, *value, "`clock`", kClocks);
  if (const auto value = map.get("platform")) {
    if (const auto platform = read_choice(report, *value, "`platform` of a profile", kPlatforms)) {
      profile.platform = kPlatforms[*platform];
      const std::size_t its = *platform == 0 ? 1 : 0;
      if (clock && *clock != its) {
        report.error(map.get("clock")->span, "clock-mismatch",
                     fmt::format("{} counts {}, not {}", ticked(profile.platform), kClocks[its],
                                 kClocks[*clock]),
                     fmt::format("write `clock: {}`, or leave it out", kClocks[its]));
        return;  // whatever follows from the one or the other
      }
      clock = its;
    }
  }
  if (clock) profile.clock = *clock == 0 ? CostClock::cycles : CostClock::instructions;
}

/// Makes the costs of gates those in instructions. A mechanism that has none is an error where the
/// spec asks for it by name, and is left out where it is merely there.
void count_instructions(Report& report, const Entry& clock, Spec& spec) {
  std::vector<std::string> named;
  std::vector<bool> wanted(spec.mechanisms.size(), false);
  for (const Statement& s : spec.statements) {
    if (s.kind == StatementKind::explore_mechanisms) named = s.names;
    if (s.level) wanted[*s.level] = true;
  }
  const auto report_unknown = [&](bool error, const std::vector<std::string>& mechanisms) {
    if (mechanisms.empty()) return;
    std::string list;
    for (const std::string& m : mechanisms) list += (list.empty() ? "" : ", ") + ticked(m);
    const std::string what = fmt::format(
        "this profile counts instructions, and what a gate of {} costs in them is not "
        "known",
        list);
    const std::string hint = fmt::format("`gates: {{{}: N}}` says it", mechanisms.front());
    if (error) {
      report.error(clock.value->span, "no-gate-cost", what,
                   hint + "; or leave it out of `explore: {mechanisms: [...]}`");
    } else {
      report.warning(clock.value->span, "no-gate-cost",
                     what + (mechanisms.size() == 1 ? ": it is" : ": they are") + " not explored",
                     hint);
    }
  };
  std::vector<std::string> missing;
  std::vector<std::string> left_out;
  for (std::size_t i = 0; i < spec.mechanisms.size(); ++i) {
    Mechanism& m = spec.mechanisms[i];
    const bool known =
        (spec.sharing == Sharing::copy ? m.instructions_copy : m.instructions_dss).has_value() ||
        m.name == "none";
    m.gate_copy = m.instructions_copy.value_or(Decimal());
    m.gate_dss = m.instructions_dss.value_or(Decimal());
    if (!spec.explored_mechanisms[i] || known) continue;
    if (wanted[i] || std::find(named.begin(), named.end(), m.name) != named.end()) {
      missing.push_back(m.name);
    } else {
      spec.explored_mechanisms[i] = false;
      left_out.push_back(m.name);
    }
  }
  report_unknown(true, missing);
  report_unknown(false, left_out);
}

}  // namespace

void read_profile(Report& report, Scope& scope, Files& files, const Entry& entry, Spec& spec) {
  NodePtr node = entry.value;
  if (node->is_scalar()) {
    std::filesystem::path file = node->text;
    if (file.is_relative()) file = std::filesystem::path(spec.file).parent_path() / file;
    node = files.read(file, node->span);
    if (node == nullptr) return;
  }
  const NumberRange count{.least = 0, .most = kMaxNumber};
  const NumberRange positive{.least = 0, .most = kMaxNumber, .above = true, .unit = "cycles"};
  const MapReader map(
      report, node, "a profile",
      {"base", "calls", "work", "copy", "hardening", "clock", "platform", "machine"});
  if (!map) return;
  Profile profile;
  profile.origin = make_origin(entry);
  profile.work.assign(spec.components.size(), Decimal());
  if (const auto base = map.require("base", "cycles of one operation of the unprotected image")) {
    profile.base = read_number(report, *base, "`base`", positive).value_or(Decimal(1));
  }
  if (const auto calls = map.get("calls")) {
    profile.calls = read_edges(report, scope, *calls, "calls", "a number of calls");
  }
  if (const auto copy = map.get("copy")) {
    profile.copy = read_edges(report, scope, *copy, "copy", "what copying takes");
  }
  if (const auto work = map.get("work")) {
    for (const Entry& item :
         read_map(report, *work, "`work` of a profile", "write `work: {redis: 21000}`")) {
      const auto index = scope.component(*item.key);
      const auto cycles = read_number(report, *item.value, "a component's work", count);
      if (index && cycles) profile.work[static_cast<std::size_t>(*index)] = *cycles;
    }
  }
  if (const auto factors = map.get("hardening")) read_factors(report, scope, *factors, spec);
  read_clock(report, map, profile);
  if (profile.clock == CostClock::instructions) {
    const Entry* clock = map.entry("clock");
    count_instructions(report, clock != nullptr ? *clock : *map.entry("platform"), spec);
  }
  spec.profile = std::move(profile);
}

}  // namespace flexos
