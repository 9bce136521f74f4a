#pragma once

#include "model/spec.h"
#include "spec/files.h"
#include "spec/reader.h"
#include "spec/scope.h"

/// The parts of a spec that are about numbers and choices. Each adds to `spec` what it reads;
/// components, hardening and mechanisms must be there.
namespace flexos {

/// `explore`: what is searched, and `fix` in it. Called for every spec, with an empty map where it
/// says nothing, because the defaults depend on the mechanisms.
void read_explore(Report& report, Scope& scope, const NodePtr& node, Spec& spec);

void read_budget(Report& report, const NodePtr& node, Spec& spec);

void read_weights(Report& report, Scope& scope, const NodePtr& node, Spec& spec);

/// `profile`: a map, or the name of a file beside the spec.
void read_profile(Report& report, Scope& scope, Files& files, const Entry& entry, Spec& spec);

}  // namespace flexos
