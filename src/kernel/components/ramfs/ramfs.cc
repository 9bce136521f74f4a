#include "ramfs/ramfs.h"

#include "ramfs/blocks.h"
#include "ramfs/inode.h"
#include "ramfs/path.h"

using namespace flexos::ramfs;

namespace {

constexpr uint32_t kModeBits = 07777;
constexpr uint32_t kMostLinks = 1u << 31;

uint32_t mode_bits(int mode) { return static_cast<uint32_t>(mode) & kModeBits; }

/// A file, not a directory; NULL: `error` says why.
Inode* file_of(uint64_t number, int* error) {
  Inode* inode = inode_of(number);
  *error = inode == nullptr ? -FLEXOS_EBADF : is_directory(*inode) ? -FLEXOS_EISDIR : 0;
  return *error == 0 ? inode : nullptr;
}

/// Creates what `at` did not find.
int create(Found* at, uint32_t mode) {
  // A directory that has been removed, but is still open, takes no new names.
  if (at->parent == nullptr || at->parent->links == 0) return -FLEXOS_ENOENT;
  if (at->parent->links >= kMostLinks) return -FLEXOS_EMLINK;
  Inode* inode = new_inode(mode);
  if (inode == nullptr) return -FLEXOS_ENOSPC;
  if (!add_entry(at->parent, at->name, at->len, inode)) {
    drop_if_unused(inode);
    return -FLEXOS_ENOSPC;
  }
  at->inode = inode;
  return 0;
}

void resize(Inode* inode, int64_t size) {
  if (size < inode->size) cut_blocks(inode, size);
  inode->size = size;
  inode->data_changed = true;
}

/// Takes a name away, and with it what nobody holds.
void remove(Inode* parent, const char* name, size_t len) {
  Entry* entry = find_entry(*parent, name, len);
  Inode* inode = inode_of(entry->inode);
  remove_entry(parent, entry);
  drop_if_unused(inode);
}

bool is_within(const Inode* inode, const Inode* ancestor) {
  while (inode != ancestor) {
    if (inode->number == FLEXOS_RAMFS_ROOT) return false;
    inode = inode_of(inode->parent);
    if (inode == nullptr) return false;
  }
  return true;
}

flexos_timespec timespec_of(int64_t ns) {
  constexpr int64_t kSecond = 1'000'000'000;
  return {ns / kSecond, ns % kSecond};
}

}  // namespace

extern "C" int64_t ramfs_open(uint64_t dir, const char* path, size_t len, int flags, int mode) {
  Found at = find(dir, path, len);
  if (at.error != 0) return at.error;
  bool writes = (flags & FLEXOS_O_ACCMODE) != FLEXOS_O_RDONLY;
  if (at.inode == nullptr) {
    if ((flags & FLEXOS_O_CREAT) == 0) return -FLEXOS_ENOENT;
    if (at.slash) return -FLEXOS_EISDIR;
    if (int error = create(&at, uint32_t{FLEXOS_S_IFREG} | mode_bits(mode))) return error;
  } else {
    if ((flags & FLEXOS_O_CREAT) != 0 && (flags & FLEXOS_O_EXCL) != 0) return -FLEXOS_EEXIST;
    if (is_directory(*at.inode)) {
      if (writes || (flags & (FLEXOS_O_CREAT | FLEXOS_O_TRUNC)) != 0) return -FLEXOS_EISDIR;
    } else if ((flags & FLEXOS_O_DIRECTORY) != 0) {
      return -FLEXOS_ENOTDIR;
    }
    if ((flags & FLEXOS_O_TRUNC) != 0) resize(at.inode, 0);
  }
  if (at.inode->opens == UINT32_MAX) return -FLEXOS_EMFILE;
  at.inode->opens++;
  return static_cast<int64_t>(at.inode->number);
}

extern "C" int ramfs_close(uint64_t number) {
  Inode* inode = inode_of(number);
  if (inode == nullptr || inode->opens == 0) return -FLEXOS_EBADF;
  inode->opens--;
  if (inode->opens == 0 && inode->links > 0) settle_times(inode);
  drop_if_unused(inode);
  return 0;
}

extern "C" int64_t ramfs_read(uint64_t number, void* buffer, size_t n, int64_t at) {
  int error = 0;
  Inode* inode = file_of(number, &error);
  if (inode == nullptr) return error;
  if (at < 0 || n > INT64_MAX) return -FLEXOS_EINVAL;
  if (at >= inode->size || n == 0) return 0;
  if (buffer == nullptr) return -FLEXOS_EFAULT;
  auto left = static_cast<size_t>(inode->size - at);
  if (n > left) n = left;
  read_blocks(*inode, static_cast<char*>(buffer), n, at);
  return static_cast<int64_t>(n);
}

extern "C" int64_t ramfs_write(uint64_t number, const void* buffer, size_t n, int64_t at) {
  int error = 0;
  Inode* inode = file_of(number, &error);
  if (inode == nullptr) return error;
  if (at == -1) at = inode->size;
  if (at < 0 || n > INT64_MAX) return -FLEXOS_EINVAL;
  if (n == 0) return 0;
  if (buffer == nullptr) return -FLEXOS_EFAULT;
  if (at >= kMostBytes) return -FLEXOS_EFBIG;
  if (n > static_cast<size_t>(kMostBytes - at)) n = static_cast<size_t>(kMostBytes - at);
  size_t done = write_blocks(inode, static_cast<const char*>(buffer), n, at);
  if (done == 0) return -FLEXOS_ENOSPC;
  int64_t end = at + static_cast<int64_t>(done);
  if (end > inode->size) inode->size = end;
  inode->data_changed = true;
  return static_cast<int64_t>(done);
}

extern "C" int64_t ramfs_size(uint64_t number) {
  int error = 0;
  Inode* inode = file_of(number, &error);
  return inode != nullptr ? inode->size : error;
}

extern "C" int ramfs_truncate(uint64_t number, int64_t size) {
  int error = 0;
  Inode* inode = file_of(number, &error);
  if (inode == nullptr) return error;
  if (size < 0) return -FLEXOS_EINVAL;
  if (size > kMostBytes) return -FLEXOS_EFBIG;
  resize(inode, size);
  return 0;
}

extern "C" int ramfs_sync(uint64_t number) {
  Inode* inode = inode_of(number);
  if (inode == nullptr) return -FLEXOS_EBADF;
  settle_times(inode);
  return 0;
}

extern "C" int ramfs_chmod(uint64_t number, int mode) {
  Inode* inode = inode_of(number);
  if (inode == nullptr) return -FLEXOS_EBADF;
  inode->mode = (inode->mode & ~kModeBits) | mode_bits(mode);
  inode->state_changed = true;
  return 0;
}

extern "C" int ramfs_stat(uint64_t dir, const char* path, size_t len, struct flexos_stat* st) {
  if (st == nullptr) return -FLEXOS_EFAULT;
  Found at = find(dir, path, len);
  if (at.error != 0) return at.error;
  if (at.inode == nullptr) return -FLEXOS_ENOENT;
  Inode& inode = *at.inode;
  settle_times(&inode);
  *st = {};
  st->st_dev = 1;
  st->st_ino = inode.number;
  st->st_nlink = inode.links;
  st->st_mode = inode.mode;
  st->st_size = inode.size;
  st->st_blksize = kBlock;
  st->st_blocks = static_cast<int64_t>(inode.blocks) * (kBlock / 512);
  st->st_atim = timespec_of(inode.atime);
  st->st_mtim = timespec_of(inode.mtime);
  st->st_ctim = timespec_of(inode.ctime);
  return 0;
}

extern "C" int ramfs_mkdir(uint64_t dir, const char* path, size_t len, int mode) {
  Found at = find(dir, path, len);
  if (at.error != 0) return at.error;
  if (at.inode != nullptr) return -FLEXOS_EEXIST;
  return create(&at, uint32_t{FLEXOS_S_IFDIR} | mode_bits(mode));
}

extern "C" int ramfs_remove(uint64_t dir, const char* path, size_t len, int directory) {
  Found at = find(dir, path, len);
  if (at.error != 0) return at.error;
  if (at.inode == nullptr) return -FLEXOS_ENOENT;
  if (directory == 0 && is_directory(*at.inode)) return -FLEXOS_EISDIR;
  if (directory != 0 && !is_directory(*at.inode)) return -FLEXOS_ENOTDIR;
  if (at.parent == nullptr) return -FLEXOS_EBUSY;  // the root, `..`, or an inode by its number
  if (directory != 0 && at.inode->first != nullptr) return -FLEXOS_ENOTEMPTY;
  remove(at.parent, at.name, at.len);
  return 0;
}

extern "C" int ramfs_rename(uint64_t dir, const char* from, size_t from_len, const char* to,
                            size_t to_len) {
  Found old = find(dir, from, from_len);
  if (old.error != 0) return old.error;
  if (old.inode == nullptr) return -FLEXOS_ENOENT;
  Found target = find(dir, to, to_len);
  if (target.error != 0) return target.error;
  if (old.parent == nullptr || target.parent == nullptr) {
    return -FLEXOS_EBUSY;
  }
  if (target.parent->links == 0) return -FLEXOS_ENOENT;
  if (target.inode == old.inode) return 0;
  bool moves_directory = is_directory(*old.inode);
  if (!moves_directory && target.slash) return -FLEXOS_ENOTDIR;
  if (moves_directory && is_within(target.parent, old.inode)) return -FLEXOS_EINVAL;
  if (target.inode != nullptr) {
    if (is_directory(*target.inode)) {
      if (!moves_directory) return -FLEXOS_EISDIR;
      if (target.inode->first != nullptr) return -FLEXOS_ENOTEMPTY;
    } else if (moves_directory) {
      return -FLEXOS_ENOTDIR;
    }
  }
  // The new name first: if there is no memory for it, nothing has happened. For a moment the
  // directory may hold the name twice, and the newer one is found first.
  Entry* replaced =
      target.inode != nullptr ? find_entry(*target.parent, target.name, target.len) : nullptr;
  Entry* entry = find_entry(*old.parent, old.name, old.len);
  if (!add_entry(target.parent, target.name, target.len, old.inode)) return -FLEXOS_ENOSPC;
  remove_entry(old.parent, entry);
  if (replaced != nullptr) {
    remove_entry(target.parent, replaced);
    drop_if_unused(target.inode);
  }
  return 0;
}

extern "C" int64_t ramfs_list(uint64_t dir, void* buffer, size_t n, int64_t* cursor) {
  if (buffer == nullptr || cursor == nullptr) return -FLEXOS_EFAULT;
  Inode* inode = inode_of(dir);
  if (inode == nullptr) return -FLEXOS_EBADF;
  if (!is_directory(*inode)) return -FLEXOS_ENOTDIR;
  if (*cursor < 0 || n > INT64_MAX) return -FLEXOS_EINVAL;
  if (inode->links == 0) return 0;

  auto* out = static_cast<char*>(buffer);
  size_t used = 0;
  bool full = false;
  auto emit = [&](uint64_t number, bool directory, const char* name, size_t len, int64_t cookie) {
    size_t size = (offsetof(flexos_dirent, d_name) + len + 1 + 7) & ~size_t{7};
    if (size > n - used) {
      full = true;
      return;
    }
    flexos_dirent head{};
    head.d_ino = number;
    head.d_off = cookie + 1;
    head.d_reclen = static_cast<uint16_t>(size);
    head.d_type = directory ? FLEXOS_DT_DIR : FLEXOS_DT_REG;
    __builtin_memset(out + used, 0, size);
    __builtin_memcpy(out + used, &head, offsetof(flexos_dirent, d_name));
    __builtin_memcpy(out + used + offsetof(flexos_dirent, d_name), name, len);
    used += size;
    *cursor = cookie + 1;
  };

  if (*cursor == 0) emit(inode->number, true, ".", 1, 0);
  if (*cursor == 1 && !full) emit(inode->parent, true, "..", 2, 1);
  for (Entry* e = inode->first; e != nullptr && !full; e = e->next) {
    if (e->cookie < *cursor) continue;
    Inode* named = inode_of(e->inode);
    emit(e->inode, is_directory(*named), e->name, e->len, e->cookie);
  }
  return used > 0 || !full ? static_cast<int64_t>(used) : -FLEXOS_EINVAL;
}
