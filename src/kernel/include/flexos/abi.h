#pragma once

#include <stddef.h>
#include <stdint.h>

/// Numbers and layouts that components share with the C library above them: those of Linux on
/// x86-64, so that musl needs no translation. Components return errors as negative numbers.
/// The names are our own: a file may include this beside the C library's headers.
#ifdef __cplusplus
extern "C" {
#endif

enum {
  FLEXOS_EPERM = 1,
  FLEXOS_ENOENT = 2,
  FLEXOS_ESRCH = 3,
  FLEXOS_EIO = 5,
  FLEXOS_ENXIO = 6,
  FLEXOS_EBADF = 9,
  FLEXOS_EAGAIN = 11,
  FLEXOS_ENOMEM = 12,
  FLEXOS_EACCES = 13,
  FLEXOS_EFAULT = 14,
  FLEXOS_EBUSY = 16,
  FLEXOS_EEXIST = 17,
  FLEXOS_EXDEV = 18,
  FLEXOS_ENOTDIR = 20,
  FLEXOS_EISDIR = 21,
  FLEXOS_EINVAL = 22,
  FLEXOS_ENFILE = 23,
  FLEXOS_EMFILE = 24,
  FLEXOS_EFBIG = 27,
  FLEXOS_ENOSPC = 28,
  FLEXOS_ESPIPE = 29,
  FLEXOS_EMLINK = 31,
  FLEXOS_EPIPE = 32,
  FLEXOS_ERANGE = 34,
  FLEXOS_ENAMETOOLONG = 36,
  FLEXOS_ENOTEMPTY = 39,
  FLEXOS_ENOTSOCK = 88,
  FLEXOS_EDESTADDRREQ = 89,
  FLEXOS_EMSGSIZE = 90,
  FLEXOS_ENOPROTOOPT = 92,
  FLEXOS_EPROTONOSUPPORT = 93,
  FLEXOS_EOPNOTSUPP = 95,
  FLEXOS_EAFNOSUPPORT = 97,
  FLEXOS_EADDRINUSE = 98,
  FLEXOS_ECONNABORTED = 103,
  FLEXOS_ECONNRESET = 104,
  FLEXOS_ENOBUFS = 105,
  FLEXOS_EISCONN = 106,
  FLEXOS_ENOTCONN = 107,
  FLEXOS_ETIMEDOUT = 110,
  FLEXOS_ECONNREFUSED = 111,
  FLEXOS_EHOSTUNREACH = 113,
  FLEXOS_EALREADY = 114,
  FLEXOS_EINPROGRESS = 115,
};

/// Flags of vfs_open.
enum {
  FLEXOS_O_ACCMODE = 3,
  FLEXOS_O_RDONLY = 0,
  FLEXOS_O_WRONLY = 1,
  FLEXOS_O_RDWR = 2,
  FLEXOS_O_CREAT = 0100,
  FLEXOS_O_EXCL = 0200,
  FLEXOS_O_TRUNC = 01000,
  FLEXOS_O_APPEND = 02000,
  FLEXOS_O_NONBLOCK = 04000,
  FLEXOS_O_DIRECTORY = 0200000,
  FLEXOS_O_CLOEXEC = 02000000,
};

enum { FLEXOS_SEEK_SET = 0, FLEXOS_SEEK_CUR = 1, FLEXOS_SEEK_END = 2 };

enum { FLEXOS_R_OK = 4, FLEXOS_W_OK = 2, FLEXOS_X_OK = 1 };

/// File types, as bits of st_mode.
enum {
  FLEXOS_S_IFMT = 0170000,
  FLEXOS_S_IFIFO = 0010000,
  FLEXOS_S_IFCHR = 0020000,
  FLEXOS_S_IFDIR = 0040000,
  FLEXOS_S_IFREG = 0100000,
};

/// File types, as getdents64 has them.
enum { FLEXOS_DT_DIR = 4, FLEXOS_DT_REG = 8 };

/// Commands of vfs_fcntl and vfs_lock, and what a lock can be.
enum {
  FLEXOS_F_DUPFD = 0,
  FLEXOS_F_GETFD = 1,
  FLEXOS_F_SETFD = 2,
  FLEXOS_F_GETFL = 3,
  FLEXOS_F_SETFL = 4,
  FLEXOS_F_GETLK = 5,
  FLEXOS_F_SETLK = 6,
  FLEXOS_F_SETLKW = 7,
  FLEXOS_F_DUPFD_CLOEXEC = 1030,
  FLEXOS_FD_CLOEXEC = 1,
  FLEXOS_F_RDLCK = 0,
  FLEXOS_F_WRLCK = 1,
  FLEXOS_F_UNLCK = 2,
};

/// What a descriptor is ready for; poll and epoll have the same numbers.
enum {
  FLEXOS_POLLIN = 1,
  FLEXOS_POLLOUT = 4,
  FLEXOS_POLLERR = 8,
  FLEXOS_POLLHUP = 0x10,
  FLEXOS_POLLNVAL = 0x20,
  FLEXOS_POLLRDHUP = 0x2000,
  FLEXOS_POLL_CHANGES = 0x10000,  ///< our own: it may become ready for something else
};

enum { FLEXOS_CLOCK_REALTIME = 0, FLEXOS_CLOCK_MONOTONIC = 1, FLEXOS_CLOCK_BUSY = 2 };

enum { FLEXOS_PATH_MAX = 4096, FLEXOS_NAME_MAX = 255 };

struct flexos_timespec {
  int64_t seconds;
  int64_t nanoseconds;
};

/// `struct stat` of musl.
struct flexos_stat {
  uint64_t st_dev;
  uint64_t st_ino;
  uint64_t st_nlink;
  uint32_t st_mode;
  uint32_t st_uid;
  uint32_t st_gid;
  uint32_t padding;
  uint64_t st_rdev;
  int64_t st_size;
  int64_t st_blksize;
  int64_t st_blocks;  ///< of 512 bytes
  struct flexos_timespec st_atim;
  struct flexos_timespec st_mtim;
  struct flexos_timespec st_ctim;
  int64_t unused[3];
};

/// `struct flock` of musl.
struct flexos_flock {
  int16_t l_type;
  int16_t l_whence;
  int32_t padding;
  int64_t l_start;
  int64_t l_len;
  int32_t l_pid;
  int32_t padding2;
};

/// The fixed part of a getdents64 record; the name follows, with its NUL.
struct flexos_dirent {
  uint64_t d_ino;
  int64_t d_off;
  uint16_t d_reclen;  ///< a multiple of 8
  uint8_t d_type;
  char d_name[5];  ///< at least this long in every record
};

#ifdef __cplusplus
}
static_assert(sizeof(flexos_stat) == 144 && sizeof(flexos_flock) == 32 &&
              sizeof(flexos_dirent) == 24);
#endif
