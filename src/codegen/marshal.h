#pragma once

#include <string>

#include "model/spec.h"

namespace flexos {

/// C++ that carries the buffers of a component's entry points across a gate (sharing `copy`): one
/// function an entry point that has buffers. It runs with the caller's rights, before and after the
/// gate, so that a pointer that the caller may not use itself faults here: the gate is no deputy.
///
/// Each buffer is copied once, through the caller's window in the shared domain; the callee gets
/// the window's address. What comes back is copied to where the caller asked for it, never further
/// than the length that was agreed on before the call. The window is wiped.
///
/// Names: `f` is what callers are bound to, `gate_f` the gate. Compiled once a component and
/// instantiated once a compartment that calls it.
std::string marshaller_source(const Component& component);

}  // namespace flexos
