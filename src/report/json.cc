#include "report/json.h"

#include <algorithm>
#include <map>

#include "solver/judge.h"

namespace flexos {

namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

std::vector<int> by_name(const Spec& spec) {
  std::vector<int> order;
  for (int i = 0; i < spec.size(); ++i) order.push_back(i);
  std::sort(order.begin(), order.end(), [&](int a, int b) {
    return spec.components[at(a)].name < spec.components[at(b)].name;
  });
  return order;
}

}  // namespace

JudgedList judge_all(const Spec& spec, const std::vector<Configuration>& configurations) {
  JudgedList result;
  for (const Configuration& c : configurations) {
    result.list.push_back({c, judge(spec, c)});
    const Evaluation& e = result.list.back().evaluation;
    if (e.admissible) continue;
    result.error =
        "internal disagreement: the judge rejects configuration " + configuration_id(spec, c) +
        ": " +
        (e.violations.empty() ? std::string("no reason given") : e.violations.front().message) +
        "; please report this spec";
    return result;
  }
  return result;
}

std::vector<std::vector<int>> compartments_in_order(const Spec& spec, const Configuration& c) {
  // Split top down: members of one class stay side by side on every level.
  std::vector<std::vector<int>> groups{by_name(spec)};
  for (std::size_t level = spec.mechanisms.size(); level-- > 0;) {
    std::vector<std::vector<int>> finer;
    for (const std::vector<int>& group : groups) {
      const std::size_t first = finer.size();
      for (const int i : group) {
        auto home =
            std::find_if(finer.begin() + static_cast<std::ptrdiff_t>(first), finer.end(),
                         [&](const std::vector<int>& g) { return c.level(g.front(), i) <= level; });
        if (home == finer.end()) {
          finer.push_back({i});
        } else {
          home->push_back(i);
        }
      }
    }
    groups = std::move(finer);
  }
  return groups;
}

std::vector<std::string> nesting_paths(const Spec& spec, const Configuration& c) {
  const auto groups = compartments_in_order(spec, c);
  std::vector<std::string> paths(groups.size());
  for (std::size_t level = spec.mechanisms.size(); level-- > 1;) {
    // Classes of levels below this one, numbered within the classes up to it.
    int number = 1;
    bool drawn = false;
    for (std::size_t g = 1; g < groups.size(); ++g) {
      drawn |= c.level(groups[g - 1].front(), groups[g].front()) == level;
    }
    if (!drawn) continue;
    for (std::size_t g = 0; g < groups.size(); ++g) {
      if (g > 0) {
        const Level between = c.level(groups[g - 1].front(), groups[g].front());
        if (between > level) number = 1;
        if (between == level) ++number;
      }
      paths[g] += (paths[g].empty() ? "" : "/") + spec.mechanisms[level].name + ":" +
                  std::to_string(number);
    }
  }
  return paths;
}

Json to_json(const Spec& spec, const Judged& judged) {
  const Configuration& c = judged.configuration;
  const Evaluation& e = judged.evaluation;
  const std::vector<int> order = by_name(spec);
  Json json;
  json["id"] = configuration_id(spec, c);
  // Appended and not looked up: names are unique, and fifty components have 1,225 pairs.
  Json levels = Json::object();
  auto& pairs = levels.get_ref<Json::object_t&>();
  for (std::size_t a = 0; a < order.size(); ++a) {
    for (std::size_t b = a + 1; b < order.size(); ++b) {
      pairs.emplace_back(
          spec.components[at(order[a])].name + "|" + spec.components[at(order[b])].name,
          spec.mechanisms[c.level(order[a], order[b])].name);
    }
  }
  json["levels"] = std::move(levels);
  Json compartments = Json::array();
  const auto groups = compartments_in_order(spec, c);
  const auto paths = nesting_paths(spec, c);
  for (std::size_t g = 0; g < groups.size(); ++g) {
    Json names = Json::array();
    for (const int i : groups[g]) names.push_back(spec.components[at(i)].name);
    compartments.push_back({{"components", std::move(names)}, {"within", paths[g]}});
  }
  json["compartments"] = std::move(compartments);
  Json hardening = Json::object();
  Json variants = Json::object();
  for (const int i : order) {
    Json names = Json::array();
    for (std::size_t h = 0; h < spec.hardening.size(); ++h) {
      if ((c.hardening[at(i)] >> h & 1U) != 0) names.push_back(spec.hardening[h].name);
    }
    hardening[spec.components[at(i)].name] = std::move(names);
    variants[spec.components[at(i)].name] = spec.components[at(i)].variants[c.variants[at(i)]].name;
  }
  json["hardening"] = std::move(hardening);
  json["variants"] = std::move(variants);
  json["sharing"] = spec.sharing == Sharing::copy ? "copy" : "dss";
  if (spec.profile) {
    json["cost_cycles"] = e.cost_cycles;
    json["slowdown"] = e.slowdown;
    json["relative_performance"] = e.relative_performance;
  } else {
    json["cost_cycles"] = nullptr;
    json["slowdown"] = nullptr;
    json["relative_performance"] = nullptr;
  }
  json["safety_score"] = e.safety_score;
  json["residual_risk"] = e.residual_risk;
  json["memory_bytes_estimate"] = e.memory;
  return json;
}

Json to_json(const Spec& spec, const std::vector<Judged>& list) {
  Json json = Json::array();
  for (const Judged& j : list) json.push_back(to_json(spec, j));
  return json;
}

Json to_json(const std::vector<Diagnostic>& diagnostics) {
  Json json = Json::array();
  for (const Diagnostic& d : diagnostics) {
    if (d.severity != Severity::error) continue;
    json.push_back({{"file", d.file},
                    {"line", d.line},
                    {"column", d.column},
                    {"message", d.message},
                    {"hint", d.hint},
                    {"code", d.code}});
  }
  return json;
}

Json to_json(const Statement& statement) {
  return {{"file", statement.origin.file},
          {"line", statement.origin.line},
          {"text", statement.origin.text}};
}

Json to_json(const Violation& violation) {
  Json json{{"message", violation.message}};
  if (violation.origin.line > 0) {
    json["file"] = violation.origin.file;
    json["line"] = violation.origin.line;
    json["text"] = violation.origin.text;
  }
  return json;
}

void add_certificate(Json& json, const Certificate& certificate) {
  json["proof"] = proof_name(certificate.proof);
  json["gap"] = certificate.gap;
}

namespace {

Poset poset_of(const Spec& spec, const std::vector<Judged>& list) {
  std::vector<Configuration> configurations;
  configurations.reserve(list.size());
  for (const Judged& j : list) configurations.push_back(j.configuration);
  return safety_poset(spec, configurations);
}

}  // namespace

Json poset_json(const Spec& spec, const std::vector<Judged>& list) {
  const Poset poset = poset_of(spec, list);
  Json covers = Json::array();
  for (const auto& [lower, upper] : poset.covers) {
    covers.push_back({{"safer", configuration_id(spec, list[at(upper)].configuration)},
                      {"than", configuration_id(spec, list[at(lower)].configuration)}});
  }
  Json maximal = Json::array();
  for (const int i : poset.maximal) {
    maximal.push_back(configuration_id(spec, list[at(i)].configuration));
  }
  return {{"covers", std::move(covers)}, {"maximal", std::move(maximal)}};
}

std::string poset_dot(const Spec& spec, const std::vector<Judged>& list) {
  const Poset poset = poset_of(spec, list);
  std::string dot =
      "// Hasse diagram of the safety order: an arrow leads to what is next safer.\n"
      "digraph safety {\n  rankdir=BT;\n  node [shape=box, fontname=\"sans-serif\"];\n";
  const auto id = [&](int i) {
    return "\"" + configuration_id(spec, list[at(i)].configuration) + "\"";
  };
  for (int i = 0; i < poset.n; ++i) {
    const Judged& j = list[at(i)];
    std::string label;
    for (const auto& group : compartments_in_order(spec, j.configuration)) {
      label += label.empty() ? "{" : " | {";
      for (std::size_t k = 0; k < group.size(); ++k) {
        label += (k > 0 ? " " : "") + spec.components[at(group[k])].name;
      }
      label += "}";
    }
    const bool top =
        std::find(poset.maximal.begin(), poset.maximal.end(), i) != poset.maximal.end();
    char figures[64];
    std::snprintf(figures, sizeof figures, "score %.3f", j.evaluation.safety_score);
    dot += "  " + id(i) + " [label=\"" + label + "\\n" + figures;
    if (spec.profile) {
      std::snprintf(figures, sizeof figures, ", %.3fx", j.evaluation.slowdown);
      dot += figures;
    }
    dot += "\"";
    dot += top ? ", penwidth=2];\n" : "];\n";
  }
  for (const auto& [lower, upper] : poset.covers)
    dot += "  " + id(lower) + " -> " + id(upper) + ";\n";
  return dot + "}\n";
}

}  // namespace flexos
