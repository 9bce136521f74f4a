#pragma once

#include <stddef.h>

#include "ramfs/inode.h"

namespace flexos::ramfs {

/// Where a path leads: to `inode`, or to no inode under `name` in `parent` (then `error` is 0 too).
/// A path that ends in no name (empty, `/`, `..`) has no `parent`.
struct Found {
  int error;  ///< negative, or 0
  Inode* inode;
  Inode* parent;
  const char* name;
  size_t len;
  bool slash;  ///< it ended in one: a directory is meant
};

Found find(uint64_t dir, const char* path, size_t len);

}  // namespace flexos::ramfs
