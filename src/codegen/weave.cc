#include "codegen/weave.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "codegen/counting.h"
#include "codegen/elf.h"
#include "codegen/marshal.h"
#include "codegen/plan.h"
#include "codegen/probes.h"
#include "codegen/scan.h"
#include "codegen/script.h"
#include "codegen/sha256.h"
#include "codegen/tool.h"
#include "kernel/include/flexos/image.h"

/// From a configuration to an image, in passes:
///
///   objects   component_object of each component, the runtime, the platform   (object.h: cached)
///   plan      what each undefined symbol is bound to                          (plan.h)
///   copies    marshallers; instances of replicated objects                    (object.h: cached)
///   gates     assembly of the gates, the start and the tables                 (gates.h)
///   script    the linker script that binds all of it                          (script.h)
///   link      ld.lld
///   manifest  image.json, from the plan and the finished file's addresses     (manifest.h)
namespace flexos {

namespace {

namespace fs = std::filesystem;

std::size_t at(int i) { return static_cast<std::size_t>(i); }

bool contains(const std::vector<std::string>& list, const std::string& name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

Part part_of(const ComponentObject& object, const std::string& name) {
  Part part;
  part.name = name;
  part.exports = object.exports;
  part.imports = object.imports;
  part.optional.insert(object.optional.begin(), object.optional.end());
  part.type_ids = object.type_ids;
  part.reach = object.reach;
  return part;
}

Part part_of(const ComponentObject& object, const Spec& spec, int index, std::uint64_t hardening) {
  const Component& component = spec.components[at(index)];
  Part part = part_of(object, component.name);
  part.leaf.insert(component.build->leaf.begin(), component.build->leaf.end());
  part.replicate = component.build->replicate;
  part.sets_errno = component.build->sets_errno;
  part.main = component.build->main;
  for (std::size_t h = 0; h < spec.hardening.size(); ++h) {
    if ((hardening >> h & 1U) != 0 && contains(spec.hardening[h].compiler, "-fsanitize=kcfi")) {
      part.checks_types = true;
    }
  }
  return part;
}

std::string read_text(const fs::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

PlatformLink platform_link(const std::string& platform, const fs::path& project,
                           const fs::path& object) {
  const fs::path folder = project / "src/kernel" / platform;
  return {object.string(), platform == "qemu" ? "nucleus_pvh" : "_start",
          read_text(folder / "headers.ld"), read_text(folder / "sections.ld")};
}

std::vector<std::string> service_names(std::uint32_t services) {
  std::vector<std::string> names;
  if ((services & FLEXOS_SERVICE_CONSOLE) != 0) names.emplace_back("console");
  if ((services & FLEXOS_SERVICE_CLOCK) != 0) names.emplace_back("clock");
  if ((services & FLEXOS_SERVICE_RANDOM) != 0) names.emplace_back("random");
  if ((services & FLEXOS_SERVICE_THREADS) != 0) names.emplace_back("threads");
  if ((services & FLEXOS_SERVICE_NETWORK) != 0) names.emplace_back("network");
  return names;
}

class ManifestWriter {
 public:
  ManifestWriter(const Spec& spec, const Configuration& c, const Plan& plan, const Elf& elf)
      : spec_(spec), c_(c), plan_(plan), elf_(elf) {}

  Manifest write(const Sizes& sizes) {
    Manifest m;
    m.id = configuration_id(spec_, c_);
    m.spec = spec_.name;
    m.file = "image";
    m.sharing = spec_.sharing == Sharing::copy ? "copy" : "dss";
    m.threads = static_cast<int>(sizes.threads);
    m.stack_size = sizes.stack;
    for (const Compartment& compartment : plan_.compartments) {
      m.compartments.push_back(one(compartment));
    }
    boundaries(m);
    for (const char* name : {"text", "rodata"}) {
      m.shared.push_back(range(name, name, std::string(name) + "_start", std::string(name) + "_end",
                               name == std::string("text") ? "r-x" : "r--", 0));
    }
    for (const auto& [name, kind] :
         {std::pair{".gate.text", "gate"}, std::pair{".platform.text", "platform"}}) {
      if (const ElfSection* s = elf_.section(name)) {
        m.shared.push_back({name, kind, s->address, s->address + s->size, "r-x", 0});
      }
    }
    for (const Gate& g : plan_.gates) {
      if (g.callee >= 0) m.gates.push_back(one(g));
    }
    for (const Binding& b : plan_.bindings) {
      if (b.how == How::memory || b.how == How::absent) continue;
      m.bindings.push_back({b.object, b.symbol, b.target, name_of(b.how)});
    }
    placements(m);
    for (int i = 0; i < spec_.size(); ++i) {
      const std::string& name = spec_.components[at(i)].name;
      for (std::size_t h = 0; h < spec_.hardening.size(); ++h) {
        if ((c_.hardening[at(i)] >> h & 1U) != 0) {
          m.hardening[name].push_back(spec_.hardening[h].name);
        }
      }
      if (c_.variants[at(i)] != 0) {
        m.variants[name] = spec_.components[at(i)].variants[c_.variants[at(i)]].name;
      }
    }
    m.sizes["text"] = value("text_end") - value("text_start");
    m.sizes["rodata"] = value("rodata_end") - value("rodata_start");
    m.sizes["image"] = value("image_end") - value("text_start");
    m.sizes["memory"] = value("memory_end");
    m.sizes["file"] = elf_.file.size();
    return m;
  }

 private:
  std::uint64_t value(const std::string& symbol) const {
    const ElfSymbol* found = elf_.symbol(symbol);
    return found == nullptr ? 0 : found->value;
  }

  Manifest::Section range(const std::string& name, const std::string& kind,
                          const std::string& start, const std::string& end,
                          const std::string& protection, int key) const {
    return {name, kind, value(start), value(end), protection, key};
  }

  Manifest::Compartment one(const Compartment& c) const {
    Manifest::Compartment m;
    m.number = c.number;
    for (const int i : c.components) m.components.push_back(spec_.components[at(i)].name);
    m.key = c.key;
    m.pkru = c.pkru;
    m.stack_domain = c.domain;
    m.services = service_names(c.services);
    const auto add = [&](const char* kind, const char* prefix, int number, int key) {
      auto section = range(fmt::format(".{}.{}", kind, number), kind,
                           fmt::format("{}_start.{}", prefix, number),
                           fmt::format("{}_end.{}", prefix, number), "rw-", key);
      if (section.end > section.start) m.sections.push_back(std::move(section));
    };
    add("data", "data", c.number, c.key);
    add("heap", "heap", c.number, c.key);
    add("stack", "stack", c.domain, plan_.domains[at(c.domain) - 1].key);
    add("window", "window", c.number, 0);
    add("private", "private", c.number, c.key);
    return m;
  }

  void boundaries(Manifest& m) const {
    for (const Compartment& a : plan_.compartments) {
      for (const Compartment& b : plan_.compartments) {
        if (a.number >= b.number) continue;
        const Level level = c_.level(a.components.front(), b.components.front());
        m.boundaries.push_back({a.number, b.number, spec_.mechanisms[level].name});
      }
    }
  }

  Manifest::Gate one(const Gate& g) const {
    Manifest::Gate m;
    const Component& callee = spec_.components[at(g.callee)];
    m.from = g.from;
    m.to = g.to;
    for (const std::string& name : g.callers) {
      m.caller_component += (m.caller_component.empty() ? "" : " ") + name;
    }
    m.callee_component = callee.name;
    m.function = g.function;
    m.mechanism = g.full ? "mpk.full" : "mpk.light";
    m.symbol = g.symbol;
    m.entry = value(g.symbol);
    const EntryPoint* entry =
        &*std::find_if(callee.api.begin(), callee.api.end(),
                       [&](const EntryPoint& e) { return e.name == g.function; });
    if (!g.callback.empty()) {
      // The other way round: the callee calls one of its callers back.
      std::swap(m.caller_component, m.callee_component);
      m.function += "." + g.callback;
      entry =
          std::find_if(entry->parameters.begin(), entry->parameters.end(), [&](const Parameter& p) {
            return p.name == g.callback;
          })->callback.get();
    }
    for (const Parameter& p : entry->parameters) {
      m.arguments.push_back(p.type + " " + p.name);
      if (p.direction == Parameter::Direction::value) continue;
      m.buffers.push_back({p.name,
                           p.direction == Parameter::Direction::in    ? "in"
                           : p.direction == Parameter::Direction::out ? "out"
                                                                      : "inout",
                           p.length});
    }
    return m;
  }

  void placements(Manifest& m) const {
    for (const ElfSection& s : elf_.sections) {
      if (s.name.rfind(".text.", 0) != 0) continue;
      const std::string object = s.name.substr(6);
      Manifest::Placement p{object, 0, s.name, s.address, s.address + s.size};
      for (int i = 0; i < spec_.size(); ++i) {
        if (symbol_name(spec_.components[at(i)].name) != object) continue;
        p.component = spec_.components[at(i)].name;
        p.compartment = plan_.home(i).number;
      }
      const std::size_t dot = object.rfind('.');
      if (dot != std::string::npos) {
        p.component = object.substr(0, dot);
        p.compartment = std::stoi(object.substr(dot + 1));
      }
      m.placements.push_back(std::move(p));
    }
  }

  const Spec& spec_;
  const Configuration& c_;
  const Plan& plan_;
  const Elf& elf_;
};

constexpr int kMostTries = 8;
constexpr std::uint64_t kShift = 0x1040;  // changes the lower two bytes of an address

/// Nobody meant what was found: it lies across other instructions.
bool by_chance(const Scan& scan) {
  return scan.problems.empty() &&
         std::all_of(scan.findings.begin(), scan.findings.end(),
                     [](const Finding& f) { return f.verdict != Verdict::forbidden || !f.whole; });
}

Error refusal(const Scan& scan) {
  Error error;
  for (const std::string& problem : scan.problems) error.message += problem + "\n";
  for (const Finding& f : scan.findings) {
    if (f.verdict != Verdict::forbidden) continue;
    error.message +=
        fmt::format("{} at 0x{:x}, {} of `{}`{}\n", name(f.sequence), f.address, f.symbol,
                    f.component, f.whole ? "" : ", hidden inside other instructions");
  }
  error.message = "the image holds what no component may hold:\n" + error.message;
  error.hint = "change the source so that the compiler makes other bytes, or its flags";
  return error;
}

}  // namespace

struct Weaver::Impl {
  Impl(const Spec& s, ObjectStore& o, WeaveOptions w) : spec(s), store(o), options(std::move(w)) {}

  Result<Woven> weave(const Configuration& configuration);
  Result<Done> add_stubs(Plan& plan, const std::vector<ComponentObject>& objects);
  Result<Done> write_image(const Plan& plan, const std::vector<Part>& parts,
                           const std::vector<Linked>& linked, const fs::path& folder,
                           const Sizes& sizes);

  Result<Done> base_objects() {
    if (have_base) return Done{};
    auto rt = runtime_object(store);
    if (!rt) return rt.error();
    runtime = std::move(*rt);
    auto shadow = shadow_heap_object(store);
    if (!shadow) return shadow.error();
    shadow_heap = std::move(*shadow);
    auto p = platform_object(options.platform, store);
    if (!p) return p.error();
    platform = std::move(*p);
    have_base = true;
    return Done{};
  }

  Result<ComponentObject> component(int i, int variant, std::uint64_t hardening) {
    const auto key = std::tuple(i, variant, hardening);
    const auto found = components.find(key);
    if (found != components.end()) return found->second;
    auto made = component_object(spec, i, variant, hardening, store);
    if (made) components.emplace(key, *made);
    return made;
  }

  const Spec& spec;
  ObjectStore& store;
  WeaveOptions options;
  bool have_base = false;
  ComponentObject runtime;
  ComponentObject shadow_heap;
  ComponentObject platform;
  ComponentObject probe;
  ComponentObject probe_marshaller;
  ComponentObject count;
  std::map<std::tuple<int, int, std::uint64_t>, ComponentObject> components;
  std::map<std::string, ComponentObject> marshallers;
};

Result<Woven> Weaver::Impl::weave(const Configuration& configuration) {
  if (auto base = base_objects(); !base) return base.error();
  std::vector<Part> parts;
  std::vector<ComponentObject> objects;
  for (int i = 0; i < spec.size(); ++i) {
    auto object = component(i, configuration.variants[at(i)], configuration.hardening[at(i)]);
    if (!object) return object.error();
    parts.push_back(part_of(*object, spec, i, configuration.hardening[at(i)]));
    objects.push_back(std::move(*object));
  }
  std::vector<std::string> services;
  for (const std::string& e : platform.exports) {
    if (e.rfind("platform_", 0) == 0) services.push_back(e);
  }
  PlanResult planned = make_plan(spec, configuration, parts, part_of(runtime, "rt"),
                                 part_of(shadow_heap, "asan_heap"), services);
  if (!planned.errors.empty()) {
    Error error;
    for (const PlanError& e : planned.errors) {
      error.message += (error.message.empty() ? "" : "\n") + e.message;
      if (error.hint.empty()) error.hint = e.hint;
    }
    return error;
  }
  Plan& plan = planned.plan;
  plan.without = options.without;
  if (const auto e = check_keys(plan, options.platform)) return Error{e->message, e->hint};
  if (options.probes) {
    add_probes(plan, spec, configuration);
    if (probe.name.empty()) {
      auto made = make_object(probe_recipe(options.project), store);
      if (!made) return made.error();
      probe = std::move(*made);
    }
  }

  if (options.counting) {
    if (auto done = add_stubs(plan, objects); !done) return done.error();
  }

  std::vector<Linked> linked;
  for (int i = 0; i < spec.size(); ++i) {
    if (!parts[at(i)].replicate) {
      linked.push_back({objects[at(i)].name, objects[at(i)].path.string(), plan.home(i).number});
    }
  }
  std::map<std::string, std::string> inputs;
  for (const Replica& instance : plan.instances) {
    const ComponentObject* original = nullptr;
    if (instance.object == "rt") original = &runtime;
    if (instance.object == "probe") original = &probe;
    if (instance.object == "count") original = &count;
    if (instance.object == "asan_heap") original = &shadow_heap;
    if (instance.object == "probe_marshal") {
      const Component probes = probe_component(static_cast<int>(plan.compartments.size()));
      auto made = marshaller_object(
          probes, marshaller_source(probes, spec.sharing, options.without), store);
      if (!made) return made.error();
      probe_marshaller = std::move(*made);
      original = &probe_marshaller;
    }
    for (int i = 0; i < spec.size() && original == nullptr; ++i) {
      const std::string name = symbol_name(spec.components[at(i)].name);
      if (name == instance.object) original = &objects[at(i)];
      if (name + "_marshal" != instance.object) continue;
      auto known = marshallers.find(instance.object);
      if (known == marshallers.end()) {
        const Component& component = spec.components[at(i)];
        auto made = marshaller_object(
            component, marshaller_source(component, spec.sharing, options.without), store);
        if (!made) return made.error();
        known = marshallers.emplace(instance.object, std::move(*made)).first;
      }
      original = &known->second;
    }
    // Stubs carry the hash of the type that their marshaller has been told.
    for (Callback& c : plan.callbacks) {
      if (c.component + "_marshal" != instance.object) continue;
      if (const auto id = original->type_ids.find("stubs_" + c.name());
          id != original->type_ids.end()) {
        c.type_id = id->second;
      }
    }
    auto copy = instance_of(*original, instance.compartment, store);
    if (!copy) return copy.error();
    Linked one{copy->name, copy->path.string(), instance.compartment};
    if (instance.object.rfind("probe", 0) == 0) {
      // What an attack aims at is reached by nothing else.
      for (const std::string& e : copy->exports) {
        one.keep.push_back(fmt::format("def.{}.{}", copy->name, e));
      }
    }
    linked.push_back(std::move(one));
  }

  Woven woven;
  woven.id = configuration_id(spec, configuration);
  woven.folder = options.out / (options.counting ? woven.id + "-counting" : woven.id);
  const fs::path scratch =
      options.out / fmt::format(".{}.{}", woven.folder.filename().string(), getpid());
  std::error_code failed;
  fs::remove_all(scratch, failed);
  fs::create_directories(scratch, failed);
  if (failed) {
    return Error{fmt::format("cannot write to {}: {}", options.out.string(), failed.message()), "",
                 true};
  }
  const auto give_up = [&](Error error) {
    std::error_code ignored;
    fs::remove_all(scratch, ignored);
    return error;
  };
  // Nothing but the gates may change rights: an image that can is none. (The probes of an attack
  // hold such instructions on purpose.) An address or a distance may spell such an instruction by
  // chance; then everything is moved a little, and spells another.
  Sizes sizes = options.sizes;
  for (int tries = 1;; ++tries) {
    if (auto done = write_image(plan, parts, linked, scratch, sizes); !done) {
      return give_up(done.error());
    }
    auto elf = Elf::read(scratch / "image");
    if (!elf) return give_up(elf.error());
    woven.manifest = ManifestWriter(spec, configuration, plan, *elf).write(sizes);
    woven.manifest.platform = options.platform;
    woven.manifest.tool = options.tool;
    woven.manifest.counting = options.counting;
    if (options.probes) break;
    const Scan scan = scan_image(*elf, &woven.manifest);
    if (scan.clean()) break;
    if (tries == kMostTries || !by_chance(scan)) return give_up(refusal(scan));
    sizes.shift += kShift;
  }
  for (const ComponentObject& object : objects) woven.manifest.inputs[object.name] = object.hash;
  woven.manifest.inputs["rt"] = runtime.hash;
  woven.manifest.inputs["platform"] = platform.hash;
  for (const char* file : {"gates.S", "script.ld"}) {
    woven.manifest.inputs[file] = sha256_file(scratch / file).value_or("");
  }
  if (auto w = store.write(scratch / "image.json", to_text(woven.manifest)); !w) {
    return give_up(w.error());
  }
  fs::remove_all(woven.folder, failed);
  fs::rename(scratch, woven.folder, failed);
  if (failed) {
    return give_up(
        {fmt::format("cannot write {}: {}", woven.folder.string(), failed.message()), "", true});
  }
  woven.elf = woven.folder / "image";
  return woven;
}

/// Makes the plan that of a counting image.
Result<Done> Weaver::Impl::add_stubs(Plan& plan, const std::vector<ComponentObject>& objects) {
  std::map<int, std::set<std::string>> functions;  // what a component exports as code
  for (int i = 0; i < spec.size(); ++i) {
    auto elf = Elf::read(objects[at(i)].path);
    if (!elf) return elf.error();
    const std::string prefix = fmt::format("def.{}.", objects[at(i)].name);
    for (const ElfSymbol& s : elf->symbols) {
      if (s.function() && s.defined() && s.name.rfind(prefix, 0) == 0) {
        functions[i].insert(s.name.substr(prefix.size()));
      }
    }
  }
  if (count.name.empty()) {
    auto made = make_object(count_recipe(options.project), store);
    if (!made) return made.error();
    count = std::move(*made);
  }
  return add_counting(plan, spec, [&](int component, const std::string& symbol) {
    return functions[component].contains(symbol);
  });
}

Result<Done> Weaver::Impl::write_image(const Plan& plan, const std::vector<Part>& parts,
                                       const std::vector<Linked>& linked, const fs::path& folder,
                                       const Sizes& sizes) {
  std::vector<Hook> before;
  std::vector<Hook> after;
  for (int i = 0; i < spec.size(); ++i) {
    const std::string name = symbol_name(parts[at(i)].name);
    if (parts[at(i)].replicate) continue;
    if (contains(parts[at(i)].exports, name + "_init")) before.push_back({i, name + "_init"});
    if (contains(parts[at(i)].exports, name + "_fini")) after.push_back({i, name + "_fini"});
  }
  const std::string gates =
      gates_source(spec, plan, part_of(runtime, "rt"), parts, before, after, sizes) +
      counting_source(plan, spec, sizes.threads);
  if (auto w = store.write(folder / "gates.S", gates); !w) return w;
  // Nothing in it is for the preprocessor, which would be two processes more.
  const ToolResult assembled = run_tool({"clang-19", "--target=x86_64-unknown-none-elf", "-x",
                                         "assembler", "-c", "gates.S", "-o", "gates.o"},
                                        folder);
  if (!assembled.started || assembled.code != 0) {
    return Error{"the gates do not assemble:\n" + assembled.output, "", !assembled.started};
  }
  std::map<std::string, Marshalled> marshalled;
  for (const Component& component : spec.components) {
    marshalled[symbol_name(component.name) + "_marshal"] =
        marshalled_names(component, spec.sharing);
  }
  if (plan.probes) {
    const int n = static_cast<int>(plan.compartments.size());
    marshalled["probe_marshal"] = marshalled_names(probe_component(n), spec.sharing);
  }
  const PlatformLink link = platform_link(options.platform, options.project, platform.path);
  const std::string script = linker_script(plan, linked, "gates.o", link, marshalled, sizes);
  if (auto w = store.write(folder / "script.ld", script); !w) return w;
  std::vector<std::string> command = {"ld.lld-19",
                                      "-static",
                                      "-nostdlib",
                                      "--gc-sections",
                                      "--build-id=none",
                                      "-z",
                                      "noexecstack",
                                      "-z",
                                      "max-page-size=4096",
                                      "-T",
                                      "script.ld",
                                      "-o",
                                      "image",
                                      "gates.o",
                                      platform.path.string()};
  for (const Linked& l : linked) {
    command.push_back(l.path);
    for (const std::string& symbol : l.keep) command.push_back("--undefined=" + symbol);
  }
  const ToolResult result = run_tool(command, folder);
  if (!result.started || result.code != 0) {
    return Error{"the image does not link:\n" + result.output, "", !result.started};
  }
  std::error_code ignored;
  fs::remove(folder / "gates.o", ignored);
  return Done{};
}

Weaver::Weaver(const Spec& spec, ObjectStore& store, WeaveOptions options)
    : impl_(std::make_unique<Impl>(spec, store, std::move(options))) {}

Weaver::~Weaver() = default;

Result<Done> Weaver::prepare(const std::vector<Configuration>& configurations) {
  if (auto base = impl_->base_objects(); !base) return base;
  for (const Configuration& c : configurations) {
    for (int i = 0; i < impl_->spec.size(); ++i) {
      auto object = impl_->component(i, c.variants[at(i)], c.hardening[at(i)]);
      if (!object) return object.error();
    }
  }
  return Done{};
}

Result<Woven> Weaver::weave(const Configuration& configuration) {
  return impl_->weave(configuration);
}

}  // namespace flexos
