#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/spec.h"
#include "spec/diagnostic.h"

namespace flexos {

/// Where the definitions that ship with the tool stand (the `specs/` folder).
struct Library {
  std::filesystem::path root;
};

struct Loaded {
  std::optional<Spec> spec;             ///< absent iff an error was found
  std::vector<Diagnostic> diagnostics;  ///< errors, warnings, notes in order of file and position
};

/// Reads a spec and all definitions that it names. Reports every error of every file read.
/// `preset`: one of the library's in place of the spec's own; what it explores stands over what the
/// spec explores, for it is the question then.
Loaded load_spec(const std::filesystem::path& file, const Library& library,
                 const std::string& preset = {});

/// The names of all presets, sorted.
std::vector<std::string> preset_names(const Library& library);

/// The same from text in memory; `name` stands in diagnostics. For tests, fuzzers and generators.
Loaded load_spec_text(std::string_view text, const std::string& name, const Library& library);

}  // namespace flexos
