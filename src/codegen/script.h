#pragma once

#include <map>
#include <string>
#include <vector>

#include "codegen/gates.h"
#include "codegen/marshal.h"

namespace flexos {

/// An object file of an image and the compartment that owns its data; 0: the platform or the gates.
struct Linked {
  std::string name;  ///< as in symbol names: `sqlite`, `alloc.2`, `rt.1`
  std::string path;
  int compartment = 0;
  std::vector<std::string> keep = {};  ///< symbols that stay although nobody refers to them
};

/// What a platform brings to the link.
struct PlatformLink {
  std::string object;    ///< path; the file's name is platform.o
  std::string entry;     ///< symbol
  std::string headers;   ///< lines for PHDRS
  std::string sections;  ///< its own part of SECTIONS, first
};

/// The linker script of an image: sections by compartment, one symbol assignment a binding.
/// `marshalled`: what each marshaller has, by its object's name.
std::string linker_script(const Plan& plan, const std::vector<Linked>& objects,
                          const std::string& gates_path, const PlatformLink& platform,
                          const std::map<std::string, Marshalled>& marshalled, const Sizes& sizes);

}  // namespace flexos
