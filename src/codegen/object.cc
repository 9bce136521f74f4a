#include "codegen/object.h"

#include <fmt/format.h>
#include <glob.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string_view>
#include <thread>

#include "codegen/elf.h"
#include "codegen/plan.h"
#include "codegen/proof.h"
#include "codegen/relabel.h"
#include "codegen/sha256.h"
#include "codegen/tool.h"

/// How a component's object is made, in passes:
///
///   sources   the globs of `build:`, less what it excludes
///   prove     WhyML that `build:` names: every goal, then why3 makes it C (proof.h)
///   compile   each source that has changed, several at a time; its dependencies (-MD) are kept, so
///             that next time their hashes tell whether it has
///   join      ld.lld -r
///   rename    def.C.f, ref.C.g, all else local (object.h)
///   facts     exports, imports, type hashes: beside the object, so that nobody reads it again
///
/// Everything is kept under the hash of what went into it, the compiler's version included. A
/// change of this file that changes objects must change kVersion.
namespace flexos {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::string_view kVersion = "objects 3";
constexpr std::string_view kTypeId = "__kcfi_typeid_";
constexpr std::uint16_t kAbsolute = 0xfff1;

std::vector<std::string> base_flags(const fs::path& project) {
  return {"--target=x86_64-unknown-none-elf", "-ffreestanding", "-fno-pic", "-mcmodel=small", "-O2",
          "-g1", "-ffunction-sections", "-fdata-sections", "-fno-asynchronous-unwind-tables",
          "-fno-unwind-tables", "-fno-stack-protector",
          // A frame of many pages does not step over a guard page. (Past the driver, which leaves
          // the option out without a word for systems without a name.)
          "-Xclang", "-fstack-clash-protection", "-fno-ident", "-fno-addrsig", "-nostdlibinc",
          "-nostdlibinc",  // a header that a package lacks is not the host's
          fmt::format("-ffile-prefix-map={}=.", project.string()),
          "-I" + (project / "src/kernel/include").string(),
          "-I" + (project / "src/kernel/components").string()};
}

/// As C++ files are called here, and elsewhere.
bool is_cxx(const fs::path& source) {
  return source.extension() == ".cc" || source.extension() == ".cpp";
}

std::vector<std::string> cxx_flags() {
  return {"-std=c++20", "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics", "-nostdinc++"};
}

Error tool_error(const std::string& tool, const ToolResult& result, const std::string& what) {
  if (!result.started) {
    return {fmt::format("{} is missing: images are made with it", tool),
            fmt::format("install the package of {}", tool), true};
  }
  return {fmt::format("{} failed:\n{}", what, result.output)};
}

/// What make_object says about a file without a path of this machine: relative to the project.
std::string shown(const fs::path& file, const ObjectStore& store) {
  const fs::path relative = file.lexically_relative(store.project());
  return relative.empty() || relative.begin()->string() == ".." ? file.string() : relative.string();
}

/// The files of a make rule that -MD wrote.
std::vector<fs::path> dependencies(const fs::path& rule) {
  std::ifstream in(rule);
  std::vector<fs::path> files;
  std::string word;
  bool target = true;
  while (in >> word) {
    if (word == "\\") continue;
    if (target) {
      target = word.back() != ':';
      continue;
    }
    files.emplace_back(word);
  }
  return files;
}

/// A list of files and their hashes; the first line is the result's own.
struct Memo {
  std::string result;
  std::vector<std::pair<std::string, std::string>> files;  ///< hash, path
};

std::optional<Memo> read_memo(const fs::path& path) {
  std::ifstream in(path);
  Memo memo;
  if (!(in >> memo.result)) return std::nullopt;
  std::string hash;
  std::string file;
  while (in >> hash && std::getline(in >> std::ws, file)) memo.files.emplace_back(hash, file);
  return memo;
}

bool holds(const Memo& memo, ObjectStore& store) {
  return std::all_of(memo.files.begin(), memo.files.end(), [&](const auto& f) {
    const auto now = store.hash_of(f.second);
    return now && *now == f.first;
  });
}

std::string text_of(const Memo& memo) {
  std::string text = memo.result + "\n";
  for (const auto& [hash, file] : memo.files)
    text.append(hash).append(" ").append(file).append("\n");
  return text;
}

struct Compiled {
  fs::path object;
  Memo memo;
};

Result<Compiled> compile(const fs::path& source, const std::vector<std::string>& flags,
                         const std::string& compiler, ObjectStore& store) {
  Sha256 name;
  name.add(kVersion).add(compiler).add("\n");
  for (const std::string& f : flags) name.add(f).add("\n");
  const std::string key = name.add(shown(source, store)).hex();
  const fs::path memo_path = store.place(key, ".deps");
  if (auto memo = read_memo(memo_path); memo && holds(*memo, store)) {
    const fs::path object = store.place(memo->result, ".o");
    if (fs::exists(object)) return Compiled{object, std::move(*memo)};
  }
  const fs::path temporary = store.scratch(store.place(key, ".o"));
  const fs::path rule = temporary.string() + ".d";
  std::vector<std::string> command = {"clang-19"};
  command.insert(command.end(), flags.begin(), flags.end());
  for (const char* a : {"-MD", "-MF"}) command.emplace_back(a);
  command.push_back(rule.string());
  command.insert(command.end(), {"-c", source.string(), "-o", temporary.string()});
  const ToolResult result = run_tool(command, store.project());
  std::error_code ignored;
  if (!result.started || result.code != 0) {
    fs::remove(temporary, ignored);
    fs::remove(rule, ignored);
    return tool_error("clang-19", result, "compiling " + shown(source, store));
  }
  Memo memo;
  Sha256 all;
  all.add(key);
  for (const fs::path& named : dependencies(rule)) {
    const fs::path file = store.project() / named;  // the compiler ran there
    const auto hash = store.hash_of(file);
    if (!hash) return Error{fmt::format("cannot read {}", file.string()), "", true};
    memo.files.emplace_back(*hash, file.string());
    all.add(*hash);
  }
  fs::remove(rule, ignored);
  memo.result = all.hex();
  const fs::path object = store.place(memo.result, ".o");
  if (auto kept = store.keep(temporary, object); !kept) {
    fs::create_directories(object.parent_path(), ignored);
    return kept.error();
  }
  if (auto written = store.write(memo_path, text_of(memo)); !written) return written.error();
  return Compiled{object, std::move(memo)};
}

struct Facts {
  std::vector<std::string> exports;
  std::vector<std::string> imports;
  std::vector<std::string> optional;
  std::map<std::string, std::uint32_t> type_ids;
  std::map<std::string, std::vector<std::string>> reach;
};

/// What each export can get to by references from section to section, as the linker's garbage
/// collection would find it (objects have a section a function).
std::map<std::string, std::vector<std::string>> reach_of(const Elf& elf,
                                                         const std::vector<std::string>& exports) {
  std::map<std::uint32_t, std::set<std::uint32_t>> sections;
  std::map<std::uint32_t, std::set<std::string>> imports;
  for (const ElfRelocation& r : elf.relocations) {
    if (r.section >= elf.sections.size() || !elf.sections[r.section].allocated()) continue;
    if (r.symbol >= elf.symbols.size()) continue;
    const ElfSymbol& symbol = elf.symbols[r.symbol];
    if (symbol.defined()) {
      sections[r.section].insert(symbol.section);
    } else {
      imports[r.section].insert(symbol.name);
    }
  }
  std::map<std::string, std::vector<std::string>> reach;
  const std::set<std::string> wanted(exports.begin(), exports.end());
  for (const ElfSymbol& symbol : elf.symbols) {
    if (!symbol.global() || !symbol.defined() || !wanted.contains(symbol.name)) continue;
    std::set<std::uint32_t> seen = {symbol.section};
    std::vector<std::uint32_t> next = {symbol.section};
    std::set<std::string> found;
    while (!next.empty()) {
      const std::uint32_t section = next.back();
      next.pop_back();
      if (const auto i = imports.find(section); i != imports.end()) {
        found.insert(i->second.begin(), i->second.end());
      }
      if (const auto s = sections.find(section); s != sections.end()) {
        for (const std::uint32_t to : s->second) {
          if (seen.insert(to).second) next.push_back(to);
        }
      }
    }
    reach[symbol.name].assign(found.begin(), found.end());
  }
  return reach;
}

/// `wanted` empty: every global is exported.
Facts facts_of(const Elf& elf, const std::vector<std::string>& wanted) {
  std::set<std::string> exports;
  std::set<std::string> imports;
  std::set<std::string> optional;
  Facts facts;
  for (const ElfSymbol& symbol : elf.symbols) {
    if (!symbol.global() || symbol.name.empty()) continue;
    if (symbol.section == kAbsolute && symbol.name.rfind(kTypeId, 0) == 0) {
      facts.type_ids[symbol.name.substr(kTypeId.size())] = static_cast<std::uint32_t>(symbol.value);
    } else if (!symbol.defined()) {
      imports.insert(symbol.name);
      if (symbol.binding == 2) optional.insert(symbol.name);
    } else if (wanted.empty() ||
               std::find(wanted.begin(), wanted.end(), symbol.name) != wanted.end()) {
      exports.insert(symbol.name);
    }
  }
  facts.exports.assign(exports.begin(), exports.end());
  facts.imports.assign(imports.begin(), imports.end());
  facts.optional.assign(optional.begin(), optional.end());
  std::erase_if(facts.type_ids, [&](const auto& id) { return !imports.contains(id.first); });
  facts.reach = reach_of(elf, facts.exports);
  return facts;
}

Json to_json(const Facts& facts) {
  return {{"exports", facts.exports},
          {"imports", facts.imports},
          {"optional", facts.optional},
          {"type_ids", facts.type_ids},
          {"reach", facts.reach}};
}

std::optional<Facts> read_facts(const fs::path& path) {
  std::ifstream in(path);
  const Json json = Json::parse(in, nullptr, false);
  if (json.is_discarded() || !json.is_object()) return std::nullopt;
  try {
    return Facts{json.at("exports"), json.at("imports"), json.at("optional"), json.at("type_ids"),
                 json.at("reach")};
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

/// Writes the object with the labels that `rule` gives its globals.
Result<Done> write_relabelled(const Elf& elf, const fs::path& to,
                              const std::function<Label(const ElfSymbol&)>& rule,
                              const ObjectStore& store) {
  const auto bytes = relabel(elf, rule);
  if (!bytes) return bytes.error();
  return store.write(to, std::string(bytes->begin(), bytes->end()));
}

/// Gives the symbols of an object their names; writes `to`.
Result<Done> rename(const Elf& elf, const fs::path& to, const std::string& name, const Facts& facts,
                    const ObjectStore& store) {
  const std::set<std::string_view> exports(facts.exports.begin(), facts.exports.end());
  return write_relabelled(
      elf, to,
      [&](const ElfSymbol& s) -> Label {
        if (!s.defined()) return {.name = fmt::format("ref.{}.{}", name, s.name)};
        if (!exports.contains(s.name)) return {.name = s.name, .local = true};
        return {.name = fmt::format("def.{}.{}", name, s.name)};
      },
      store);
}

ComponentObject object_of(const std::string& name, const fs::path& path, const std::string& hash,
                          Facts facts) {
  return {name,
          path,
          std::move(facts.exports),
          std::move(facts.imports),
          std::move(facts.optional),
          std::move(facts.type_ids),
          std::move(facts.reach),
          hash};
}

/// The object of a memo that holds, if all of it is there.
std::optional<ComponentObject> known(const std::string& name, const std::string& hash,
                                     const ObjectStore& store) {
  const fs::path object = store.place(hash, "/" + name + ".o");
  auto facts = read_facts(store.place(hash, "/facts.json"));
  if (!facts || !fs::exists(object)) return std::nullopt;
  return object_of(name, object, hash, std::move(*facts));
}

/// Where a package of the lock file is unpacked; fetched where it is not there yet.
Result<fs::path> package_folder(const std::string& package, ObjectStore& store) {
  std::ifstream lock(store.project() / "third_party/lock");
  std::string line;
  while (std::getline(lock, line)) {
    if (line.rfind(package + "=", 0) != 0) continue;
    const std::size_t from = package.size() + 1;
    const std::string version = line.substr(from, line.find_first_of(" \t", from) - from);
    const fs::path folder =
        store.project() / "build/third_party" / fmt::format("{}-{}", package, version);
    if (fs::exists(folder)) return folder;
    store.report("fetching the sources of " + package);
    const ToolResult result =
        run_tool({(store.project() / "scripts/fetch-sources").string(), package}, store.project());
    if (result.started && result.code == 0 && fs::exists(folder)) return folder;
    return Error{fmt::format("the sources of {} are not to be had:\n{}", package, result.output),
                 "", true};
  }
  return Error{fmt::format("third_party/lock has no package `{}`", package),
               "add its files there; third_party/README.md says how"};
}

/// A path of `build:`: the project's, the package's, or `OTHER:path`.
Result<fs::path> located(const std::string& path, const Build& build, ObjectStore& store) {
  if (path.rfind("src/kernel/", 0) == 0) return store.project() / path;
  const std::size_t colon = path.find(':');
  const std::string package = colon == std::string::npos ? build.package : path.substr(0, colon);
  if (package.empty()) return store.project() / path;
  auto folder = package_folder(package, store);
  if (!folder) return folder;
  return *folder / (colon == std::string::npos ? path : path.substr(colon + 1));
}

std::vector<fs::path> matches(const fs::path& pattern) {
  std::vector<fs::path> files;
  glob_t found{};
  if (glob(pattern.c_str(), 0, nullptr, &found) == 0) {
    for (std::size_t i = 0; i < found.gl_pathc; ++i) files.emplace_back(found.gl_pathv[i]);
  }
  globfree(&found);
  return files;
}

Result<std::vector<fs::path>> sources_of(const Component& component, const Build& build,
                                         ObjectStore& store) {
  std::set<fs::path> files;
  for (const std::string& glob : build.sources) {
    const auto pattern = located(glob, build, store);
    if (!pattern) return pattern.error();
    const auto found = matches(*pattern);
    if (found.empty()) {
      return Error{
          fmt::format("component `{}`: its build's `{}` matches no file", component.name, glob),
          fmt::format("looked in {}", shown(pattern->parent_path(), store))};
    }
    files.insert(found.begin(), found.end());
  }
  for (const std::string& glob : build.exclude) {
    const auto pattern = located(glob, build, store);
    if (!pattern) return pattern.error();
    for (const fs::path& file : matches(*pattern)) files.erase(file);
  }
  return std::vector<fs::path>(files.begin(), files.end());
}

/// The sanitizer that a hardening's flags turn on, as clang's ignorelists call it; empty: none.
std::string sanitizer_of(const Hardening& hardening) {
  constexpr std::string_view kFlag = "-fsanitize=";
  for (const std::string& flag : hardening.compiler) {
    if (flag.rfind(kFlag, 0) == 0) return flag.substr(kFlag.size());
  }
  return {};
}

/// A list for clang of the functions that go without their component's hardening; an empty path
/// where there are none.
Result<std::string> exemptions(const Spec& spec, const Build& build, std::uint64_t hardening,
                               const ObjectStore& store) {
  std::string text;
  for (std::size_t h = 0; h < spec.hardening.size(); ++h) {
    if ((hardening >> h & 1U) == 0) continue;
    const Hardening& hard = spec.hardening[h];
    for (const Exemption& one : build.unhardened) {
      if (one.hardening != hard.name) continue;
      const std::string sanitizer = sanitizer_of(hard);
      if (sanitizer.empty()) {
        return Error{fmt::format("no function can be left out of `{}`: it is no sanitizer of clang",
                                 hard.name),
                     "`hardening: {allow: [...]}` leaves the whole component out"};
      }
      text += fmt::format("[{}]\n", sanitizer);
      for (const std::string& function : one.functions) text += fmt::format("fun:{}\n", function);
    }
  }
  if (text.empty()) return std::string();
  const fs::path path = store.place(sha256(text), "/unhardened.txt");
  if (!fs::exists(path)) {
    if (auto w = store.write(path, text); !w) return w.error();
  }
  return path.string();
}

unsigned workers() { return std::max(1U, std::thread::hardware_concurrency()); }

}  // namespace

Result<ComponentObject> make_object(const ObjectRecipe& recipe, ObjectStore& store) {
  const auto compiler = store.compiler();
  if (!compiler) return compiler.error();
  Sha256 name;
  name.add(kVersion)
      .add("unique")
      .add(*compiler)
      .add(recipe.name)
      .add(recipe.rename ? "r\n" : "n\n");
  for (const std::string& f : recipe.flags) name.add(f).add("\n");
  for (const fs::path& s : recipe.sources) name.add(shown(s, store)).add("\n");
  for (const std::string& e : recipe.exports) name.add("=").add(e).add("\n");
  const std::string key = name.hex();
  const fs::path memo_path = store.place(key, ".memo");
  if (auto memo = read_memo(memo_path); memo && holds(*memo, store)) {
    if (auto object = known(recipe.name, memo->result, store)) return std::move(*object);
  }

  std::vector<Compiled> compiled(recipe.sources.size());
  std::optional<Error> failed;
  std::mutex mutex;
  std::atomic<std::size_t> finished = 0;
  std::vector<std::function<bool()>> jobs;
  for (std::size_t i = 0; i < recipe.sources.size(); ++i) {
    jobs.emplace_back([&, i] {
      std::vector<std::string> flags = base_flags(store.project());
      if (is_cxx(recipe.sources[i])) {
        const auto cxx = cxx_flags();
        flags.insert(flags.end(), cxx.begin(), cxx.end());
      }
      flags.insert(flags.end(), recipe.flags.begin(), recipe.flags.end());
      auto one = compile(recipe.sources[i], flags, *compiler, store);
      if (!one) {
        const std::lock_guard lock(mutex);
        if (!failed) failed = one.error();
        return false;
      }
      compiled[i] = std::move(*one);
      store.report(
          fmt::format("compiling {}: {} of {}", recipe.name, ++finished, recipe.sources.size()));
      return true;
    });
  }
  if (!run_all(std::move(jobs), workers())) {
    return Error{fmt::format("component `{}`: {}", recipe.name, failed->message), failed->hint,
                 failed->environment};
  }

  Memo memo;
  Sha256 content;
  content.add(key);
  std::set<std::pair<std::string, std::string>> files;
  for (const Compiled& c : compiled) {
    content.add(c.memo.result);
    files.insert(c.memo.files.begin(), c.memo.files.end());
  }
  memo.result = content.hex();
  memo.files.assign(files.begin(), files.end());
  const fs::path final = store.place(memo.result, "/" + recipe.name + ".o");
  const fs::path joined = store.scratch(final);
  std::vector<std::string> command = {"ld.lld-19", "-r", "--force-group-allocation",
                                      "--unique",  "-o", joined.string()};
  for (const Compiled& c : compiled) command.push_back(c.object.string());
  const ToolResult result = run_tool(command, store.project());
  if (!result.started || result.code != 0) {
    return tool_error("ld.lld-19", result, "joining " + recipe.name);
  }
  auto elf = Elf::read(joined);
  if (!elf) return elf.error();
  const Facts facts = facts_of(*elf, recipe.exports);
  if (recipe.rename) {
    const fs::path named = store.scratch(final);
    if (auto done = rename(*elf, named, recipe.name, facts, store); !done) return done.error();
    std::error_code ignored;
    fs::remove(joined, ignored);
    if (auto kept = store.keep(named, final); !kept) return kept.error();
  } else if (auto kept = store.keep(joined, final); !kept) {
    return kept.error();
  }
  if (auto w = store.write(store.place(memo.result, "/facts.json"), to_json(facts).dump(1)); !w) {
    return w.error();
  }
  if (auto w = store.write(memo_path, text_of(memo)); !w) return w.error();
  return object_of(recipe.name, final, memo.result, facts);
}

Result<ComponentObject> component_object(const Spec& spec, int index, int variant,
                                         std::uint64_t hardening, ObjectStore& store) {
  const Component& component = spec.components[static_cast<std::size_t>(index)];
  if (!component.build) {
    return Error{
        fmt::format("component `{}` has no `build:`, so no image can hold it", component.name),
        fmt::format("add `build: {{sources: [...]}}` to specs/components/{}.yaml", component.name)};
  }
  const auto v = static_cast<std::size_t>(variant);
  if (!component.build_of(v)) {
    return Error{fmt::format("variant `{}` of `{}` has no `build:`, so no image can hold it",
                             component.variants[v].name, component.name),
                 fmt::format("`explore: {{fix: {{variants: {{{}: default}}}}}}` leaves it out",
                             component.name)};
  }
  const Build& build = *component.build_of(v);
  auto sources = sources_of(component, build, store);
  if (!sources) return sources.error();
  ObjectRecipe recipe;
  recipe.name = symbol_name(component.name);
  recipe.sources = std::move(*sources);
  if (!build.package.empty()) recipe.flags.emplace_back("-w");  // not ours to warn about
  for (const std::string& folder : build.includes) {
    const auto path = located(folder, build, store);
    if (!path) return path.error();
    recipe.flags.push_back("-I" + path->string());
  }
  for (const std::string& whyml : build.proved) {
    const auto path = located(whyml, build, store);
    if (!path) return path.error();
    const auto folder = proved_code(*path, store);
    if (!folder) {
      const Error& error = folder.error();
      return Error{fmt::format("component `{}`: {}", component.name, error.message), error.hint,
                   error.environment};
    }
    recipe.flags.push_back("-I" + folder->string());
    recipe.flags.push_back(fmt::format("-ffile-prefix-map={}=proved", folder->string()));
  }
  recipe.flags.insert(recipe.flags.end(), build.flags.begin(), build.flags.end());
  bool checks_types = false;
  for (std::size_t h = 0; h < spec.hardening.size(); ++h) {
    if ((hardening >> h & 1U) == 0) continue;
    const Hardening& hard = spec.hardening[h];
    checks_types |= std::find(hard.compiler.begin(), hard.compiler.end(), "-fsanitize=kcfi") !=
                    hard.compiler.end();
    if (hard.compiler.empty()) {
      return Error{
          fmt::format("hardening `{}` has no `compiler:` flags, so nothing can be built "
                      "with it",
                      hard.name)};
    }
    recipe.flags.insert(recipe.flags.end(), hard.compiler.begin(), hard.compiler.end());
  }
  auto exempt = exemptions(spec, build, hardening, store);
  if (!exempt) return exempt.error();
  if (!exempt->empty()) recipe.flags.push_back("-fsanitize-ignorelist=" + *exempt);
  // Without cfi: hashes for those who check, no checks (docs/hardening.md).
  if (!checks_types) {
    recipe.flags.emplace_back("-fsanitize=kcfi");
    recipe.flags.emplace_back("-fsanitize-ignorelist=src/kernel/runtime/kcfi-hashes-only.txt");
  }
  for (const EntryPoint& entry : component.api) recipe.exports.push_back(entry.name);
  recipe.exports.insert(recipe.exports.end(), build.leaf.begin(), build.leaf.end());
  if (!build.main.empty()) recipe.exports.push_back(build.main);
  recipe.exports.emplace_back(recipe.name + "_init");
  recipe.exports.emplace_back(recipe.name + "_fini");
  std::sort(recipe.exports.begin(), recipe.exports.end());
  recipe.exports.erase(std::unique(recipe.exports.begin(), recipe.exports.end()),
                       recipe.exports.end());
  return make_object(recipe, store);
}

Result<ComponentObject> runtime_object(ObjectStore& store) {
  ObjectRecipe recipe;
  recipe.name = "rt";
  recipe.sources = matches(store.project() / "src/kernel/runtime/*.cc");
  for (const fs::path& s : matches(store.project() / "src/kernel/runtime/*.S")) {
    recipe.sources.push_back(s);
  }
  return make_object(recipe, store);
}

Result<ComponentObject> shadow_heap_object(ObjectStore& store) {
  ObjectRecipe recipe;
  recipe.name = "asan_heap";
  recipe.sources = matches(store.project() / "src/kernel/runtime/asan_heap/*.cc");
  return make_object(recipe, store);
}

Result<ComponentObject> marshaller_object(const Component& component, const std::string& text,
                                          ObjectStore& store) {
  const std::string name = symbol_name(component.name) + "_marshal";
  const fs::path source = store.place(sha256(text), "/" + name + ".cc");
  if (!fs::exists(source)) {
    if (auto w = store.write(source, text); !w) return w.error();
  }
  ObjectRecipe recipe;
  recipe.name = name;
  recipe.sources = {source};
  recipe.flags = {"-fsanitize=kcfi"};  // callbacks are checked whatever the component is built with
  return make_object(recipe, store);
}

Result<ComponentObject> platform_object(const std::string& platform, ObjectStore& store) {
  const fs::path folder = store.project() / "src/kernel" / platform;
  ObjectRecipe recipe;
  recipe.name = "platform";
  recipe.rename = false;
  recipe.sources = matches(folder / "*.cc");
  for (const fs::path& s : matches(folder / "*.S")) recipe.sources.push_back(s);
  if (recipe.sources.empty()) {
    return Error{fmt::format("there is no platform `{}`", platform),
                 "platforms are qemu and linux"};
  }
  // The nucleus runs in ring 0 without having saved ring 3's vectors, on its caller's red zone.
  recipe.flags = {"-mno-red-zone", "-mgeneral-regs-only"};
  return make_object(recipe, store);
}

Result<ComponentObject> instance_of(const ComponentObject& object, int compartment,
                                    ObjectStore& store) {
  const std::string name = fmt::format("{}.{}", object.name, compartment);
  const std::string hash = Sha256().add(kVersion).add("instance").add(object.hash).add(name).hex();
  const fs::path final = store.place(hash, "/" + name + ".o");
  if (!fs::exists(final)) {
    const auto elf = Elf::read(object.path);
    if (!elf) return elf.error();
    const fs::path copy = store.scratch(final);
    const std::string stem = "." + object.name + ".";  // of `def.C.f`
    const auto rule = [&](const ElfSymbol& s) -> Label {
      if (s.name.compare(3, stem.size(), stem) != 0) return {.name = s.name};
      return {.name = fmt::format("{}.{}.{}", s.name.substr(0, 3), name,
                                  s.name.substr(3 + stem.size()))};
    };
    if (auto w = write_relabelled(*elf, copy, rule, store); !w) return w.error();
    if (auto kept = store.keep(copy, final); !kept) return kept.error();
  }
  ComponentObject instance = object;
  instance.name = name;
  instance.path = final;
  instance.hash = hash;
  return instance;
}

}  // namespace flexos
