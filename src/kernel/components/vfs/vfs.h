#pragma once

#include <stddef.h>
#include <stdint.h>

#include "flexos/abi.h"

/// Descriptors and paths. What it takes and gives is what Linux's system calls do: flags, modes,
/// layouts, errors as negative numbers. A path comes with its length and needs no NUL; one that
/// does not begin with `/` is relative to the current directory. There is one user, who may do
/// everything, and there are no symbolic links. Descriptors 0, 1 and 2 are the console from the
/// start.
#ifdef __cplusplus
extern "C" {
#endif

/// Those above are sockets' (lwip/lwip_sockets.h).
enum { FLEXOS_DESCRIPTORS = 512 };

/// The lowest free descriptor.
int vfs_open(const char* path, size_t len, int flags, int mode);
int vfs_close(int fd);

/// `at` = -1: at the descriptor's offset, which moves along. Otherwise there, and it stays (pread,
/// pwrite). Counts may be short. The console gives -EAGAIN while nothing has been typed.
int64_t vfs_read(int fd, void* buffer, size_t n, int64_t at);
int64_t vfs_write(int fd, const void* buffer, size_t n, int64_t at);
int64_t vfs_seek(int fd, int64_t at, int whence);

int vfs_stat(const char* path, size_t len, struct flexos_stat* st);
int vfs_fstat(int fd, struct flexos_stat* st);
int vfs_truncate(int fd, int64_t size);
int vfs_sync(int fd);
int vfs_chmod(int fd, int mode);

int vfs_unlink(const char* path, size_t len);
int vfs_mkdir(const char* path, size_t len, int mode);
int vfs_rmdir(const char* path, size_t len);
int vfs_rename(const char* from, size_t from_len, const char* to, size_t to_len);
int vfs_access(const char* path, size_t len, int mode);

int vfs_dup(int fd);

/// As dup3: `flags` is 0 or O_CLOEXEC.
int vfs_dup2(int fd, int to, int flags);

/// The commands whose argument is a number.
int vfs_fcntl(int fd, int command, int64_t argument);

/// F_GETLK, F_SETLK, F_SETLKW. An image is one process, whose record locks never exclude each
/// other: a lock that makes sense is granted, and F_GETLK finds nobody in the way.
int vfs_lock(int fd, int command, struct flexos_flock* lock);

/// Records of getdents64; 0 = no more.
int64_t vfs_getdents(int fd, void* buffer, size_t n);

/// Two descriptors: what is written to the second is read from the first. `flags`: O_NONBLOCK,
/// O_CLOEXEC. Reading waits unless the descriptor says O_NONBLOCK; there are no signals, so writing
/// where nobody reads is -EPIPE.
int vfs_pipe(int* fds, int flags);

/// As eventfd2: a counter that reading empties. `flags` also EFD_SEMAPHORE.
int vfs_eventfd(unsigned value, int flags);

/// What a descriptor is ready for (FLEXOS_POLL*), and FLEXOS_POLL_CHANGES where that may change. Of
/// such a one every change is from then on told to the network stack (lwip_note), which is where
/// programs wait for several descriptors.
int vfs_watch(int fd);

int vfs_chdir(const char* path, size_t len);

/// The current directory with its NUL; the bytes written, or -ERANGE.
int64_t vfs_getcwd(char* buffer, size_t n);

#ifdef __cplusplus
}
#endif
