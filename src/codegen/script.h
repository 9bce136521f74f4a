#pragma once

#include <map>
#include <string>

#include "codegen/gates.h"

namespace flexos {

/// An object file of an image and the compartment that owns its data; 0: the platform or the gates.
struct Linked {
  std::string name;  ///< as in symbol names: `sqlite`, `alloc.2`, `rt.1`
  std::string path;
  int compartment = 0;
};

/// The linker script of an image: sections by compartment, one symbol assignment a binding.
/// `platform_sections`: the platform's own script fragment, placed first.
std::string linker_script(const Plan& plan, const std::vector<Linked>& objects,
                          const std::string& gates_path, const std::string& platform_path,
                          const std::string& platform_sections, const std::string& entry,
                          const std::map<std::string, std::vector<std::string>>& marshalled,
                          const Sizes& sizes);

}  // namespace flexos
