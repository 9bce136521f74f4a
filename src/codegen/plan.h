#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "codegen/weaken.h"
#include "model/configuration.h"

/// The plan of an image: what a configuration means for the linker.
///
/// A component's object names nothing outside itself directly: what it defines is `def.C.f`, what
/// it wants is `ref.C.f` (object.h). A plan says what each `ref` is bound to:
///
///     same compartment                     ref.C.f = def.D.f            a plain call
///     a leaf function, whoever calls it    ref.C.f = def.D.f            runs with the caller's
///     rights a replicated component               ref.C.f = def.D.k.f          the caller's own
///     instance another compartment                  ref.C.f = gate.k.l.D.f       a gate
///       with buffers, sharing by copy      ref.C.f = def.D_marshal.k.f  which copies, then calls
///       the gate
///
/// Compartments are the classes of level `none`, numbered from 1; stack domains are the classes of
/// level `mpk.light` and below, whose members share one stack.
namespace flexos {

/// What the plan must know of an object file (object.h) and of its component's `build:`.
struct Part {
  std::string name = {};
  std::vector<std::string> exports = {};
  std::vector<std::string> imports = {};
  std::set<std::string> optional = {};                 ///< imports that may have no provider
  std::map<std::string, std::uint32_t> type_ids = {};  ///< kcfi, of imports whose address it takes
  /// For each export the imports that it can get to; without an entry: all of them.
  std::map<std::string, std::vector<std::string>> reach = {};
  std::set<std::string> leaf = {};
  bool replicate = false;
  bool sets_errno = false;
  bool checks_types = false;  ///< built with kcfi: what it exports carries type hashes
  std::string main = {};      ///< the application's entry; empty: it has none
};

enum class How { call, leaf, replica, runtime, gate, platform, memory, absent };
const char* name_of(How how);

/// One undefined symbol and what it becomes.
struct Binding {
  std::string object;  ///< as in symbol names: `sqlite`, or `alloc.2` for an instance
  std::string symbol;
  std::string target;
  How how = How::call;
  int callee = -1;  ///< component, where there is one
};

struct Gate {
  int from = 0;  ///< compartments
  int to = 0;
  int callee = -1;  ///< component; -1: the probes of an attack (probes.h)
  std::string function;
  std::string callback = {};  ///< parameter of the function: a gate back (callback.h)
  bool full = false;          ///< mpk.full; otherwise mpk.light
  bool marshalled = false;    ///< its buffers are copied (sharing `copy`)
  int arguments = 0;          ///< integer registers and stack words
  int vectors = 0;            ///< floating-point arguments
  bool returns_vector = false;
  bool carries_errno = false;
  std::string symbol;             ///< gate.FROM.TO.COMPONENT.FUNCTION
  std::string target;             ///< def.COMPONENT.FUNCTION
  std::set<std::string> callers;  ///< components
};

/// A callback on its way back across one edge (callback.h).
struct Callback {
  int from = 0;  ///< compartment of the function that was handed the callback: the one that calls
  int to = 0;    ///< compartment that handed it over
  std::string component = {};  ///< the callee's, as in symbols
  std::string function = {};
  std::string parameter = {};
  std::string symbol = {};    ///< the first of the stubs
  std::string gate = {};      ///< what they lead to
  int token = 0;              ///< the argument that says which binding
  bool copies = false;        ///< through the callee's marshaller
  std::uint32_t type_id = 0;  ///< kcfi

  /// No `$`: clang hashes no name with one.
  std::string name() const { return function + "__" + parameter; }
};
inline constexpr int kBindings = 16;  ///< a parameter and compartment
inline constexpr int kStubSize = 32;

/// A function whose address a kcfi component takes: an alias that carries the type hash.
struct TypedEntry {
  std::string symbol;
  std::string target;
  std::uint32_t type_id = 0;
};

/// A call of a counting image and the stub in front of it (counting.h).
struct Counted {
  std::string symbol;  ///< of the stub
  std::string target;
  int caller = -1;  ///< components; -1: the runtime
  int callee = -1;
  std::string function;
  bool edge = false;       ///< it would be a gate if the two were apart
  bool copied = false;     ///< through the callee's marshaller
  std::string marshaller;  ///< of the stub behind one: its object, `vfs_marshal.1`
};

struct Compartment {
  int number = 0;
  std::vector<int> components;
  int key = 0;
  std::uint32_t pkru = 0;
  int domain = 0;              ///< stack domain
  std::uint32_t services = 0;  ///< FLEXOS_SERVICE_*
  bool allocates = false;      ///< somebody in it wants a heap
  bool asan = false;           ///< or a shadow
  bool unsafe_stack = false;   ///< or a second stack
};

struct StackDomain {
  int number = 0;
  std::vector<int> compartments;
  int key = 0;
};

/// An object of which a compartment has its own copy: a replicated component, the runtime, a
/// marshaller.
struct Replica {
  std::string object;  ///< `alloc`, `rt`, `vfs_marshal`
  int compartment = 0;
};

struct Plan {
  std::vector<Compartment> compartments;  ///< [0] is number 1
  std::vector<StackDomain> domains;
  std::vector<Replica> instances;
  std::vector<Binding> bindings;
  std::vector<Gate> gates;
  std::vector<TypedEntry> typed;
  std::vector<Callback> callbacks;
  int application = -1;          ///< component
  bool keys = false;             ///< protection keys are used at all
  bool counting = false;         ///< a counting image (counting.h)
  std::vector<Counted> counted;  ///< its stubs
  bool probes = false;           ///< what runs is not the application but an attack (probes.h)
  Defence without = Defence::none;

  const Compartment& home(int component) const;
};

struct PlanError {
  std::string message;
  std::string hint;
};

struct PlanResult {
  Plan plan;
  std::vector<PlanError> errors;
};

/// `parts` by component of the spec; `runtime`: the runtime's object; `platform`: the functions
/// that the platform exports.
PlanResult make_plan(const Spec& spec, const Configuration& configuration,
                     const std::vector<Part>& parts, const Part& runtime, const Part& shadow_heap,
                     const std::vector<std::string>& platform);

/// Has the platform the keys that the image needs? (On linux the last one is the platform's own.)
std::optional<PlanError> check_keys(const Plan& plan, const std::string& platform);

/// A component's name as it stands in symbols: `-` becomes `_`.
std::string symbol_name(const std::string& component);

/// Has the entry point a buffer that a gate must carry across?
bool has_buffers(const EntryPoint& entry);
/// Must a call of it that crosses go through a marshaller?
bool is_marshalled(const EntryPoint& entry, Sharing sharing);

}  // namespace flexos
