#include "report/data.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/table.h"

namespace flexos {

namespace {

using Entry = Exploration::Entry;

std::size_t at(int i) { return static_cast<std::size_t>(i); }

Json to_json(const Interval& i) { return {{"median", i.median}, {"low", i.low}, {"high", i.high}}; }

Json to_json(const Measurement& m, bool relative) {
  Json json;
  if (relative) json["relative"] = to_json(m.relative);
  json["per_operation"] = to_json(m.per_operation);
  json["throughput"] = m.throughput;
  json["runs"] = m.runs;
  json["outliers"] = m.outliers;
  json["drift"] = m.drift;
  json["tight"] = m.tight;
  json["latency"] = Json::object();
  for (const auto& [name, value] : m.latency) json["latency"][name] = value;
  json["instructions"] = m.instructions ? Json(*m.instructions) : Json(nullptr);
  json["crossings"] = m.crossings ? Json(*m.crossings) : Json(nullptr);
  json["boot_seconds"] = m.boot_seconds > 0 ? Json(m.boot_seconds) : Json(nullptr);
  json["memory_bytes"] = m.memory_bytes;
  json["image_bytes"] = m.image_bytes;
  if (!m.detail.empty()) json["note"] = m.detail;
  return json;
}

/// What the model takes a configuration's cost to be made of, an operation.
Json costs_json(const Spec& spec, const Configuration& c) {
  Json gates = Json::array();
  Json hardening = Json::array();
  if (spec.profile) {
    for (const auto& [edge, calls] : spec.profile->calls) {
      const Level level = c.level(edge[0], edge[1]);
      if (level == 0) continue;
      const double copying = copy_cost(spec, edge[0], edge[1]).to_double();
      const double cost = calls.to_double() * gate_cost(spec, level).to_double() + copying;
      if (cost == 0) continue;
      gates.push_back({{"from", spec.components[at(edge[0])].name},
                       {"to", spec.components[at(edge[1])].name},
                       {"mechanism", spec.mechanisms[level].name},
                       {"calls", calls.to_double()},
                       {"copying", copying},
                       {"cost", cost}});
    }
  }
  for (const CostItem& item : cost_items(spec, c)) {
    if (item.kind == CostItem::Kind::edge) continue;
    Json names = Json::array();
    for (int i = 0; i < spec.size(); ++i) {
      if (spec.components[at(i)].name != item.what || item.kind == CostItem::Kind::variant)
        continue;
      for (std::size_t h = 0; h < spec.hardening.size(); ++h) {
        if ((c.hardening[at(i)] >> h & 1U) != 0) names.push_back(spec.hardening[h].name);
      }
    }
    Json one{{"component", item.what}, {"hardening", std::move(names)}, {"cost", item.cycles}};
    if (item.kind == CostItem::Kind::variant) one["variant"] = item.choice;
    hardening.push_back(std::move(one));
  }
  const auto dearest_first = [](const Json& a, const Json& b) {
    return a["cost"].get<double>() > b["cost"].get<double>();
  };
  std::stable_sort(gates.begin(), gates.end(), dearest_first);
  return {{"gates", std::move(gates)}, {"hardening", std::move(hardening)}};
}

Json to_json(const Exploration::Image& image) {
  Json gates = Json::array();
  for (const Manifest::Gate& g : image.manifest.gates) {
    gates.push_back({{"from", g.from},
                     {"to", g.to},
                     {"caller", g.caller_component},
                     {"callee", g.callee_component},
                     {"function", g.function},
                     {"mechanism", g.mechanism}});
  }
  Json compartments = Json::array();
  for (const Manifest::Compartment& c : image.manifest.compartments) {
    compartments.push_back({{"number", c.number}, {"components", c.components}, {"key", c.key}});
  }
  const auto bytes = image.manifest.sizes.find("file");
  return {{"path", image.elf.string()},
          {"hash", image.hash},
          {"gates", std::move(gates)},
          {"compartments", std::move(compartments)},
          {"bytes", bytes == image.manifest.sizes.end() ? Json(nullptr) : Json(bytes->second)}};
}

Json attacks_json(const std::vector<Exploration::AttackRow>& rows) {
  Json matrix = Json::array();
  std::size_t good = 0;
  for (const Exploration::AttackRow& r : rows) {
    good += r.agrees ? 1 : 0;
    matrix.push_back({{"attack", r.attack},
                      {"attacker", r.attacker},
                      {"victim", r.victim == 0 ? Json("platform") : Json(r.victim)},
                      {"expected", r.expected},
                      {"observed", r.observed},
                      {"agrees", r.agrees}});
  }
  return {{"cells", rows.size()}, {"as_promised", good}, {"matrix", std::move(matrix)}};
}

bool within_budget(const Exploration& x, const Entry& entry) {
  const auto budget = x.slowdown_budget();
  const auto slowdown = best_known_slowdown(x.spec, entry);
  if (entry.measurement && entry.measurement->failure != Failure::none) return false;
  return !budget || !slowdown || *slowdown <= *budget;
}

Json entry_json(const Exploration& x, const Entry& e) {
  const Spec& spec = x.spec;
  Json json = to_json(spec, e.judged);
  json["layout"] = draw_layout(spec, e.judged.configuration);
  json["within_budget"] = within_budget(x, e);
  json["costs"] = costs_json(spec, e.judged.configuration);
  const bool measured = e.measurement && e.measurement->ok();
  json["measured"] = measured ? to_json(*e.measurement, true) : Json(nullptr);
  const bool failed = e.measurement && e.measurement->failure != Failure::none;
  json["failure"] =
      failed ? Json{{"cause", name(e.measurement->failure)}, {"detail", e.measurement->detail}}
             : Json(nullptr);
  json["image"] = e.image ? to_json(*e.image) : Json(nullptr);
  json["scan"] =
      e.image ? Json{{"clean", e.image->scan_clean}, {"fenced", e.image->fenced}} : Json(nullptr);
  json["attacks"] = e.attacks ? attacks_json(*e.attacks) : Json(nullptr);
  return json;
}

Json budget_json(const Exploration& x) {
  Json budget{{"slowdown", nullptr}, {"memory", nullptr}, {"vms", nullptr}, {"keys", nullptr}};
  if (const auto slowdown = x.slowdown_budget()) budget["slowdown"] = *slowdown;
  for (const Statement& s : x.spec.statements) {
    switch (s.kind) {
      case StatementKind::budget_memory:
        budget["memory"] = s.integer;
        break;
      case StatementKind::budget_vms:
        budget["vms"] = s.integer;
        break;
      case StatementKind::budget_keys:
        budget["keys"] = s.integer;
        break;
      default:
        break;
    }
  }
  return budget;
}

/// The safety order among the entries, drawn as the page wants it: every node, and what is next.
Json nodes_and_covers(const Exploration& x) {
  std::vector<Configuration> all;
  for (const Entry& e : x.entries) all.push_back(e.judged.configuration);
  const Poset poset = safety_poset(x.spec, all);
  const auto id = [&](int i) { return configuration_id(x.spec, all[at(i)]); };
  Json nodes = Json::array();
  for (int i = 0; i < poset.n; ++i) nodes.push_back(id(i));
  Json covers = Json::array();
  for (const auto& [lower, upper] : poset.covers)
    covers.push_back(Json::array({id(lower), id(upper)}));
  Json maximal = Json::array();
  for (const int i : poset.maximal) maximal.push_back(id(i));
  return {
      {"nodes", std::move(nodes)}, {"covers", std::move(covers)}, {"maximal", std::move(maximal)}};
}

/// Of what was measured, what nothing else measured beats in both performance and score.
Json measured_frontier(const Exploration& x) {
  std::vector<const Entry*> measured;
  for (const Entry& e : x.entries) {
    if (e.measurement && e.measurement->ok()) measured.push_back(&e);
  }
  const auto speed = [](const Entry* e) { return e->measurement->relative.median; };
  const auto score = [](const Entry* e) { return e->judged.evaluation.safety_score; };
  Json ids = Json::array();
  for (const Entry* a : measured) {
    const bool beaten = std::any_of(measured.begin(), measured.end(), [&](const Entry* b) {
      return speed(b) >= speed(a) && score(b) >= score(a) &&
             (speed(b) > speed(a) || score(b) > score(a));
    });
    if (!beaten) ids.push_back(configuration_id(x.spec, a->judged.configuration));
  }
  return ids;
}

/// The whole curve. Of a long one only so many points, spread evenly, say which configuration they
/// are: thousands would make the file larger than all else in it, and `frontier` has them.
Json frontier_json(const Exploration& x) {
  constexpr std::size_t kWhole = 200;
  const std::size_t count = x.frontier.size();
  Json points = Json::array();
  for (std::size_t i = 0; i < count; ++i) {
    Json point = to_json(x.spec, x.frontier[i]);
    if (count > kWhole && i != count - 1 && i * kWhole / count == (i + 1) * kWhole / count) {
      for (const char* key : {"levels", "compartments", "hardening", "variants", "sharing"}) {
        point.erase(key);
      }
    }
    points.push_back(std::move(point));
  }
  return points;
}

Json platform_json(const Exploration& x) {
  if (!x.platform) return nullptr;
  return {{"key", x.platform->key()},
          {"platform", x.platform->platform},
          {"accelerator", x.platform->accelerator},
          {"clock", x.platform->clock},
          {"machine", x.machine},
          {"why", x.platform_why}};
}

}  // namespace

std::optional<double> Exploration::slowdown_budget() const {
  std::optional<double> budget = slowdown;
  if (budget) return budget;
  for (const Statement& s : spec.statements) {
    if (s.kind == StatementKind::budget_slowdown) budget = s.decimal.to_double();
  }
  return budget;
}

std::optional<double> best_known_slowdown(const Spec& spec, const Entry& entry) {
  if (entry.measurement) {
    if (entry.measurement->failure != Failure::none) return std::nullopt;
    if (entry.measurement->ok() && entry.measurement->relative.median > 0) {
      return 1 / entry.measurement->relative.median;
    }
  }
  if (spec.profile) return entry.judged.evaluation.slowdown;
  return std::nullopt;
}

std::string Exploration::entries_text() const {
  if (all) return fmt::format("{} configuration{}", entries.size(), entries.size() == 1 ? "" : "s");
  const std::size_t layouts = entries.size() - along_frontier;
  return fmt::format(
      "{} layout{}{}", layouts, layouts == 1 ? "" : "s",
      along_frontier == 0 ? "" : fmt::format(" and {} along the frontier", along_frontier));
}

Json report_stars(const Exploration& x) {
  std::vector<Configuration> affordable;
  for (const Entry& e : x.entries) {
    if (within_budget(x, e)) affordable.push_back(e.judged.configuration);
  }
  Json ids = Json::array();
  for (const int i : safety_poset(x.spec, affordable).maximal) {
    ids.push_back(configuration_id(x.spec, affordable[at(i)]));
  }
  return ids;
}

Json report_json(const Exploration& x) {
  const Spec& spec = x.spec;
  Json json;
  json["flexos"] = 1;
  json["tool"] = x.tool;
  json["spec"] = spec.name;
  json["file"] = spec.file;
  json["preset"] = x.preset.empty() ? Json(nullptr) : Json(x.preset);
  json["application"] = spec.application.empty() ? Json(nullptr) : Json(spec.application);
  json["workload"] = x.workload.empty() ? Json(nullptr) : Json(x.workload);
  json["made"] = x.made;
  json["platform"] = platform_json(x);
  json["not_measured"] = x.not_measured.empty() ? Json(nullptr) : Json(x.not_measured);
  json["interrupted"] = x.interrupted;
  add_certificate(json, x.certificate);
  json["optimal"] = x.optimal;
  json["objective"] = spec.objective == Objective::fastest ? "fastest" : "safest";
  json["budget"] = budget_json(x);
  Json components = Json::array();
  for (const Component& c : spec.components) {
    components.push_back(
        {{"name", c.name}, {"description", c.description}, {"untrusted", c.untrusted}});
  }
  json["components"] = std::move(components);
  Json mechanisms = Json::array();
  for (std::size_t l = 0; l < spec.mechanisms.size(); ++l) {
    if (spec.explored_mechanisms[l]) mechanisms.push_back(spec.mechanisms[l].name);
  }
  json["mechanisms"] = std::move(mechanisms);
  Json hardenings = Json::array();
  for (std::size_t h = 0; h < spec.hardening.size(); ++h) {
    if (spec.explored_hardening[h]) hardenings.push_back(spec.hardening[h].name);
  }
  json["hardenings"] = std::move(hardenings);
  json["left_out"] = x.left_out;
  if (!x.gates.is_null()) json["gates"] = x.gates;
  Json configurations = Json::array();
  for (const Entry& e : x.entries) configurations.push_back(entry_json(x, e));
  json["configurations"] = std::move(configurations);
  json["baseline"] = x.baseline && x.baseline->ok() ? to_json(*x.baseline, false) : Json(nullptr);
  json["frontier"] = {{"points", frontier_json(x)}, {"complete", x.frontier_complete}};
  json["measured_frontier"] = measured_frontier(x);
  json["poset"] = nodes_and_covers(x);
  json["stars"] = report_stars(x);
  Json steps = Json::array();
  for (const Exploration::Step& s : x.steps) {
    steps.push_back({{"name", s.name}, {"seconds", s.seconds}, {"text", s.text}});
  }
  json["steps"] = std::move(steps);
  json["seconds"] = x.seconds;
  return json;
}

}  // namespace flexos
