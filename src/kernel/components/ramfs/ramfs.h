#pragma once

#include <stddef.h>
#include <stdint.h>

#include "flexos/abi.h"

/// Files in memory. Files and directories are named by inode numbers; a number is never used twice,
/// so one that is out of date is refused (-EBADF). Directory 1 is the root.
///
/// A path is relative to a directory, has its length and need not end in a NUL; `.`, `..`, repeated
/// and trailing slashes mean what they do in POSIX; the empty path is the directory (or file)
/// itself. Errors are negative numbers of Linux. Times are set when somebody looks (stat, sync,
/// last close), as POSIX allows, so that a write does not ask for the time.
#ifdef __cplusplus
extern "C" {
#endif

enum { FLEXOS_RAMFS_ROOT = 1 };

/// Looks up, creates (O_CREAT, O_EXCL), empties (O_TRUNC) as the flags say, and holds the inode
/// until ramfs_close: until then it lives on even without a name. Its number.
int64_t ramfs_open(uint64_t dir, const char* path, size_t len, int flags, int mode);
int ramfs_close(uint64_t inode);

/// Bytes read; 0 at the end.
int64_t ramfs_read(uint64_t inode, void* buffer, size_t n, int64_t at);

/// Bytes written, fewer where memory ends (then -ENOSPC). `at` = -1: at the file's end.
int64_t ramfs_write(uint64_t inode, const void* buffer, size_t n, int64_t at);

int64_t ramfs_size(uint64_t inode);
int ramfs_truncate(uint64_t inode, int64_t size);
int ramfs_sync(uint64_t inode);
int ramfs_chmod(uint64_t inode, int mode);

/// Of what the path names.
int ramfs_stat(uint64_t dir, const char* path, size_t len, struct flexos_stat* st);

int ramfs_mkdir(uint64_t dir, const char* path, size_t len, int mode);

/// `directory`: 1 = rmdir, 0 = unlink.
int ramfs_remove(uint64_t dir, const char* path, size_t len, int directory);

/// Both paths are relative to `dir`.
int ramfs_rename(uint64_t dir, const char* from, size_t from_len, const char* to, size_t to_len);

/// Records of getdents64, from *cursor on (0 = the beginning), which moves behind the last one.
/// Bytes; 0 = no more; -EINVAL: no room for even one.
int64_t ramfs_list(uint64_t dir, void* buffer, size_t n, int64_t* cursor);

#ifdef __cplusplus
}
#endif
