#include "explorer.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "process.h"

namespace flexos::bench {
namespace {

using Json = nlohmann::json;

std::size_t at(int i) { return static_cast<std::size_t>(i); }

std::optional<Assignment> read_point(const Json& json, const Spec& spec, const Problem& p) {
  std::map<std::string, int> component;
  std::map<std::string, int> rung;
  for (int i = 0; i < spec.size(); ++i) component[spec.components[at(i)].name] = i;
  for (int r = 0; r < p.rungs(); ++r) rung[spec.mechanisms[p.levels[at(r)]].name] = r;

  Assignment a;
  a.rungs.assign(at(p.pairs()), -1);
  for (const auto& [pair, level] : json.at("levels").items()) {
    const auto bar = pair.find('|');
    const auto i = component.find(pair.substr(0, bar));
    const auto j = component.find(pair.substr(bar + 1));
    const auto r = rung.find(level.get<std::string>());
    if (i == component.end() || j == component.end() || r == rung.end()) return std::nullopt;
    a.rungs[at(pair_index(i->second, j->second))] = r->second;
  }
  if (std::find(a.rungs.begin(), a.rungs.end(), -1) != a.rungs.end()) return std::nullopt;

  for (int i = 0; i < spec.size(); ++i) {
    const Component& c = spec.components[at(i)];
    std::uint64_t mask = 0;
    if (json.contains("hardening") && json["hardening"].contains(c.name)) {
      for (const Json& name : json["hardening"][c.name]) {
        for (std::size_t h = 0; h < spec.hardening.size(); ++h) {
          if (spec.hardening[h].name == name.get<std::string>()) mask |= std::uint64_t{1} << h;
        }
      }
    }
    int variant = 0;
    if (json.contains("variants") && json["variants"].contains(c.name)) {
      for (std::size_t v = 0; v < c.variants.size(); ++v) {
        if (c.variants[v].name == json["variants"][c.name].get<std::string>()) {
          variant = static_cast<int>(v);
        }
      }
    }
    const auto& list = p.choices[at(i)];
    const auto found = std::find_if(list.begin(), list.end(), [&](const Choice& choice) {
      return choice.hardening == mask && choice.variant == variant;
    });
    if (found == list.end()) return std::nullopt;
    a.choices.push_back(static_cast<int>(found - list.begin()));
  }
  return a;
}

void read_answer(const Json& json, const Spec& spec, const Problem* problem, ExplorerRun& run) {
  for (const char* key : {"configurations", "points"}) {
    if (!json.contains(key)) continue;
    for (const Json& point : json[key]) {
      run.costs.push_back(point.value("cost_cycles", 0.0));
      if (problem != nullptr) run.points.push_back(read_point(point, spec, *problem));
    }
    run.answered = true;
  }
  run.proof = json.value("proof", "");
  run.gap = json.value("gap", 0.0);
  run.complete = json.value("optimal", json.value("complete", false));
  if (json.contains("conflict")) {
    run.statements = static_cast<int>(json["conflict"].size());
    run.answered = run.statements > 0;
  }
}

}  // namespace

ExplorerRun run_explorer(const std::string& tool, const std::vector<std::string>& arguments,
                         const Spec& spec, const Problem* problem, double time_limit) {
  std::vector<std::string> command{tool};
  command.insert(command.end(), arguments.begin(), arguments.end());
  command.insert(command.end(), {"--format", "json"});
  const ProcessResult process = run_process(command, time_limit);
  ExplorerRun run;
  run.seconds = process.seconds;
  run.peak_kib = process.peak_kib;
  run.timed_out = process.timed_out;
  if (run.timed_out) return run;
  try {
    read_answer(Json::parse(process.out), spec, problem, run);
  } catch (const Json::exception& e) {
    run.answered = false;
    run.note = e.what();
  }
  if (!run.answered) {
    run.note = "exit code " + std::to_string(process.exit_code) + " " + process.err.substr(0, 300) +
               run.note;
  }
  return run;
}

}  // namespace flexos::bench
