#include "codegen/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "codegen/callback.h"
#include "kernel/include/flexos/image.h"

namespace flexos {

namespace {

constexpr int kKeys = 15;     // sixteen, and key 0 is everybody's
constexpr int kRuntime = -1;  // stand where a component's number does
constexpr int kShadowHeap = -2;
constexpr int kMostArguments = 12;  // what a gate carries from stack to stack

std::size_t at(int i) { return static_cast<std::size_t>(i); }

bool contains(const std::vector<std::string>& list, const std::string& name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

bool is_vector(const std::string& type) { return type == "double" || type == "float"; }

/// Compiled with asan?
bool instrumented(const Part& part) {
  return std::any_of(part.imports.begin(), part.imports.end(),
                     [](const std::string& s) { return s.rfind("__asan_", 0) == 0; });
}

/// What a compartment's own memory offers under a name: bound by the linker script.
bool is_memory(const std::string& symbol) {
  static const std::set<std::string> kNames = {
      "compartment_number",  "heap_start",        "heap_end",
      "asan_data_start",     "asan_data_size",    "asan_data_shadow",
      "asan_heap_start",     "asan_heap_size",    "asan_heap_shadow",
      "asan_stack_start",    "asan_stack_size",   "asan_stack_shadow",
      "unsafe_stack_start",  "unsafe_stack_size", "rt_constructors_start",
      "rt_constructors_size"};
  return kNames.contains(symbol);
}

std::uint32_t service_of(const std::string& function) {
  if (function.rfind("platform_console_", 0) == 0) return FLEXOS_SERVICE_CONSOLE;
  if (function == "platform_clock" || function == "platform_wall_clock" ||
      function == "platform_busy_clock" || function == "platform_idle") {
    return FLEXOS_SERVICE_CLOCK;
  }
  if (function == "platform_random") return FLEXOS_SERVICE_RANDOM;
  if (function.rfind("platform_net_", 0) == 0) return FLEXOS_SERVICE_NETWORK;
  if (function.rfind("platform_thread_", 0) == 0) return FLEXOS_SERVICE_THREADS;
  return 0;
}

class Planner {
 public:
  Planner(const Spec& spec, const Configuration& configuration, const std::vector<Part>& parts,
          const Part& runtime, const Part& shadow_heap, const std::vector<std::string>& platform)
      : spec_(spec),
        c_(configuration),
        parts_(parts),
        runtime_(runtime),
        shadow_heap_(shadow_heap),
        platform_(platform) {}

  PlanResult run() {
    if (!mechanisms()) return std::move(result_);
    compartments();
    for (int i = 0; i < spec_.size(); ++i) {
      const Part& part = parts_[at(i)];
      if (!part.main.empty() && part.name == spec_.application) result_.plan.application = i;
    }
    if (result_.plan.application < 0) {
      error(spec_.application.empty()
                ? "the spec names no application"
                : fmt::format("the application `{}` has no `main` among its components' `build:`",
                              spec_.application),
            "`application:` is the component whose `build:` says `main: FUNCTION`");
    }
    objects();
    std::sort(result_.plan.gates.begin(), result_.plan.gates.end(),
              [](const Gate& a, const Gate& b) { return a.symbol < b.symbol; });
    return std::move(result_);
  }

 private:
  void error(std::string message, std::string hint) {
    result_.errors.push_back({std::move(message), std::move(hint)});
  }

  /// Finds the levels that the weaver knows; refuses the others by name.
  bool mechanisms() {
    for (std::size_t l = 0; l < spec_.mechanisms.size(); ++l) {
      if (spec_.mechanisms[l].name == "mpk.light") light_ = static_cast<int>(l);
      if (spec_.mechanisms[l].name == "mpk.full") full_ = static_cast<int>(l);
    }
    std::set<int> used(c_.levels.begin(), c_.levels.end());
    for (const int l : used) {
      if (l == 0 || l == light_ || l == full_) continue;
      error(fmt::format("mechanism `{}` has no backend in this version: no image can be built",
                        spec_.mechanisms[at(l)].name),
            "images are built for none, mpk.light and mpk.full; "
            "`explore: {mechanisms: [none, mpk.light, mpk.full]}`");
    }
    return result_.errors.empty();
  }

  void compartments() {
    Plan& plan = result_.plan;
    const auto groups = classes(c_, spec_.size(), 0);
    for (std::size_t g = 0; g < groups.size(); ++g) {
      plan.compartments.push_back({.number = static_cast<int>(g) + 1,
                                   .components = groups[g],
                                   .key = 0,
                                   .pkru = 0,
                                   .domain = 0});
    }
    plan.keys = groups.size() > 1;
    // Members of a stack domain part by light gates at most.
    for (Compartment& compartment : plan.compartments) {
      const int first = compartment.components.front();
      for (StackDomain& domain : plan.domains) {
        const int other = plan.compartments[at(domain.compartments.front()) - 1].components.front();
        if (light_ >= 0 && c_.level(first, other) <= light_) {
          domain.compartments.push_back(compartment.number);
          compartment.domain = domain.number;
          break;
        }
      }
      if (compartment.domain != 0) continue;
      compartment.domain = static_cast<int>(plan.domains.size()) + 1;
      plan.domains.push_back(
          {.number = compartment.domain, .compartments = {compartment.number}, .key = 0});
    }
    if (plan.keys) keys();
  }

  /// A key a compartment; a domain whose compartments share a stack has one more for it.
  void keys() {
    Plan& plan = result_.plan;
    int next = 1;
    for (Compartment& compartment : plan.compartments) compartment.key = next++;
    for (StackDomain& domain : plan.domains) {
      domain.key = domain.compartments.size() == 1
                       ? plan.compartments[at(domain.compartments.front()) - 1].key
                       : next++;
    }
    if (next - 1 > kKeys) {
      error(fmt::format("{} compartments and their shared stacks need {} protection keys; there "
                        "are {}",
                        plan.compartments.size(), next - 1, kKeys),
            "fewer compartments, or mpk.full between them (no shared stacks)");
      return;
    }
    for (Compartment& compartment : plan.compartments) {
      std::uint32_t pkru = 0;
      for (int key = 1; key < 16; ++key) {
        const bool open =
            key == compartment.key || key == plan.domains[at(compartment.domain) - 1].key;
        if (!open) pkru |= 3U << (2 * key);
      }
      compartment.pkru = pkru;
    }
  }

  int number_of(int component) const {
    for (const Compartment& compartment : result_.plan.compartments) {
      if (std::count(compartment.components.begin(), compartment.components.end(), component) !=
          0) {
        return compartment.number;
      }
    }
    return 0;
  }

  void objects() {
    for (int i = 0; i < spec_.size(); ++i) {
      const auto& imports = parts_[at(i)].imports;
      if (std::any_of(imports.begin(), imports.end(),
                      [](const std::string& s) { return s.rfind("__asan_", 0) == 0; })) {
        with_asan_.insert(number_of(i));
      }
    }
    // From what the start calls to all that it can get to.
    for (const Compartment& compartment : result_.plan.compartments) {
      need(runtime_, kRuntime, compartment.number, "rt_init");
    }
    for (int i = 0; i < spec_.size(); ++i) {
      const Part& part = parts_[at(i)];
      for (const char* hook : {"_init", "_fini"}) {
        const std::string function = symbol_name(part.name) + hook;
        if (contains(part.exports, function)) need(part, i, number_of(i), function);
      }
    }
    if (result_.plan.application >= 0) {
      const int i = result_.plan.application;
      need(parts_[at(i)], i, number_of(i), parts_[at(i)].main);
    }
    // Constructors run whether or not anything else of their object does: asan's hand over globals.
    const std::string registers = "__asan_register_globals";
    for (int i = 0; i < spec_.size(); ++i) {
      const Part& part = parts_[at(i)];
      if (part.replicate || !contains(part.imports, registers)) continue;
      bind(part, symbol_name(part.name), i, number_of(i), registers);
    }
    for (const Replica& instance : std::vector<Replica>(result_.plan.instances)) {
      const Part* part = part_of(instance.object);
      if (part == nullptr || !contains(part->imports, registers)) continue;
      bind(*part, fmt::format("{}.{}", instance.object, instance.compartment), -1,
           instance.compartment, registers);
    }
    // What no function in use can get to is not there to be called.
    for (int i = 0; i < spec_.size(); ++i) {
      if (!parts_[at(i)].replicate) drop_rest(parts_[at(i)], symbol_name(parts_[at(i)].name));
    }
    for (const Replica& instance : result_.plan.instances) {
      const Part* part = part_of(instance.object);
      if (part == nullptr) continue;
      drop_rest(*part, fmt::format("{}.{}", instance.object, instance.compartment));
    }
    std::sort(result_.plan.instances.begin(), result_.plan.instances.end(),
              [](const Replica& a, const Replica& b) {
                return std::pair(a.object, a.compartment) < std::pair(b.object, b.compartment);
              });
  }

  void drop_rest(const Part& part, const std::string& object) {
    for (const std::string& symbol : part.imports) {
      if (bound_.contains({object, symbol})) continue;
      result_.plan.bindings.push_back(
          {.object = object, .symbol = symbol, .target = "0", .how = How::absent, .callee = -1});
    }
  }

  /// The part that instances of this object are made of; null: a marshaller.
  const Part* part_of(const std::string& object) const {
    if (object == runtime_.name) return &runtime_;
    if (object == shadow_heap_.name) return &shadow_heap_;
    for (const Part& part : parts_) {
      if (symbol_name(part.name) == object) return &part;
    }
    return nullptr;
  }

  void instance(const std::string& object, int compartment) {
    if (made_.emplace(object, compartment).second) {
      result_.plan.instances.push_back({object, compartment});
    }
  }

  /// A function of a part is used in a compartment: binds what it can get to.
  void need(const Part& part, int component, int compartment, const std::string& function) {
    std::string object = symbol_name(part.name);
    if (component < 0 || part.replicate || number_of(component) != compartment) {
      instance(object, compartment);
      object += fmt::format(".{}", compartment);
    }
    const auto reach = part.reach.find(function);
    for (const std::string& symbol : reach == part.reach.end() ? part.imports : reach->second) {
      bind(part, object, component, compartment, symbol);
    }
  }

  void bind(const Part& part, const std::string& object, int component, int compartment,
            const std::string& symbol) {
    if (!bound_.emplace(object, symbol).second) return;
    std::optional<Binding> binding = resolve(part, object, component, compartment, symbol);
    if (!binding) return;
    type(part, *binding);
    result_.plan.bindings.push_back(std::move(*binding));
  }

  /// The component whose `api` or leaf functions have the symbol; -1: none, -2: an error was said.
  int provider(const Part& part, const std::string& symbol) {
    int found = -1;
    for (int j = 0; j < spec_.size(); ++j) {
      if (!contains(parts_[at(j)].exports, symbol) || parts_[at(j)].name == part.name) continue;
      if (found >= 0) {
        error(fmt::format("`{}` calls `{}`, which both `{}` and `{}` export", part.name, symbol,
                          parts_[at(found)].name, parts_[at(j)].name),
              "take it out of the `api` of one of them");
        return -2;
      }
      found = j;
    }
    return found;
  }

  std::optional<Binding> resolve(const Part& part, const std::string& object, int component,
                                 int compartment, const std::string& symbol) {
    Binding b{.object = object, .symbol = symbol, .target = {}, .how = How::call, .callee = -1};
    if (is_memory(symbol)) {
      b.how = How::memory;
      b.target = fmt::format("{}.{}", symbol, compartment);
      if (symbol == "heap_start") result_.plan.compartments[at(compartment) - 1].allocates = true;
      return b;
    }
    // What an instrumented component copies is checked too.
    if (instrumented(part) && contains(runtime_.exports, "__asan_" + symbol)) {
      b.how = How::runtime;
      b.target = fmt::format("def.rt.{}.__asan_{}", compartment, symbol);
      need(runtime_, kRuntime, compartment, "__asan_" + symbol);
      return b;
    }
    const int j = provider(part, symbol);
    if (j == -2) return std::nullopt;
    if (j >= 0) return to_component(part, component, compartment, symbol, j, b);
    if (part.name != runtime_.name && contains(runtime_.exports, symbol)) {
      b.how = How::runtime;
      b.target = fmt::format("def.rt.{}.{}", compartment, symbol);
      need(runtime_, kRuntime, compartment, symbol);
      Compartment& home = result_.plan.compartments[at(compartment) - 1];
      if (symbol.rfind("__asan_", 0) == 0) home.asan = true;
      if (symbol == "__safestack_pointer_address") home.unsafe_stack = true;
      return b;
    }
    if (contains(platform_, symbol)) {
      b.how = How::platform;
      b.target = symbol;
      result_.plan.compartments[at(compartment) - 1].services |= service_of(symbol);
      return b;
    }
    if (part.optional.contains(symbol)) {
      b.how = How::absent;
      b.target = "0";
      return b;
    }
    error(fmt::format("`{}` refers to `{}`, which no component of the spec exports", part.name,
                      symbol),
          fmt::format("add the component that has it, or list `{}` in the `api` of the component "
                      "that defines it",
                      symbol));
    return std::nullopt;
  }

  std::optional<Binding> to_component(const Part& part, int component, int compartment,
                                      const std::string& symbol, int j, Binding b) {
    const Part& other = parts_[at(j)];
    const std::string callee = symbol_name(other.name);
    b.callee = j;
    // Where a component is instrumented, all of its compartment's heap has redzones.
    const std::string guarded = "asan_" + symbol;
    if (other.replicate && part.name != shadow_heap_.name && with_asan_.contains(compartment) &&
        contains(shadow_heap_.exports, guarded)) {
      need(shadow_heap_, kShadowHeap, compartment, guarded);
      b.how = How::runtime;
      b.target = fmt::format("def.asan_heap.{}.{}", compartment, guarded);
      return b;
    }
    const bool leaf = other.leaf.contains(symbol);
    if (other.replicate || (leaf && number_of(j) != compartment)) {
      need(other, j, compartment, symbol);
      b.how = other.replicate ? How::replica : How::leaf;
      b.target = fmt::format("def.{}.{}.{}", callee, compartment, symbol);
      return b;
    }
    b.target = fmt::format("def.{}.{}", callee, symbol);
    need(other, j, number_of(j), symbol);
    if (number_of(j) == compartment) return b;
    return cross(part, component, compartment, symbol, j, b);
  }

  std::optional<Binding> cross(const Part& part, int component, int compartment,
                               const std::string& symbol, int j, Binding b) {
    const Part& other = parts_[at(j)];
    const std::string callee = symbol_name(other.name);
    const auto& api = spec_.components[at(j)].api;
    const auto entry =
        std::find_if(api.begin(), api.end(), [&](const EntryPoint& e) { return e.name == symbol; });
    const auto explained = [&](const std::string& what, const std::string& hint) {
      error(fmt::format("`{}` calls `{}` of `{}` across a compartment boundary, {}", part.name,
                        symbol, other.name, what),
            hint);
      return std::nullopt;
    };
    if (entry == api.end()) {
      return explained(
          "which is not in the `api` of " + other.name,
          fmt::format("add `{}(...)` to the api in specs/components/{}.yaml", symbol, other.name));
    }
    if (entry->signature.empty()) {
      return explained("but its api gives no signature, so no gate can carry it",
                       fmt::format("write its parameters and buffers in specs/components/{}.yaml, "
                                   "or `together: [{}, {}]`",
                                   other.name, part.name, other.name));
    }
    Gate gate;
    gate.from = compartment;
    gate.to = number_of(j);
    gate.callee = j;
    gate.function = symbol;
    // An instance or the runtime stands for its compartment's first component.
    const int caller = component >= 0 && number_of(component) == compartment
                           ? component
                           : result_.plan.compartments[at(compartment) - 1].components.front();
    gate.full = full_ >= 0 && c_.level(caller, j) == full_;
    gate.marshalled = is_marshalled(*entry, spec_.sharing);
    for (const Parameter& parameter : entry->parameters) {
      (is_vector(parameter.type) ? gate.vectors : gate.arguments) += 1;
    }
    if (gate.arguments > kMostArguments) {
      return explained(
          fmt::format("with {} arguments; a gate carries {}", gate.arguments, kMostArguments),
          "pass a structure");
    }
    gate.returns_vector = is_vector(entry->result);
    gate.carries_errno = other.sets_errno;
    gate.symbol = fmt::format("gate.{}.{}.{}.{}", compartment, gate.to, callee, symbol);
    gate.target = b.target;
    b.how = How::gate;
    b.target = gate.symbol;
    if (gate.marshalled) {
      const std::string marshaller = callee + "_marshal";
      b.target = fmt::format("def.{}.{}.{}", marshaller, compartment, symbol);
      instance(marshaller, compartment);
    }
    const auto known = std::find_if(result_.plan.gates.begin(), result_.plan.gates.end(),
                                    [&](const Gate& g) { return g.symbol == gate.symbol; });
    Gate& kept = known == result_.plan.gates.end() ? result_.plan.gates.emplace_back(gate) : *known;
    kept.callers.insert(part.name);
    add_callbacks(result_.plan, *entry, callee, Gate(kept), spec_.sharing);
    return b;
  }

  /// kcfi checks a hash in front of the function that it calls through a pointer: what this part
  /// takes the address of needs one, with the type that this part sees.
  void type(const Part& part, Binding& b) {
    const auto id = part.type_ids.find(b.symbol);
    if (id == part.type_ids.end() || b.how == How::memory || b.how == How::absent) return;
    if (b.how != How::gate && b.callee >= 0 && parts_[at(b.callee)].checks_types) return;
    const std::string symbol = fmt::format("typed.{}.{}", b.object, b.symbol);
    result_.plan.typed.push_back({symbol, b.target, id->second});
    b.target = symbol;
  }

  const Spec& spec_;
  const Configuration& c_;
  const std::vector<Part>& parts_;
  const Part& runtime_;
  const Part& shadow_heap_;
  const std::vector<std::string>& platform_;
  int light_ = -1;
  int full_ = -1;
  std::set<int> with_asan_;  ///< compartments
  std::set<std::pair<std::string, int>> made_;
  std::set<std::pair<std::string, std::string>> bound_;  ///< object, symbol
  PlanResult result_;
};

}  // namespace

const char* name_of(How how) {
  switch (how) {
    case How::call:
      return "call";
    case How::leaf:
      return "leaf";
    case How::replica:
      return "replica";
    case How::runtime:
      return "runtime";
    case How::gate:
      return "gate";
    case How::platform:
      return "platform";
    case How::memory:
      return "memory";
    case How::absent:
      return "absent";
  }
  return "";
}

const Compartment& Plan::home(int component) const {
  return *std::find_if(compartments.begin(), compartments.end(), [&](const Compartment& c) {
    return std::count(c.components.begin(), c.components.end(), component) != 0;
  });
}

std::optional<PlanError> check_keys(const Plan& plan, const std::string& platform) {
  constexpr int kMost = 14;
  int highest = 0;
  for (const Compartment& c : plan.compartments) highest = std::max(highest, c.key);
  for (const StackDomain& d : plan.domains) highest = std::max(highest, d.key);
  if (platform != "linux" || highest <= kMost) return std::nullopt;
  return PlanError{
      fmt::format("{} compartments and their shared stacks need {} protection keys; on linux there "
                  "are {}, for the platform has one of its own",
                  plan.compartments.size(), highest, kMost),
      fmt::format("`budget: {{keys: {}}}`, fewer light gates (each shared stack has a key), or "
                  "`--platform qemu`",
                  kMost)};
}

std::string symbol_name(const std::string& component) {
  std::string name = component;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

bool has_buffers(const EntryPoint& entry) {
  return std::any_of(entry.parameters.begin(), entry.parameters.end(),
                     [](const Parameter& p) { return p.direction != Parameter::Direction::value; });
}

bool is_marshalled(const EntryPoint& entry, Sharing sharing) {
  return (sharing == Sharing::copy && has_buffers(entry)) ||
         std::any_of(entry.parameters.begin(), entry.parameters.end(),
                     [](const Parameter& p) { return p.callback != nullptr; });
}

PlanResult make_plan(const Spec& spec, const Configuration& configuration,
                     const std::vector<Part>& parts, const Part& runtime, const Part& shadow_heap,
                     const std::vector<std::string>& platform) {
  return Planner(spec, configuration, parts, runtime, shadow_heap, platform).run();
}

}  // namespace flexos
