#include "vfs/file_system.h"

#include "console/console.h"
#include "ramfs/ramfs.h"

namespace flexos::vfs {
namespace {

int console_close(uint64_t) { return 0; }

int64_t console_read_some(uint64_t, void* buffer, size_t n, int64_t) {
  int64_t read = console_read(buffer, n);
  return read == 0 && n > 0 ? -FLEXOS_EAGAIN : read;
}

int64_t console_write_all(uint64_t, const void* buffer, size_t n, int64_t) {
  return console_write(buffer, n);
}

int console_stat(uint64_t, const char*, size_t, flexos_stat* st) {
  *st = {};
  st->st_dev = 2;
  st->st_ino = 1;
  st->st_nlink = 1;
  st->st_mode = uint32_t{FLEXOS_S_IFCHR} | 0620;
  st->st_rdev = 0x501;  // /dev/console
  st->st_blksize = 1024;
  return 0;
}

}  // namespace

const FileSystem kRamfs = {ramfs_open,     ramfs_close,  ramfs_read,  ramfs_write, ramfs_size,
                           ramfs_truncate, ramfs_sync,   ramfs_chmod, ramfs_stat,  ramfs_mkdir,
                           ramfs_remove,   ramfs_rename, ramfs_list,  nullptr,     nullptr};

const FileSystem kConsole = {nullptr, console_close, console_read_some, console_write_all, nullptr,
                             nullptr, nullptr,       nullptr,           console_stat,      nullptr,
                             nullptr, nullptr,       nullptr,           nullptr,           nullptr};

}  // namespace flexos::vfs
