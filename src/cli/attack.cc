#include "codegen/attack.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <thread>

#include "bench/client.h"
#include "cli/choice.h"
#include "codegen/probes.h"
#include "codegen/weave.h"

namespace flexos {

namespace {

namespace fs = std::filesystem;

struct Options {
  std::string target;  ///< a spec or an image
  std::string spec;    ///< of an image
  ChoiceOptions choice;
  std::string platform;
  std::vector<std::string> only;
  std::string without;
  bool mutate = false;
  double timeout = 20;
};

/// A folder that goes away with us.
class Scratch {
 public:
  Scratch() {
    std::error_code error;
    std::string name = (fs::temp_directory_path(error) / "flexos-attack-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~Scratch() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

struct Attacked {
  Manifest manifest;
  Defence without = Defence::none;
  std::vector<AttackCell> cells;

  std::size_t tried() const {
    return static_cast<std::size_t>(std::count_if(
        cells.begin(), cells.end(), [](const AttackCell& c) { return c.arguments.has_value(); }));
  }
  std::size_t differences() const {
    return static_cast<std::size_t>(
        std::count_if(cells.begin(), cells.end(), [](const AttackCell& c) { return !c.agrees(); }));
  }
};

std::string_view name_of(Defence defence) {
  for (const auto& [d, name] : kDefences) {
    if (d == defence) return name;
  }
  return "";
}

std::string victim_name(int victim) {
  return victim == 0 ? "the platform" : fmt::format("compartment {}", victim);
}

std::string shown(const AttackCell& cell) {
  if (!cell.arguments) return "-";
  return cell.agrees() ? text_of(cell.observed) : text_of(cell.observed) + "!";
}

/// A block for each attacker: attacks down, victims across.
std::string draw(const Attacked& a, const Style& style) {
  std::string text;
  constexpr std::size_t kName = 22;
  constexpr std::size_t kCell = 9;
  for (const auto& attacker : a.manifest.compartments) {
    std::string names;
    for (const std::string& c : attacker.components) names += (names.empty() ? "" : " ") + c;
    text += emphasis(fmt::format("compartment {} {{{}}} attacks", attacker.number, names), style) +
            "\n";
    std::string head = fmt::format("  {:<{}}", "", kName);
    for (const auto& victim : a.manifest.compartments) {
      head += fmt::format(
          "{:<{}}", victim.number == attacker.number ? "itself" : fmt::format("{}", victim.number),
          kCell);
    }
    text += faint(head, style) + "\n";
    std::string line;
    Attack last{};
    std::string platform;
    const auto flush = [&] {
      if (!line.empty()) text += line + "\n";
      line.clear();
    };
    for (const AttackCell& cell : a.cells) {
      if (cell.attacker != attacker.number) continue;
      if (cell.victim == 0) {
        if (cell.arguments) {
          platform += fmt::format("  {:<{}}{}\n", facts(cell.attack).name, kName, shown(cell));
        }
        continue;
      }
      if (line.empty() || cell.attack != last) {
        flush();
        line = fmt::format("  {:<{}}", facts(cell.attack).name, kName);
        last = cell.attack;
      }
      line += fmt::format("{:<{}}", shown(cell), kCell);
    }
    flush();
    if (!platform.empty()) text += faint("  the platform", style) + "\n" + platform;
    text += "\n";
  }
  return text;
}

std::string draw_differences(const Attacked& a) {
  std::string text;
  for (const AttackCell& cell : a.cells) {
    if (cell.agrees()) continue;
    text += fmt::format(
        "  {}: compartment {} {}, against {}\n    expected {}, because {}\n    observed {}{}\n",
        facts(cell.attack).name, cell.attacker, facts(cell.attack).what, victim_name(cell.victim),
        text_of(cell.promise.verdict), cell.promise.why, text_of(cell.observed),
        cell.said.empty() ? "" : ": " + cell.said);
  }
  return text;
}

Json to_json(const Attacked& a) {
  Json cells = Json::array();
  for (const AttackCell& cell : a.cells) {
    if (!cell.arguments) continue;
    cells.push_back({{"attack", facts(cell.attack).name},
                     {"attacker", cell.attacker},
                     {"victim", cell.victim == 0 ? Json("platform") : Json(cell.victim)},
                     {"expected", text_of(cell.promise.verdict)},
                     {"why", cell.promise.why},
                     {"observed", text_of(cell.observed)},
                     {"fault", cell.said},
                     {"agrees", cell.agrees()}});
  }
  Json compartments = Json::array();
  for (const auto& c : a.manifest.compartments) {
    compartments.push_back({{"number", c.number}, {"components", c.components}});
  }
  return {{"id", a.manifest.id},
          {"platform", a.manifest.platform},
          {"without", a.without == Defence::none ? Json(nullptr) : Json(name_of(a.without))},
          {"compartments", compartments},
          {"cells", cells},
          {"tried", a.tried()},
          {"differences", a.differences()},
          {"agrees", a.differences() == 0}};
}

/// What one call of the command works with.
class Attacker {
 public:
  Attacker(App& app, const Options& options, const Spec& spec, std::string platform)
      : app_(app), options_(options), spec_(spec), platform_(std::move(platform)) {}

  Result<Attacked> attack(const Configuration& c, Defence without) {
    const fs::path project = FLEXOS_SOURCE_DIR;
    if (scratch_.path().empty()) return Error{"no temporary folder can be made", "", true};
    if (!store_) {
      store_ = std::make_unique<ObjectStore>(objects_folder(project), project);
      store_->progress = [this](const std::string& line) { app_.progress(line); };
    }
    WeaveOptions weave;
    weave.platform = platform_;
    weave.project = project;
    weave.out = scratch_.path();
    weave.tool = "flexos-explore " FLEXOS_VERSION;
    weave.probes = true;
    weave.without = without;
    Weaver weaver(spec_, *store_, weave);
    if (auto ready = weaver.prepare({c}); !ready) return ready.error();
    const auto woven = weaver.weave(c);
    if (!woven) return woven.error();
    const auto elf = Elf::read(woven->elf);
    if (!elf) return elf.error();
    Attacked a;
    a.manifest = woven->manifest;
    a.without = without;
    AttackRun run;
    if (platform_ == "linux") run.with_tap = tap_command();
    a.cells = attack_cells(spec_, c, *elf, a.manifest,
                           {options_.only, options_.mutate, !run.with_tap.empty()});
    run.elf = woven->elf.string();
    run.timeout = options_.timeout;
    run.workers = std::max(1U, std::thread::hardware_concurrency());
    if (platform_ == "qemu") {
      run.qemu = find_program("qemu-system-x86_64");
      if (run.qemu.empty()) {
        return Error{"qemu-system-x86_64 is missing", "on Debian: apt-get install qemu-system-x86",
                     true};
      }
      // What stops an attack is the image; TCG has protection keys on every machine.
      run.accelerator = Accelerator::tcg;
    }
    run.progress = [&](std::size_t done, std::size_t all) {
      app_.progress(fmt::format("{}{}{}: {} of {} attacks", a.manifest.id,
                                without == Defence::none ? "" : " without ", name_of(without), done,
                                all));
    };
    if (auto done = run_attacks(a.cells, a.manifest, run); !done) return done.error();
    return a;
  }

 private:
  App& app_;
  const Options& options_;
  const Spec& spec_;
  std::string platform_;
  Scratch scratch_;
  std::unique_ptr<ObjectStore> store_;
};

/// Does an image of this configuration have the defence at all?
bool has(const Spec& spec, const Configuration& c, const std::string& platform, Defence defence) {
  const int n = static_cast<int>(compartments_of(spec, c).size());
  bool full = false;
  bool light = false;
  for (int a = 1; a <= n; ++a) {
    for (int b = 1; b < a; ++b) {
      full |= wall_between(spec, c, a, b) == Wall::full;
      light |= wall_between(spec, c, a, b) == Wall::light;
    }
  }
  switch (defence) {
    case Defence::wait_check:
    case Defence::stack_switch:
    case Defence::register_scrub:
    case Defence::result_scrub:
    case Defence::vector_scrub:
    case Defence::control_restore:
    case Defence::stack_key:
      return full;
    case Defence::rights_check:
    case Defence::data_key:
    case Defence::heap_key:
    case Defence::services:
    case Defence::callback_revoke:
    case Defence::callback_index:
    case Defence::callback_code:
    case Defence::callback_type:
      return n > 1;
    case Defence::callback_window:
      return n > 1 && spec.sharing == Sharing::copy;
    case Defence::callback_owner:
      return light;  // a full gate itself keeps others out
    case Defence::platform_text:
      return platform == "qemu";
    default:
      return true;
  }
}

/// The image itself, then without each defence in turn: each must turn a cell. One attack of a kind
/// over each kind of wall is enough to see it.
int run_mutations(App& app, Attacker& attacker, const Spec& spec, const Configuration& c,
                  const std::string& platform) {
  Json list = Json::array();
  std::string text;
  bool good = true;
  const auto whole = attacker.attack(c, Defence::none);
  const auto refuse = [&](const Error& e) {
    return app.fail(e.environment ? kEnvironment : kNo, e.message, e.hint);
  };
  if (!whole) return refuse(whole.error());
  good = whole->differences() == 0;
  text += fmt::format("  {:<20}{} of {} cells differ from what is promised\n", "with all",
                      whole->differences(), whole->tried());
  for (const auto& [defence, name] : kDefences) {
    if (!has(spec, c, platform, defence)) {
      text += fmt::format("  {:<20}nothing in this image rests on it\n", name);
      continue;
    }
    const auto a = attacker.attack(c, defence);
    if (!a) return refuse(a.error());
    std::string turned;
    std::size_t count = 0;
    for (std::size_t i = 0; i < a->cells.size() && i < whole->cells.size(); ++i) {
      const AttackCell& before = whole->cells[i];
      const AttackCell& now = a->cells[i];
      if (!now.arguments || text_of(before.observed) == text_of(now.observed)) continue;
      if (count++ < 3) {
        turned += fmt::format(
            "{}{} {}>{} {}", turned.empty() ? "" : ", ", facts(now.attack).name, now.attacker,
            now.victim == 0 ? "platform" : std::to_string(now.victim), text_of(now.observed));
      }
    }
    good &= count != 0;
    list.push_back({{"without", name}, {"turned", count}, {"cells", turned}});
    text += fmt::format("  {:<20}{}\n", name,
                        count == 0 ? "NOTHING TURNS: no attack needs it to be stopped"
                                   : fmt::format("{} turn: {}", count, turned));
  }
  const int printed =
      app.format == Format::json
          ? app.print(Json{{"whole", to_json(*whole)}, {"mutations", list}, {"agrees", good}})
          : app.print(fmt::format("{} on {}, each defence left out in turn\n\n{}",
                                  whole->manifest.id, platform, text));
  if (printed != kDone) return printed;
  return good ? kDone : kNo;
}

int run(App& app, const Options& options) {
  std::string file = options.target;
  std::optional<Manifest> image;
  if (const auto found = find_image(options.target); found && !found->manifest.empty()) {
    auto manifest = read_manifest(found->manifest);
    if (!manifest) return app.fail(kNo, manifest.error().message, manifest.error().hint);
    if (manifest->counting) {
      return app.fail(kNo,
                      options.target + " counts its calls (`profile`), in a single compartment",
                      "attack the image that `build` makes");
    }
    image = std::move(*manifest);
    if (options.spec.empty()) {
      return app.fail(kUsage, "an image is attacked by weaving it again with probes inside",
                      fmt::format("name the spec that it was built from: attack {} --spec SPEC",
                                  options.target));
    }
    file = options.spec;
  }
  const auto spec = app.load(file);
  if (!spec) return kNo;
  std::vector<Configuration> chosen;
  std::string platform = options.platform.empty() ? spec->platform : options.platform;
  if (image) {
    platform = image->platform;
    const auto c = configuration_of(*spec, *image);
    if (!c) {
      return app.fail(
          kNo, fmt::format("{} was not built from {} as it is now", options.target, options.spec));
    }
    chosen = {*c};
  } else {
    Choices found = choose_configurations(app, *spec, options.choice);
    if (const int* code = std::get_if<int>(&found)) return *code;
    chosen = std::move(std::get<std::vector<Configuration>>(found));
  }
  for (const std::string& name : options.only) {
    bool known = false;
    for (int a = 0; a < kAttacks; ++a) known |= facts(static_cast<Attack>(a)).name == name;
    if (!known) return app.fail(kUsage, "there is no attack called `" + name + "`");
  }
  Defence without = Defence::none;
  for (const auto& [defence, name] : kDefences) {
    if (name == options.without) without = defence;
  }
  Attacker attacker(app, options, *spec, platform);
  if (options.mutate) return run_mutations(app, attacker, *spec, chosen.front(), platform);
  Json json = Json::array();
  std::string text;
  std::size_t differences = 0;
  for (const Configuration& c : chosen) {
    const auto a = attacker.attack(c, without);
    if (!a) {
      return app.fail(a.error().environment ? kEnvironment : kNo, a.error().message,
                      a.error().hint);
    }
    differences += a->differences();
    json.push_back(to_json(*a));
    text += fmt::format("{} on {}\n\n{}", a->manifest.id, platform, draw(*a, app.out_style()));
    text += a->differences() == 0
                ? fmt::format("{} attacks, each with the end that the configuration promises\n",
                              a->tried())
                : fmt::format("{} of {} attacks did not end as promised:\n{}", a->differences(),
                              a->tried(), draw_differences(*a));
  }
  const int printed = app.format == Format::json
                          ? app.print(Json{{"images", json}, {"agrees", differences == 0}})
                          : app.print(text);
  if (printed != kDone) return printed;
  return differences == 0 ? kDone : kNo;
}

}  // namespace

void add_attack(CLI::App& root, App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      root, app, "attack", "Does an image stop what its configuration promises to stop?",
      [&app, options] { return run(app, *options); }, exit_code);
  command->add_option("TARGET", options->target, "a spec, or an image")->required();
  command->add_option("--spec", options->spec, "what the image was built from")
      ->option_text("SPEC");
  add_choice_options(*command, options->choice);
  command->add_option("--platform", options->platform, "qemu or linux (default: the spec's)")
      ->check(CLI::IsMember({"qemu", "linux"}))
      ->option_text("{qemu,linux}");
  command->add_option("--only", options->only, "these attacks")->option_text("ATTACK...");
  std::vector<std::string> defences;
  for (const auto& entry : kDefences) defences.emplace_back(entry.second);
  command->add_option("--without", options->without, "leave a defence out, to see what it stops")
      ->check(CLI::IsMember(defences))
      ->option_text("DEFENCE");
  command->add_flag("--mutate", options->mutate,
                    "leave each defence out in turn: each must make a difference");
  command->add_option("--timeout", options->timeout, "seconds an attack may take")
      ->check(CLI::PositiveNumber)
      ->option_text("SECONDS");
}

}  // namespace flexos
