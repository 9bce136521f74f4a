#include "codegen/proof.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <mutex>
#include <sstream>

#include "codegen/sha256.h"
#include "codegen/tool.h"

/// Why the proof is a step of the build and not a session that is kept beside the source: what goes
/// into an image is what was proved, byte by byte, on the machine that makes the image; a session
/// file would have to be believed, and speaks about a certain version of a certain prover. It costs
/// half a minute, once.
///
/// What is believed: why3 (its logic, its library, its extraction to C), the prover, and in the
/// WhyML itself whatever is declared and not defined. `docs/verified.md` lists it.
namespace flexos {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kVersion = "proof 1";
constexpr const char* kProver = "cvc4";
/// Most goals take a few hundredths of a second, the slowest some seconds.
constexpr const char* kSecondsAGoal = "100";
constexpr const char* kMegabytesAGoal = "2000";
constexpr std::size_t kMostShown = 5;

/// What proves: the first lines of both versions.
Result<std::string> provers() {
  std::string all;
  for (const char* tool : {"why3", kProver}) {
    const ToolResult version = run_tool({tool, "--version"}, "/");
    if (!version.started || version.code != 0) {
      return Error{fmt::format("{} is missing: its proof is checked before it is built", tool),
                   fmt::format("apt-get install why3 {}", kProver), true};
    }
    all += version.output.substr(0, version.output.find('\n')) + "\n";
  }
  return all;
}

/// Nobody's ~/.why3.conf has a say in what counts as proved.
Result<fs::path> configuration(const std::string& versions, const ObjectStore& store) {
  const fs::path path = store.place(Sha256().add(kVersion).add(versions).hex(), "/why3.conf");
  if (fs::exists(path)) return path;
  std::error_code ignored;
  fs::create_directories(path.parent_path(), ignored);
  const fs::path scratch = store.scratch(path);
  const ToolResult made =
      run_tool({"why3", "config", "detect", "-C", scratch.string()}, store.project());
  if (!made.started || made.code != 0 || !fs::exists(scratch)) {
    return Error{"why3 finds no prover:\n" + made.output,
                 fmt::format("apt-get install {}", kProver), true};
  }
  if (auto kept = store.keep(scratch, path); !kept) return kept.error();
  return path;
}

Result<Done> prove(const fs::path& whyml, const std::string& shown, const fs::path& conf,
                   ObjectStore& store) {
  store.report("proving " + shown);
  const ToolResult run =
      run_tool({"why3", "prove", "-C", conf.string(), "-P", kProver, "-a", "split_vc", "-t",
                kSecondsAGoal, "-m", kMegabytesAGoal, whyml.string()},
               store.project());
  const ProofLog log = read_proof_log(run.output);
  if (run.started && run.code == 0 && log.goals > 0 && log.open.empty()) return Done{};
  if (log.open.empty()) {
    return Error{fmt::format("why3 cannot prove {}:\n{}", shown, run.output), ""};
  }
  std::string list;
  for (std::size_t i = 0; i < std::min(kMostShown, log.open.size()); ++i) {
    list += "\n  " + log.open[i];
  }
  if (log.open.size() > kMostShown) {
    list += fmt::format("\n  and {} more", log.open.size() - kMostShown);
  }
  return Error{fmt::format("{} of {} goals of {} are not proved, so it is not built:{}",
                           log.open.size(), log.goals, shown, list),
               fmt::format("`why3 ide {}` shows what is known at each", shown)};
}

}  // namespace

ProofLog read_proof_log(const std::string& text) {
  constexpr std::string_view kGoal = "Sub-goal ";
  constexpr std::string_view kResult = "Prover result is: ";
  ProofLog log;
  std::istringstream lines(text);
  std::string line;
  std::string place;
  std::string goal;
  while (std::getline(lines, line)) {
    if (line.starts_with("File ")) {
      const std::size_t at = line.find("line ");
      place = at == std::string::npos ? "" : line.substr(at, line.find(',', at) - at);
    } else if (line.starts_with(kGoal)) {
      goal = line.substr(kGoal.size());
      if (goal.ends_with('.')) goal.pop_back();
    } else if (line.starts_with(kResult)) {
      log.goals++;
      // "Valid (0.02s, 186 steps)."
      const std::string verdict =
          line.substr(kResult.size(), line.find(" (", kResult.size()) - kResult.size());
      if (verdict != "Valid") log.open.push_back(fmt::format("{}: {}: {}", place, goal, verdict));
    }
  }
  return log;
}

Result<fs::path> proved_code(const fs::path& whyml, ObjectStore& store) {
  // The variant's objects are compiled at the same time, and one proof is enough for them.
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  const auto hash = store.hash_of(whyml);
  const fs::path relative = whyml.lexically_relative(store.project());
  const std::string shown =
      relative.empty() || relative.begin()->string() == ".." ? whyml.string() : relative.string();
  if (!hash) return Error{fmt::format("cannot read {}", shown), "", true};
  const auto versions = provers();
  if (!versions) return versions.error();
  const std::string name = whyml.stem().string() + ".c";
  const std::string key =
      Sha256().add(kVersion).add(*versions).add(*hash).add("\n").add(name).hex();
  const fs::path code = store.place(key, "/" + name);
  if (fs::exists(code)) return code.parent_path();

  const auto conf = configuration(*versions, store);
  if (!conf) return conf.error();
  if (auto proved = prove(whyml, shown, *conf, store); !proved) return proved.error();
  std::error_code ignored;
  fs::create_directories(code.parent_path(), ignored);
  const fs::path scratch = store.scratch(code);
  const ToolResult made = run_tool(
      {"why3", "extract", "-C", conf->string(), "-D", "c", whyml.string(), "-o", scratch.string()},
      store.project());
  // Of a function that it cannot translate it says so, and leaves it out.
  if (!made.started || made.code != 0 || !made.output.empty()) {
    fs::remove(scratch, ignored);
    return Error{fmt::format("why3 cannot make C of {}:\n{}", shown, made.output)};
  }
  if (auto kept = store.keep(scratch, code); !kept) return kept.error();
  return code.parent_path();
}

}  // namespace flexos
