#pragma once

#include <string>
#include <vector>

#include "codegen/plan.h"

/// Callbacks: gates in the other direction (docs/gates.md). Where a function pointer crosses, the
/// callee gets a stub of its own; behind it lies a gate back into the caller's compartment, and
/// there the caller's marshaller (marshal.h) looks up which of its functions was meant.
///
///     callback.FROM.TO.C.F.P + 32 i   stub i of parameter P of F of component C (plan.h)
///     gates.FROM.C.F.P                by number of compartment, the gate back into it
///     gate.FROM.TO.C.F.P              to def.C_marshal.TO.land_F__P
///
/// A stub is code of the compartment that it belongs to, in its text, with a type hash in front.
namespace flexos {

/// Adds what one crossing edge needs for each callback among the entry's parameters: the gate
/// back, the stubs, the marshaller's instances. `there`: the gate that carries the call.
void add_callbacks(Plan& plan, const EntryPoint& entry, const std::string& component,
                   const Gate& there, Sharing sharing);

/// Assembly: stubs and tables.
std::string callbacks_source(const Plan& plan);

/// Linker script: what an instance of a component's marshaller wants for its callbacks.
/// `callbacks`: all of the component's, as `F__P`.
std::string callback_references(const Plan& plan, const std::string& component, int compartment,
                                const std::vector<std::string>& callbacks);

}  // namespace flexos
