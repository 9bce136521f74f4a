#pragma once

#include <string>
#include <vector>

#include "codegen/result.h"
#include "model/spec.h"

/// What of a spec images can be made of: the solver may know more than the weaver.
namespace flexos {

/// Does the weaver know how to part compartments by this mechanism?
bool weaves(const Mechanism& mechanism);

struct Buildable {
  Spec spec;  ///< with choices alone that an image can hold
  /// What had to go, each as "mechanism `pt`" or "variant `verified` of `sched`".
  std::vector<std::string> left_out;
  /// Why no image can be made at all; empty: some can.
  std::vector<Error> missing;
};

/// Narrows what is explored to what the weaver can make for `platform`. What the spec itself pins
/// down stays: then it is the build that refuses it, by name.
Buildable buildable(const Spec& spec, const std::string& platform);

}  // namespace flexos
