#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "codegen/elf.h"
#include "codegen/manifest.h"

/// Explains an image to a person.
namespace flexos {

/// `{redis libc} |mpk.full| {lwip netdev}`, as layouts are drawn everywhere.
std::string draw_compartments(const Manifest& manifest);

/// Where image.json and the ELF file contradict each other: gates whose symbol stands elsewhere,
/// sections that are not there, protections that the segments do not have.
std::vector<std::string> compare(const Manifest& manifest, const Elf& elf);

std::string inspect_text(const Manifest& manifest, const Elf& elf, int width);
nlohmann::ordered_json elf_json(const Elf& elf);

/// "4.0 KiB".
std::string size_text(std::uint64_t bytes);

}  // namespace flexos
