#include "cli/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace flexos {

namespace {

Error cannot_write(const std::filesystem::path& file, const std::string& why) {
  return {fmt::format("cannot write {}: {}", file.string(), why), "", true};
}

/// 0, or what errno was.
int write_all(int descriptor, std::string_view content) {
  while (!content.empty()) {
    const ssize_t n = write(descriptor, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    content.remove_prefix(static_cast<std::size_t>(n));
  }
  // A disk may find out that it is full only now.
  return fsync(descriptor) == 0 || errno == EINVAL ? 0 : errno;
}

}  // namespace

Result<Done> write_file(const std::filesystem::path& file, std::string_view content) {
  std::error_code failed;
  if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path(), failed);
  if (failed) return cannot_write(file, failed.message());
  // What is no plain file (/dev/stdout, a pipe) cannot be replaced, only written to.
  const bool special =
      std::filesystem::exists(file, failed) && !std::filesystem::is_regular_file(file, failed);
  const std::string name =
      special ? file.string() : fmt::format("{}.{}.new", file.string(), getpid());
  const int flags = special ? O_WRONLY | O_CLOEXEC : O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
  const int descriptor = open(name.c_str(), flags, 0666);
  if (descriptor < 0) return cannot_write(file, std::strerror(errno));
  int error = write_all(descriptor, content);
  if (close(descriptor) != 0 && error == 0) error = errno;
  if (special) return error == 0 ? Result<Done>(Done{}) : cannot_write(file, std::strerror(error));
  if (error == 0 && rename(name.c_str(), file.c_str()) != 0) error = errno;
  if (error == 0) return Done{};
  unlink(name.c_str());
  return cannot_write(file, std::strerror(error));
}

}  // namespace flexos
