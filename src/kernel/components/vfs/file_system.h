#pragma once

#include <stddef.h>
#include <stdint.h>

#include "flexos/abi.h"

/// What vfs asks of a file system: a table of functions, as ramfs.h describes them. A file system
/// that lacks one has NULL there, and the answer is -EINVAL.
namespace flexos::vfs {

struct FileSystem {
  int64_t (*open)(uint64_t dir, const char* path, size_t len, int flags, int mode);
  int (*close)(uint64_t inode);
  int64_t (*read)(uint64_t inode, void* buffer, size_t n, int64_t at);
  int64_t (*write)(uint64_t inode, const void* buffer, size_t n, int64_t at);
  int64_t (*size)(uint64_t inode);  ///< NULL: it has no offsets either
  int (*truncate)(uint64_t inode, int64_t size);
  int (*sync)(uint64_t inode);
  int (*chmod)(uint64_t inode, int mode);
  int (*stat)(uint64_t dir, const char* path, size_t len, flexos_stat* st);
  int (*mkdir)(uint64_t dir, const char* path, size_t len, int mode);
  int (*remove)(uint64_t dir, const char* path, size_t len, int directory);
  int (*rename)(uint64_t dir, const char* from, size_t from_len, const char* to, size_t to_len);
  int64_t (*list)(uint64_t dir, void* buffer, size_t n, int64_t* cursor);
  int (*ready)(uint64_t inode);  ///< FLEXOS_POLL*; NULL: it never makes anybody wait
  void (*wait)(uint64_t inode);  ///< until that may have changed; NULL: the caller's business
};

extern const FileSystem kRamfs;
extern const FileSystem kConsole;

/// Where a path leads: `path` within `system`, relative to its directory `dir`. Points into memory
/// of path.cc, until the next but one look-up.
struct Place {
  int error;  ///< negative, or 0
  const FileSystem* system;
  uint64_t dir;
  const char* path;
  size_t len;
};

/// Makes a path absolute, takes out `.` and `..`, and finds its mount.
Place place_of(const char* path, size_t len);

/// The current directory, without the slash at its end: "" is the root.
const char* current_directory(size_t* len);
int set_current_directory(const char* path, size_t len);

}  // namespace flexos::vfs
