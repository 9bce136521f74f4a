#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "codegen/result.h"

namespace flexos {

/// Where made files are kept under the hash of all that went into them: a file that is there is
/// complete and right, whoever was killed before. Safe for several threads and processes.
class ObjectStore {
 public:
  /// `folder` is made when needed; `project`: the folder that src/kernel and third_party stand in.
  ObjectStore(std::filesystem::path folder, std::filesystem::path project);

  const std::filesystem::path& folder() const { return folder_; }
  const std::filesystem::path& project() const { return project_; }

  /// Called now and then with a line for a person; may be empty. Never twice at once.
  std::function<void(const std::string&)> progress;
  void report(const std::string& line);

  /// The path under which a thing of this hash stands; whether it does yet is another question.
  std::filesystem::path place(const std::string& hash, const std::string& suffix) const;

  /// A fresh path beside the final one, for `keep`.
  std::filesystem::path scratch(const std::filesystem::path& final) const;
  /// Moves a finished file to its place in one step.
  Result<Done> keep(const std::filesystem::path& scratch, const std::filesystem::path& final) const;
  Result<Done> write(const std::filesystem::path& final, const std::string& content) const;

  /// SHA-256 of a file, read once a process.
  std::optional<std::string> hash_of(const std::filesystem::path& file);

  /// The compiler's version line, or why there is none. Asked once.
  Result<std::string> compiler();

 private:
  std::filesystem::path folder_;
  std::filesystem::path project_;
  std::mutex mutex_;
  std::map<std::string, std::optional<std::string>> hashes_;
  std::optional<std::string> compiler_;
};

/// Where a project's objects are kept: $FLEXOS_OBJECTS, else build/objects.
std::filesystem::path objects_folder(const std::filesystem::path& project);

}  // namespace flexos
