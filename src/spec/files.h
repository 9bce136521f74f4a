#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "spec/load.h"
#include "spec/report.h"
#include "spec/yaml_tree.h"

namespace flexos {

/// The files of one load: reads them, keeps their text as long as diagnostics may point at it.
class Files {
 public:
  Files(Report& report, const Library& library) : report_(report), library_(library) {}

  /// The tree of a file; null where it cannot be read, which is reported: at `named_at`, where
  /// another file names it, else at the file itself.
  NodePtr read(const std::filesystem::path& file, const Span& named_at = {}, bool primary = false);

  /// The same from text in memory.
  NodePtr parse(std::string name, std::string text, bool primary);

  /// Names of the files `NAME.yaml` in a folder of the library, sorted; empty where it has none.
  std::vector<std::string> names(std::string_view folder) const;
  std::filesystem::path path(std::string_view folder, std::string_view name) const;

 private:
  Report& report_;
  const Library& library_;
  std::vector<std::unique_ptr<Source>> sources_;
};

}  // namespace flexos
