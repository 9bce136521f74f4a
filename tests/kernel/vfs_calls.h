#pragma once

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "vfs/vfs.h"

/// vfs as the tests like to call it.
namespace flexos::calls {

inline int open(std::string_view path, int flags, int mode = 0644) {
  return vfs_open(path.data(), path.size(), flags, mode);
}
inline int unlink(std::string_view path) { return vfs_unlink(path.data(), path.size()); }
inline int make_directory(std::string_view path) {
  return vfs_mkdir(path.data(), path.size(), 0755);
}
inline int remove_directory(std::string_view path) { return vfs_rmdir(path.data(), path.size()); }
inline int rename(std::string_view from, std::string_view to) {
  return vfs_rename(from.data(), from.size(), to.data(), to.size());
}
inline int stat(std::string_view path, flexos_stat* st) {
  return vfs_stat(path.data(), path.size(), st);
}
inline int access(std::string_view path, int mode) {
  return vfs_access(path.data(), path.size(), mode);
}
inline std::int64_t write(int fd, std::string_view text, std::int64_t at = -1) {
  return vfs_write(fd, text.data(), text.size(), at);
}

/// What was read; the error as text, so that it equals nothing that was written.
inline std::string read(int fd, std::size_t n, std::int64_t at = -1) {
  std::string text(n, '?');
  const std::int64_t got = vfs_read(fd, text.data(), n, at);
  if (got < 0) return "error " + std::to_string(-got);
  text.resize(static_cast<std::size_t>(got));
  return text;
}

/// The names in a buffer that vfs_getdents filled.
inline std::vector<std::string> names(const char* records, std::size_t n) {
  std::vector<std::string> result;
  for (std::size_t at = 0; at < n;) {
    std::uint16_t length = 0;
    std::memcpy(&length, records + at + offsetof(flexos_dirent, d_reclen), sizeof length);
    result.emplace_back(records + at + offsetof(flexos_dirent, d_name));
    at += length;
  }
  return result;
}

}  // namespace flexos::calls
