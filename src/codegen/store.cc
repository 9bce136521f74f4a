#include "codegen/store.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>

#include "codegen/sha256.h"
#include "codegen/tool.h"

namespace flexos {

namespace fs = std::filesystem;

ObjectStore::ObjectStore(fs::path folder, fs::path project)
    : folder_(std::move(folder)), project_(std::move(project)) {}

void ObjectStore::report(const std::string& line) {
  const std::lock_guard lock(mutex_);
  if (progress) progress(line);
}

fs::path ObjectStore::place(const std::string& hash, const std::string& suffix) const {
  return folder_ / hash.substr(0, 2) / (hash + suffix);
}

fs::path ObjectStore::scratch(const fs::path& final) const {
  static std::atomic<int> number = 0;
  std::error_code ignored;
  fs::create_directories(final.parent_path(), ignored);
  return final.parent_path() /
         fmt::format(".{}.{}.{}", final.filename().string(), getpid(), number++);
}

Result<Done> ObjectStore::keep(const fs::path& from, const fs::path& final) const {
  std::error_code failed;
  fs::create_directories(final.parent_path(), failed);
  fs::rename(from, final, failed);
  if (failed) {
    std::error_code ignored;
    fs::remove(from, ignored);
    return Error{fmt::format("cannot write {}: {}", final.string(), failed.message()), "", true};
  }
  return Done{};
}

Result<Done> ObjectStore::write(const fs::path& final, const std::string& content) const {
  const fs::path temporary = scratch(final);
  std::ofstream out(temporary, std::ios::binary);
  out.write(content.data(), static_cast<std::streamsize>(content.size()));
  out.close();
  if (!out) {
    std::error_code ignored;
    fs::remove(temporary, ignored);
    return Error{fmt::format("cannot write {}", final.string()), "is the disk full?", true};
  }
  return keep(temporary, final);
}

std::optional<std::string> ObjectStore::hash_of(const fs::path& file) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = hashes_.find(file.string());
    if (found != hashes_.end()) return found->second;
  }
  auto hash = sha256_file(file);
  const std::lock_guard lock(mutex_);
  return hashes_.emplace(file.string(), std::move(hash)).first->second;
}

Result<std::string> ObjectStore::compiler() {
  const std::lock_guard lock(mutex_);
  if (!compiler_) {
    const ToolResult found = run_tool({"clang-19", "--version"}, ".");
    if (!found.started || found.code != 0) {
      return Error{"clang-19 is missing: images are compiled with it",
                   "install the package clang-19", true};
    }
    compiler_ = found.output.substr(0, found.output.find('\n'));
  }
  return *compiler_;
}

std::filesystem::path objects_folder(const std::filesystem::path& project) {
  const char* chosen = std::getenv("FLEXOS_OBJECTS");
  return chosen != nullptr && *chosen != '\0' ? std::filesystem::path(chosen)
                                              : project / "build/objects";
}

}  // namespace flexos
