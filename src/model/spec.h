#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/exact.h"

/// The domain's types: a requirements spec after its names are resolved. No I/O, no solver.
/// Words and meaning: DESIGN sections 2-4; the YAML form: docs/language.md.
namespace flexos {

/// Where a thing was written, kept so that an answer can point at the user's own line.
struct Origin {
  std::string file;
  int line = 0;      ///< 1-based; 0 = not written anywhere (a default)
  int column = 0;    ///< 1-based
  std::string text;  ///< the source line(s) of the statement, trimmed, on one line
};

/// A set of memory regions a component may touch, or that it grants: "*" or a subset of
/// {own, shared}.
struct Regions {
  bool any = false;
  bool own = false;
  bool shared = false;
  bool operator==(const Regions&) const = default;
};

/// `component.function`; function "*" = the component's whole api.
struct FunctionRef {
  std::string component;
  std::string function;
  auto operator<=>(const FunctionRef&) const = default;
};

/// What a component may call: anything, or a list.
struct Calls {
  bool any = false;
  std::vector<FunctionRef> functions = {};
  bool operator==(const Calls&) const = default;
};

/// The worst a component can do, compromise included.
struct Behavior {
  Regions reads{.any = true, .own = false, .shared = false};
  Regions writes{.any = true, .own = false, .shared = false};
  Calls calls{.any = true};
  bool operator==(const Behavior&) const = default;
};

/// The most that co-resident components may do to this one; nullopt grants everything.
struct Requirement {
  std::optional<Regions> reads;
  std::optional<Regions> writes;
  std::optional<std::vector<std::string>> calls;  ///< own functions that may be called
  Origin reads_origin;
  Origin writes_origin;
  Origin calls_origin;
};

struct EntryPoint;

/// A parameter of an entry point, as a gate must know it.
struct Parameter {
  enum class Direction { value, in, out, inout };
  /// How long the callee may call a callback: while the call lasts, once, or from then on.
  enum class Lifetime { call, once, registered };
  std::string type;
  std::string name;
  Direction direction = Direction::value;
  std::string length;  ///< expression over other parameters, for buffers
  std::shared_ptr<const EntryPoint> callback = {};  ///< what a function pointer points to
  Lifetime lifetime = Lifetime::call;               ///< of a callback
};

/// A legal entry point. `signature` is empty where only the name was given.
struct EntryPoint {
  std::string name;
  std::string signature;
  std::vector<Parameter> parameters;
  std::string result;
};

/// Functions that go without a hardening although their component has it, and why.
struct Exemption {
  std::string hardening;
  std::vector<std::string> functions;
  std::string because;
  bool operator==(const Exemption&) const = default;
};

/// What a component's object is made of. Paths that begin with `src/kernel/` are the project's, all
/// others the package's; `PACKAGE:path` names another package's.
struct Build {
  std::string package;               ///< source package of third_party/lock; empty: the project's
  std::vector<std::string> sources;  ///< globs
  std::vector<std::string> exclude;  ///< globs, taken off `sources` again
  std::vector<std::string> includes;
  std::vector<std::string> flags;
  /// WhyML: proved, and made C that the sources include by the file's name with `.c`.
  std::vector<std::string> proved;
  std::vector<std::string> leaf;  ///< exported functions that run in the caller's domain
  bool replicate = false;         ///< an instance in every compartment that calls it
  bool sets_errno = false;        ///< its gates carry errno back (the `errno:` key)
  std::string main;               ///< applications: `int main(void)`
  std::vector<Exemption> unhardened;
  bool operator==(const Build&) const = default;
};

/// An implementation of a component. Variant 0 of every component is `default`.
struct Variant {
  std::string name;
  Behavior behavior;
  std::string evidence;
  Decimal slowdown = 1;
  bool verified = false;
  std::vector<std::string> safer_than;  ///< names of variants of the same component
  /// What its object is made of; absent: no image can hold it yet. Not used for `default`, whose
  /// build is the component's.
  std::optional<Build> build;
};

struct Component {
  std::string name;
  std::string description;
  bool untrusted = false;
  Requirement grants;  ///< the `requires:` key (a reserved word of C++20)
  std::vector<EntryPoint> api;
  std::vector<Variant> variants;               ///< never empty; [0] is `default`
  std::vector<FunctionRef> call_graph;         ///< the `calls:` key
  std::vector<std::string> allowed_hardening;  ///< names, sorted
  std::map<std::string, Decimal> slowdown;     ///< measured factors by hardening name
  std::vector<std::string> stated_slowdown;    ///< of these, what the spec itself says
  std::optional<std::int64_t> size;            ///< bytes, once measured
  std::optional<Build> build;                  ///< absent: no image can hold it yet
  bool from_spec = false;                      ///< written (or overridden) in the spec itself
  Origin origin;

  /// Of one variant; absent: no image can hold it yet.
  const std::optional<Build>& build_of(std::size_t variant) const {
    return variant == 0 ? build : variants[variant].build;
  }
};

struct Hardening {
  std::string name;
  std::optional<Regions> reads;  ///< what "*" becomes; nullopt = unchanged
  std::optional<Regions> writes;
  bool calls_graph = false;    ///< calls "*" becomes the component's own call graph
  std::optional<Calls> calls;  ///< or this list
  Decimal strength;            ///< per cent, 0..100
  Decimal slowdown = 1;        ///< factor on the component's own work
  std::vector<std::string> excludes;
  std::vector<std::string> compiler;
  Origin origin;
};

/// Who says what a gate costs.
enum class GateSource : std::uint8_t {
  specs,        ///< the definition that ships, or that somebody added to it
  spec,         ///< the spec itself: `gates` or `define`
  calibration,  ///< `calibrate`, on this machine
};

/// What costs are counted in.
enum class CostClock : std::uint8_t { cycles, instructions };

inline const char* name(CostClock clock) {
  return clock == CostClock::cycles ? "cycles" : "instructions";
}

/// What separates compartments. `Spec::mechanisms` is sorted by `level`; a *level* in the rest of
/// the program is an index into that list.
struct Mechanism {  // NOLINT(clang-analyzer-optin.performance.Padding): few, read by people
  std::string name;
  int level = 0;
  Decimal strength;   ///< per cent, 0..100
  Decimal gate_copy;  ///< a crossing, in the profile's clock
  Decimal gate_dss;   ///< the same where data is shared by dss
  GateSource gate_source = GateSource::specs;
  std::optional<Decimal> instructions_copy;  ///< the `instructions` key: used where the profile
  std::optional<Decimal> instructions_dss;   ///< counts instructions
  std::optional<int> keys;                   ///< limit: compartments in one address space
  std::optional<int> vms;                    ///< limit: virtual machines
  std::vector<std::string> platforms;
  std::int64_t memory = 0;  ///< bytes for one more compartment
  bool backend = false;
  Origin origin;
};

using Level = std::uint8_t;  ///< index into Spec::mechanisms; 0 is `none`

enum class Operation : std::uint8_t { read, write, call };

enum class Sharing : std::uint8_t { copy, dss };

enum class StatementKind : std::uint8_t {
  isolate,             ///< pairs, level
  protect,             ///< pairs (attacker, victim), operations, level or behaviour
  together,            ///< pairs
  harden,              ///< components, hardening
  fix_harden,          ///< components[0], hardening (the exact set)
  fix_variant,         ///< components[0], variant
  fix_level,           ///< pairs[0], level
  budget_slowdown,     ///< decimal
  budget_memory,       ///< integer, bytes
  budget_vms,          ///< integer
  budget_keys,         ///< integer
  explore_mechanisms,  ///< names
  explore_hardening,   ///< names
  require_reads,       ///< components[0]: its `requires.reads`, where the spec itself says it
  require_writes,
  require_calls,
};

/// One statement of the user, resolved to component indices. `explain` reasons about these.
struct Statement {
  StatementKind kind{};
  Origin origin;
  std::vector<std::array<int, 2>> pairs;  ///< component indices; for protect: {attacker, victim}
  std::vector<int> components;
  std::optional<Level> level;  ///< absent in protect = weakest isolation or behaviour
  std::vector<Operation> operations;
  std::vector<std::string> names;  ///< hardening or mechanism names, variant name
  Decimal decimal;
  std::int64_t integer = 0;
};

/// Time and calls per workload operation.
struct Profile {
  Decimal base;
  std::map<std::array<int, 2>, Decimal> calls;  ///< ordered pair of components
  std::vector<Decimal> work;                    ///< by component
  /// Ordered pair: what copying buffers takes, where the two are apart and share by `copy`.
  std::map<std::array<int, 2>, Decimal> copy;
  CostClock clock = CostClock::cycles;
  std::string platform;  ///< that it was measured on, "qemu/tcg/instructions"; empty: unknown
  std::string machine;
  Origin origin;
};

enum class Objective : std::uint8_t { fastest, safest };

/// A whole spec, names resolved: everything the solver and the judge read.
struct Spec {
  std::string file;
  std::string name;
  std::string application;
  std::string workload;
  std::string platform = "qemu";
  std::vector<Component> components;      ///< in the order of the spec
  std::vector<Hardening> hardening;       ///< all defined, sorted by name
  std::vector<Mechanism> mechanisms;      ///< all defined, sorted by level; [0] is `none`
  std::vector<bool> explored_mechanisms;  ///< by Level
  std::vector<bool> explored_hardening;   ///< by index into `hardening`
  std::vector<Statement> statements;      ///< in the order of the spec
  std::optional<Profile> profile;
  std::vector<Decimal> risk;   ///< by component, default 1
  std::vector<Decimal> asset;  ///< by component, default 1
  Objective objective = Objective::fastest;
  int top = 10;
  Sharing sharing = Sharing::copy;
  Level pt = 0;            ///< classes of levels below it are address spaces
  Level vm = 0;            ///< classes of levels below it are virtual machines
  int hardware_keys = 15;  ///< compartments an address space can hold
  std::optional<int> hardware_vms;

  int size() const { return static_cast<int>(components.size()); }
};

/// Sets `hardware_keys` and `hardware_vms` to the smallest limits of the explored mechanisms.
inline void set_hardware_limits(Spec& spec) {
  constexpr int kDefaultKeys = 15;  // x86: sixteen, one of them the platform's
  std::optional<int> keys;
  spec.hardware_vms.reset();
  for (std::size_t i = 0; i < spec.mechanisms.size(); ++i) {
    if (!spec.explored_mechanisms[i]) continue;
    const Mechanism& m = spec.mechanisms[i];
    if (m.keys && (!keys || *m.keys < *keys)) keys = m.keys;
    if (m.vms && (!spec.hardware_vms || *m.vms < *spec.hardware_vms)) spec.hardware_vms = m.vms;
  }
  spec.hardware_keys = keys.value_or(kDefaultKeys);
}

/// Can images of this platform use the mechanism? (`none` always; no list = every platform.)
inline bool available_on(const Mechanism& m, const std::string& platform) {
  if (m.level == 0) return true;
  bool listed = m.platforms.empty();
  for (const std::string& p : m.platforms) listed |= p == platform;
  return m.backend && listed;
}

/// The gate cost of `mechanism` under the spec's sharing, in cycles a crossing.
inline const Decimal& gate_cost(const Spec& spec, Level level) {
  const Mechanism& m = spec.mechanisms[level];
  return spec.sharing == Sharing::copy ? m.gate_copy : m.gate_dss;
}

/// What copying the buffers of i's calls to j takes an operation, once they are apart.
inline Decimal copy_cost(const Spec& spec, int i, int j) {
  if (!spec.profile || spec.sharing != Sharing::copy) return {};
  const auto found = spec.profile->copy.find({i, j});
  return found == spec.profile->copy.end() ? Decimal() : found->second;
}

}  // namespace flexos
