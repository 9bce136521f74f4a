#include "solver/compartments.h"

#include <fmt/format.h>

#include "cli/app.h"

namespace flexos {

namespace {

int run(App& app, const std::string& file) {
  const auto spec = app.load(file);
  if (!spec) return kNo;
  const Compartments found = fewest_compartments(*spec, app.ask());
  if (found.error) return app.fail(kNo, *found.error);
  JudgedList judged;
  if (found.feasible) {
    judged = judge_all(*spec, {found.witness});
    if (!judged.error.empty()) return app.fail(kEnvironment, judged.error);
  }
  std::vector<std::string> clique;
  for (const int i : found.clique) {
    clique.push_back(spec->components[static_cast<std::size_t>(i)].name);
  }
  int printed = kDone;
  if (app.format == Format::json) {
    Json json;
    json["minimum"] = found.feasible ? Json(found.minimum) : Json(nullptr);
    json["clique"] = clique;
    json["optimal"] = found.optimal;
    add_certificate(json, found.certificate);
    json["configuration"] =
        judged.list.empty() ? Json(nullptr) : to_json(*spec, judged.list.front());
    json["seconds"] = app.seconds();
    printed = app.print(json);
  } else if (found.feasible) {
    std::string text =
        fmt::format("{}: {} compartment{} resolve{} all conflicts ({})\n\n  {}\n", spec->name,
                    found.minimum, found.minimum == 1 ? "" : "s", found.minimum == 1 ? "s" : "",
                    describe(found.certificate), draw_layout(*spec, found.witness));
    const std::string hardening = draw_hardening(*spec, found.witness);
    if (!hardening.empty()) text += "  with " + hardening + "\n";
    if (static_cast<int>(clique.size()) == found.minimum && found.minimum > 1) {
      text += "\nno fewer: no two of these can share one:";
      for (const std::string& name : clique) text += " " + name;
      text += "\n";
    } else if (found.minimum > 1) {
      text += "\nno fewer: Z3 refutes " + std::to_string(found.minimum - 1) + "\n";
    }
    printed = app.print(text);
  }
  if (printed != kDone) return printed;
  if (found.feasible) return kDone;
  if (!found.optimal) {
    app.note("stopped before an answer was found");
    return kDone;
  }
  return app.fail(kNo, file + " has no admissible configuration",
                  "`flexos-explore explain " + file + "` says which statements contradict");
}

}  // namespace

void add_compartments(CLI::App& root, App& app, int& exit_code) {
  auto spec = std::make_shared<std::string>();
  CLI::App* command = add_command(
      root, app, "compartments", "The fewest compartments that resolve all conflicts",
      [&app, spec] { return run(app, *spec); }, exit_code);
  command->add_option("SPEC", *spec, "the spec")->required();
}

}  // namespace flexos
