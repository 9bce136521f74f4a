#include "ramfs/path.h"

#include "flexos/abi.h"
#include "ramfs/ramfs.h"

namespace flexos::ramfs {
namespace {

Found failed(int error) { return {-error, nullptr, nullptr, nullptr, 0, false}; }

}  // namespace

Found find(uint64_t dir, const char* path, size_t len) {
  if (len >= FLEXOS_PATH_MAX) return failed(FLEXOS_ENAMETOOLONG);
  if (path == nullptr && len > 0) return failed(FLEXOS_EFAULT);
  Inode* at = inode_of(dir);
  if (at == nullptr) return failed(dir == FLEXOS_RAMFS_ROOT ? FLEXOS_ENOMEM : FLEXOS_EBADF);
  Found found{0, at, nullptr, nullptr, 0, false};
  for (size_t i = 0; i < len;) {
    if (path[i] == '/') {
      found.slash = true;
      i++;
      continue;
    }
    // Another name follows, so what was found so far has to be a directory.
    if (found.inode == nullptr) return failed(FLEXOS_ENOENT);
    if (!is_directory(*found.inode)) return failed(FLEXOS_ENOTDIR);
    size_t begin = i;
    while (i < len && path[i] != '/') {
      if (path[i++] == '\0') return failed(FLEXOS_EINVAL);
    }
    const char* name = path + begin;
    size_t n = i - begin;
    found.slash = false;
    if (n > FLEXOS_NAME_MAX) return failed(FLEXOS_ENAMETOOLONG);
    if (n == 1 && name[0] == '.') {
      found.parent = nullptr;
    } else if (n == 2 && name[0] == '.' && name[1] == '.') {
      found.inode = inode_of(found.inode->parent);
      found.parent = nullptr;
      if (found.inode == nullptr) return failed(FLEXOS_ENOENT);  // its parent was removed
    } else {
      found.parent = found.inode;
      found.name = name;
      found.len = n;
      Entry* entry = find_entry(*found.inode, name, n);
      found.inode = entry != nullptr ? inode_of(entry->inode) : nullptr;
    }
  }
  if (found.slash && found.inode != nullptr && !is_directory(*found.inode)) {
    return failed(FLEXOS_ENOTDIR);
  }
  return found;
}

}  // namespace flexos::ramfs
