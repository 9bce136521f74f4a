#pragma once

#include <string>
#include <vector>

#include "codegen/weaken.h"
#include "model/spec.h"

namespace flexos {

/// C++ that carries the buffers of a component's entry points across a gate (sharing `copy`): one
/// function an entry point that has buffers. It runs with the caller's rights, before and after the
/// gate, so that a pointer that the caller may not use itself faults here: the gate is no deputy.
///
/// Each buffer is copied once, through the thread's part of the caller's window in the shared
/// domain; the callee gets the window's address. What comes back is copied to where the caller
/// asked for it, never further than the length that was agreed on before the call. The window is
/// wiped.
///
/// Callbacks (docs/gates.md): the function that hands one over binds it and passes a stub's
/// address. `cross_F__P` carries the callback's buffers with the rights of who calls back,
/// `land_F__P` is where the gate back ends: it checks, and calls the function that was bound.
///
/// Names: `f` is what callers are bound to, `gate_f` the gate. Compiled once a component and
/// instantiated once a compartment that calls it, or calls back from it.
std::string marshaller_source(const Component& component, Sharing sharing = Sharing::copy,
                              Defence without = Defence::none);

/// What the source above has and wants, beside the window and the platform.
struct Marshalled {
  std::vector<std::string> functions;
  std::vector<std::string> callbacks;  ///< `F__P`
};
Marshalled marshalled_names(const Component& component, Sharing sharing);

}  // namespace flexos
