#include "vfs/vfs.h"

#include "vfs/descriptor.h"
#include "vfs/file_system.h"
#include "vfs/pipe.h"

using namespace flexos::vfs;

// The entry points: each checks what it is given and hands the rest to the mounted file system.

namespace {

/// What a file system cannot do.
constexpr int kNotSupported = -FLEXOS_EINVAL;

/// As Linux: more than this is never moved at once.
constexpr size_t kMostBytes = 0x7ffff000;

/// What both reading and writing refuse; 0 = go on. Shortens n.
int64_t check_transfer(const File& file, const void* buffer, size_t* n, int64_t at) {
  if (*n > INT64_MAX || at < -1) return -FLEXOS_EINVAL;
  if (at >= 0 && file.system->size == nullptr) return -FLEXOS_ESPIPE;
  if (buffer == nullptr && *n > 0) return -FLEXOS_EFAULT;
  if (*n > kMostBytes) *n = kMostBytes;
  return 0;
}

int duplicate(int fd, int lowest, bool close_on_exec) {
  File* file = file_of(fd);
  if (file == nullptr) return -FLEXOS_EBADF;
  int copy = free_descriptor(lowest);
  if (copy >= 0) bind(copy, file, close_on_exec);
  return copy;
}

/// Whether to try again what a descriptor was not ready for: waits, unless it must not.
bool wait_for(int fd, File* file, int64_t result) {
  if (result != -FLEXOS_EAGAIN || file->system->wait == nullptr) return false;
  if ((file->flags & FLEXOS_O_NONBLOCK) != 0) return false;
  file->system->wait(file->inode);
  return file_of(fd) == file;  // another thread may have closed it meanwhile
}

/// Where a descriptor waits for room, writing is a promise about all of it.
int64_t write_all(int fd, File* file, const void* buffer, size_t n) {
  size_t done = 0;
  for (;;) {
    const int64_t put =
        file->system->write(file->inode, static_cast<const char*>(buffer) + done, n - done, 0);
    if (put > 0) done += static_cast<size_t>(put);
    if (done == n || (put < 0 && put != -FLEXOS_EAGAIN)) {
      return done > 0 ? static_cast<int64_t>(done) : put;
    }
    if (!wait_for(fd, file, -FLEXOS_EAGAIN)) {
      return done > 0 ? static_cast<int64_t>(done) : -FLEXOS_EAGAIN;
    }
  }
}

/// A descriptor without a name.
int open_nameless(uint64_t inode, int access, int flags) {
  const int fd = free_descriptor(0);
  if (fd < 0) return fd;
  File* file = new_file();
  file->system = &kPipes;
  file->inode = inode;
  file->flags = access | (flags & FLEXOS_O_NONBLOCK);
  bind(fd, file, (flags & FLEXOS_O_CLOEXEC) != 0);
  return fd;
}

int remove(const char* path, size_t len, int directory) {
  Place place = place_of(path, len);
  if (place.error != 0) return place.error;
  return place.system->remove(place.dir, place.path, place.len, directory);
}

}  // namespace

extern "C" int vfs_open(const char* path, size_t len, int flags, int mode) {
  if ((flags & FLEXOS_O_ACCMODE) == FLEXOS_O_ACCMODE) return -FLEXOS_EINVAL;
  if ((flags & FLEXOS_O_DIRECTORY) != 0 && (flags & FLEXOS_O_CREAT) != 0) return -FLEXOS_EINVAL;
  Place place = place_of(path, len);
  if (place.error != 0) return place.error;
  int fd = free_descriptor(0);
  if (fd < 0) return fd;
  int64_t inode = place.system->open(place.dir, place.path, place.len, flags, mode);
  if (inode < 0) return static_cast<int>(inode);
  // There are as many files as descriptors, so that one is free when the other is.
  File* file = new_file();
  file->system = place.system;
  file->inode = static_cast<uint64_t>(inode);
  file->flags = flags & (FLEXOS_O_ACCMODE | FLEXOS_O_APPEND | FLEXOS_O_NONBLOCK);
  bind(fd, file, (flags & FLEXOS_O_CLOEXEC) != 0);
  return fd;
}

extern "C" int vfs_close(int fd) {
  if (file_of(fd) == nullptr) return -FLEXOS_EBADF;
  return unbind(fd);
}

extern "C" int64_t vfs_read(int fd, void* buffer, size_t n, int64_t at) {
  File* file = file_of(fd);
  if (file == nullptr || !readable(*file)) return -FLEXOS_EBADF;
  if (int64_t error = check_transfer(*file, buffer, &n, at)) return error;
  int64_t read = 0;
  do {
    read = file->system->read(file->inode, buffer, n, at >= 0 ? at : file->offset);
  } while (wait_for(fd, file, read));
  if (at < 0 && read > 0) file->offset += read;
  return read;
}

extern "C" int64_t vfs_write(int fd, const void* buffer, size_t n, int64_t at) {
  File* file = file_of(fd);
  if (file == nullptr || !writable(*file)) return -FLEXOS_EBADF;
  if (int64_t error = check_transfer(*file, buffer, &n, at)) return error;
  bool append = at < 0 && (file->flags & FLEXOS_O_APPEND) != 0;
  if (file->system->wait != nullptr) return write_all(fd, file, buffer, n);
  int64_t written = file->system->write(file->inode, buffer, n,
                                        append    ? -1
                                        : at >= 0 ? at
                                                  : file->offset);
  if (at >= 0 || written <= 0) return written;
  if (append && file->system->size != nullptr) {
    file->offset = file->system->size(file->inode);
  } else {
    file->offset += written;
  }
  return written;
}

extern "C" int64_t vfs_seek(int fd, int64_t at, int whence) {
  File* file = file_of(fd);
  if (file == nullptr) return -FLEXOS_EBADF;
  if (file->system->size == nullptr) return -FLEXOS_ESPIPE;
  int64_t from = 0;
  if (whence == FLEXOS_SEEK_CUR) {
    from = file->offset;
  } else if (whence == FLEXOS_SEEK_END) {
    from = file->system->size(file->inode);
    if (from < 0) return -FLEXOS_EINVAL;  // a directory has no end to seek to
  } else if (whence != FLEXOS_SEEK_SET) {
    return -FLEXOS_EINVAL;
  }
  int64_t to = 0;
  if (__builtin_add_overflow(from, at, &to) || to < 0) return -FLEXOS_EINVAL;
  file->offset = to;
  return to;
}

extern "C" int vfs_stat(const char* path, size_t len, struct flexos_stat* st) {
  if (st == nullptr) return -FLEXOS_EFAULT;
  Place place = place_of(path, len);
  if (place.error != 0) return place.error;
  return place.system->stat(place.dir, place.path, place.len, st);
}

extern "C" int vfs_fstat(int fd, struct flexos_stat* st) {
  File* file = file_of(fd);
  if (file == nullptr) return -FLEXOS_EBADF;
  if (st == nullptr) return -FLEXOS_EFAULT;
  return file->system->stat(file->inode, "", 0, st);
}

extern "C" int vfs_truncate(int fd, int64_t size) {
  File* file = file_of(fd);
  if (file == nullptr) return -FLEXOS_EBADF;
  if (size < 0 || !writable(*file) || file->system->truncate == nullptr) return -FLEXOS_EINVAL;
  return file->system->truncate(file->inode, size);
}

extern "C" int vfs_sync(int fd) {
  File* file = file_of(fd);
  if (file == nullptr) return -FLEXOS_EBADF;
  return file->system->sync != nullptr ? file->system->sync(file->inode) : kNotSupported;
}

extern "C" int vfs_chmod(int fd, int mode) {
  File* file = file_of(fd);
  if (file == nullptr) return -FLEXOS_EBADF;
  return file->system->chmod != nullptr ? file->system->chmod(file->inode, mode) : kNotSupported;
}

extern "C" int vfs_unlink(const char* path, size_t len) { return remove(path, len, 0); }

extern "C" int vfs_rmdir(const char* path, size_t len) { return remove(path, len, 1); }

extern "C" int vfs_mkdir(const char* path, size_t len, int mode) {
  Place place = place_of(path, len);
  if (place.error != 0) return place.error;
  return place.system->mkdir(place.dir, place.path, place.len, mode);
}

extern "C" int vfs_rename(const char* from, size_t from_len, const char* to, size_t to_len) {
  Place old = place_of(from, from_len);
  if (old.error != 0) return old.error;
  Place target = place_of(to, to_len);
  if (target.error != 0) return target.error;
  if (old.system != target.system || old.dir != target.dir) return -FLEXOS_EXDEV;
  return old.system->rename(old.dir, old.path, old.len, target.path, target.len);
}

extern "C" int vfs_access(const char* path, size_t len, int mode) {
  if ((mode & ~(FLEXOS_R_OK | FLEXOS_W_OK | FLEXOS_X_OK)) != 0) return -FLEXOS_EINVAL;
  flexos_stat st;
  int error = vfs_stat(path, len, &st);
  if (error != 0) return error;
  // The one user may read and write everything, but run only what is meant to be run.
  bool directory = (st.st_mode & FLEXOS_S_IFMT) == uint32_t{FLEXOS_S_IFDIR};
  bool runs = directory || (st.st_mode & 0111) != 0;
  return (mode & FLEXOS_X_OK) == 0 || runs ? 0 : -FLEXOS_EACCES;
}

extern "C" int vfs_dup(int fd) { return duplicate(fd, 0, false); }

extern "C" int vfs_dup2(int fd, int to, int flags) {
  if ((flags & ~FLEXOS_O_CLOEXEC) != 0 || fd == to) return -FLEXOS_EINVAL;
  File* file = file_of(fd);
  if (file == nullptr || to < 0 || to >= FLEXOS_DESCRIPTORS) return -FLEXOS_EBADF;
  if (file_of(to) != nullptr) unbind(to);
  bind(to, file, flags != 0);
  return to;
}

extern "C" int vfs_fcntl(int fd, int command, int64_t argument) {
  File* file = file_of(fd);
  if (file == nullptr) return -FLEXOS_EBADF;
  switch (command) {
    case FLEXOS_F_DUPFD:
    case FLEXOS_F_DUPFD_CLOEXEC:
      if (argument < 0 || argument >= FLEXOS_DESCRIPTORS) return -FLEXOS_EINVAL;
      return duplicate(fd, static_cast<int>(argument), command == FLEXOS_F_DUPFD_CLOEXEC);
    case FLEXOS_F_GETFD:
      return close_on_exec(fd) ? FLEXOS_FD_CLOEXEC : 0;
    case FLEXOS_F_SETFD:
      set_close_on_exec(fd, (argument & FLEXOS_FD_CLOEXEC) != 0);
      return 0;
    case FLEXOS_F_GETFL:
      return file->flags;
    case FLEXOS_F_SETFL: {
      constexpr int kChangeable = FLEXOS_O_APPEND | FLEXOS_O_NONBLOCK;
      file->flags = (file->flags & ~kChangeable) | (static_cast<int>(argument) & kChangeable);
      return 0;
    }
    default:
      return -FLEXOS_EINVAL;
  }
}

extern "C" int vfs_lock(int fd, int command, struct flexos_flock* lock) {
  File* file = file_of(fd);
  if (file == nullptr) return -FLEXOS_EBADF;
  if (lock == nullptr) return -FLEXOS_EFAULT;
  if (command != FLEXOS_F_GETLK && command != FLEXOS_F_SETLK && command != FLEXOS_F_SETLKW) {
    return -FLEXOS_EINVAL;
  }
  int64_t from = 0;
  if (lock->l_whence == FLEXOS_SEEK_CUR) {
    from = file->offset;
  } else if (lock->l_whence == FLEXOS_SEEK_END && file->system->size != nullptr) {
    from = file->system->size(file->inode);
  } else if (lock->l_whence != FLEXOS_SEEK_SET) {
    return -FLEXOS_EINVAL;
  }
  int64_t start = 0;
  int64_t end = 0;
  if (__builtin_add_overflow(from, lock->l_start, &start) ||
      __builtin_add_overflow(start, lock->l_len, &end) || start < 0 || end < 0) {
    return -FLEXOS_EINVAL;
  }
  switch (lock->l_type) {
    case FLEXOS_F_RDLCK:
      if (command != FLEXOS_F_GETLK && !readable(*file)) return -FLEXOS_EBADF;
      break;
    case FLEXOS_F_WRLCK:
      if (command != FLEXOS_F_GETLK && !writable(*file)) return -FLEXOS_EBADF;
      break;
    case FLEXOS_F_UNLCK:
      if (command == FLEXOS_F_GETLK) return -FLEXOS_EINVAL;
      break;
    default:
      return -FLEXOS_EINVAL;
  }
  if (command == FLEXOS_F_GETLK) lock->l_type = FLEXOS_F_UNLCK;
  return 0;
}

extern "C" int64_t vfs_getdents(int fd, void* buffer, size_t n) {
  File* file = file_of(fd);
  if (file == nullptr) return -FLEXOS_EBADF;
  if (n > INT64_MAX) return -FLEXOS_EINVAL;
  if (buffer == nullptr) return -FLEXOS_EFAULT;
  if (file->system->list == nullptr) return -FLEXOS_ENOTDIR;
  int64_t cursor = file->offset;
  int64_t got = file->system->list(file->inode, buffer, n, &cursor);
  if (got >= 0) file->offset = cursor;
  return got;
}

extern "C" int vfs_pipe(int* fds, int flags) {
  if ((flags & ~(FLEXOS_O_NONBLOCK | FLEXOS_O_CLOEXEC)) != 0) return -FLEXOS_EINVAL;
  if (fds == nullptr) return -FLEXOS_EFAULT;
  uint64_t reader = 0;
  uint64_t writer = 0;
  if (int error = make_pipe(&reader, &writer)) return error;
  const int in = open_nameless(reader, FLEXOS_O_RDONLY, flags);
  const int out = in < 0 ? in : open_nameless(writer, FLEXOS_O_WRONLY, flags);
  if (out < 0) {
    kPipes.close(writer);
    if (in < 0) {
      kPipes.close(reader);
    } else {
      unbind(in);
    }
    return out;
  }
  fds[0] = in;
  fds[1] = out;
  return 0;
}

extern "C" int vfs_eventfd(unsigned value, int flags) {
  constexpr int kSemaphore = 1;
  if ((flags & ~(FLEXOS_O_NONBLOCK | FLEXOS_O_CLOEXEC | kSemaphore)) != 0) return -FLEXOS_EINVAL;
  const int64_t inode = make_counter(value, (flags & kSemaphore) != 0);
  if (inode < 0) return static_cast<int>(inode);
  const int fd = open_nameless(static_cast<uint64_t>(inode), FLEXOS_O_RDWR, flags);
  if (fd < 0) kPipes.close(static_cast<uint64_t>(inode));
  return fd;
}

extern "C" int vfs_watch(int fd) {
  const File* file = file_of(fd);
  if (file == nullptr) return -FLEXOS_EBADF;
  if (file->system->ready == nullptr) return FLEXOS_POLLIN | FLEXOS_POLLOUT;
  watch(fd);
  return file->system->ready(file->inode) | FLEXOS_POLL_CHANGES;
}

extern "C" int vfs_chdir(const char* path, size_t len) { return set_current_directory(path, len); }

extern "C" int64_t vfs_getcwd(char* buffer, size_t n) {
  size_t len = 0;
  const char* path = current_directory(&len);
  if (len == 0) {
    path = "/";
    len = 1;
  }
  if (n <= len) return -FLEXOS_ERANGE;
  if (buffer == nullptr) return -FLEXOS_EFAULT;
  __builtin_memcpy(buffer, path, len);
  buffer[len] = '\0';
  return static_cast<int64_t>(len) + 1;
}
