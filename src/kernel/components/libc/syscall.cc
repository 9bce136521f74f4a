// The system calls of musl, handed to the components that they are about. What a component answers
// is what Linux would: a result, or a negative errno that musl's __syscall_ret turns into -1 and
// errno.
//
// Not everything that Linux has exists here. What has no meaning in an image with one program and
// one user succeeds without doing anything (signal masks, owners of files); what a program must not
// believe to have happened is -ENOSYS.
#define _GNU_SOURCE
#define restrict __restrict  // musl's private headers are C
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <time.h>

#include "alloc/alloc.h"
#include "flexos/platform.h"
#include "libc/socket_calls.h"
#include "lwip/lwip_sockets.h"
#include "random/random.h"
#include "sched/sched.h"
#include "time/time.h"
#include "vfs/vfs.h"

namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kMillisecond = 1'000'000;
constexpr long kPage = 4096;

struct Arguments {
  long a, b, c, d, e, f;
};

template <typename T>
T* pointer(long value) {
  return reinterpret_cast<T*>(value);
}

size_t size(long value) { return static_cast<size_t>(value); }
int integer(long value) { return static_cast<int>(value); }

// ---- paths -------------------------------------------------------------------------------------

struct Path {
  const char* text;
  size_t length;
};

Path path(long value) {
  const char* text = pointer<const char>(value);
  return {text, strlen(text)};
}

/// There are no directories behind descriptors: a relative path is one of the working directory's.
bool relative_to_descriptor(long directory, long name) {
  return integer(directory) != AT_FDCWD && *pointer<const char>(name) != '/';
}

long open_file(long name, long flags, long mode) {
  const Path p = path(name);
  return vfs_open(p.text, p.length, integer(flags), integer(mode));
}

long status(long name, long result) {
  const Path p = path(name);
  return vfs_stat(p.text, p.length, pointer<flexos_stat>(result));
}

long status_at(const Arguments& x) {
  if ((x.d & AT_EMPTY_PATH) != 0 && *pointer<const char>(x.b) == 0) {
    return vfs_fstat(integer(x.a), pointer<flexos_stat>(x.c));
  }
  if (relative_to_descriptor(x.a, x.b)) return -ENOSYS;
  return status(x.b, x.c);
}

long rename_file(long from, long to) {
  const Path old_path = path(from);
  const Path new_path = path(to);
  return vfs_rename(old_path.text, old_path.length, new_path.text, new_path.length);
}

/// What exists for descriptors only, by name: `once` does it.
template <typename Once>
long by_name(long name, long flags, Once once) {
  const long fd = open_file(name, flags, 0);
  if (fd < 0) return fd;
  const long result = once(integer(fd));
  vfs_close(integer(fd));
  return result;
}

long truncate_file(long name, long size) {
  return by_name(name, O_WRONLY, [=](int fd) { return vfs_truncate(fd, size); });
}

long change_mode(long name, long mode) {
  return by_name(name, O_RDONLY, [=](int fd) { return vfs_chmod(fd, integer(mode)); });
}

// ---- data --------------------------------------------------------------------------------------

/// What one call carries at most: a gate that copies has a window of limited size. A program that
/// asks for more gets less, as read and write may do.
size_t piece(size_t n) {
  constexpr size_t kMost = 32 << 10;
  return n < kMost ? n : kMost;
}

/// Moves a buffer piece by piece, until a piece is short. An error counts only where nothing was
/// moved before it. `once(done, n)` moves the n bytes behind the first `done`.
template <typename Once>
long piecewise(size_t n, Once once) {
  size_t done = 0;
  do {
    const size_t want = piece(n - done);
    const long moved = once(done, want);
    if (moved < 0) return done > 0 ? static_cast<long>(done) : moved;
    done += size(moved);
    if (size(moved) < want) break;
  } while (done < n);
  return static_cast<long>(done);
}

/// `at` = -1: at the descriptor's offset.
long read_file(int fd, void* buffer, size_t n, int64_t at) {
  return piecewise(n, [=](size_t done, size_t want) -> long {
    return vfs_read(fd, static_cast<char*>(buffer) + done, want,
                    at < 0 ? at : at + static_cast<int64_t>(done));
  });
}

long write_file(int fd, const void* buffer, size_t n, int64_t at) {
  return piecewise(n, [=](size_t done, size_t want) -> long {
    return vfs_write(fd, static_cast<const char*>(buffer) + done, want,
                     at < 0 ? at : at + static_cast<int64_t>(done));
  });
}

/// Waits for input where there is none yet, as a blocking descriptor does.
long read_waiting(int fd, void* buffer, size_t n) {
  constexpr int64_t kPause = 5 * kMillisecond;
  while (true) {
    const long got = read_file(fd, buffer, n, -1);
    if (got != -EAGAIN) return got;
    if ((vfs_fcntl(fd, F_GETFL, 0) & O_NONBLOCK) != 0) return got;
    time_sleep(time_now(CLOCK_MONOTONIC) + kPause);
  }
}

/// readv and writev: `once` moves one buffer. Stops at the first short one; an error counts only
/// where nothing was moved before it.
template <typename Once>
long each_buffer(long vector, long count, Once once) {
  if (count < 0 || count > 1024) return -EINVAL;
  const iovec* buffer = pointer<const iovec>(vector);
  long total = 0;
  for (long i = 0; i < count; ++i) {
    if (buffer[i].iov_len == 0) continue;
    const long moved = once(buffer[i].iov_base, buffer[i].iov_len, total);
    if (moved < 0) return total > 0 ? total : moved;
    total += moved;
    if (size(moved) < buffer[i].iov_len) break;
  }
  return total;
}

long control(int fd, int command, long argument) {
  switch (command) {
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
      return vfs_lock(fd, command, pointer<flexos_flock>(argument));
    default:
      return vfs_fcntl(fd, command, argument);
  }
}

long duplicate_to(int fd, int to, int flags, bool same_allowed) {
  if (fd == to && same_allowed) {
    const int flags_of = vfs_fcntl(fd, F_GETFD, 0);
    return flags_of < 0 ? flags_of : to;
  }
  return vfs_dup2(fd, to, flags);
}

// ---- memory ------------------------------------------------------------------------------------

/// Anonymous memory comes from this compartment's heap. A private mapping of a file is a copy of
/// it; a shared one would have to follow the file, which nothing here can do.
long map(const Arguments& x) {
  const size_t length = size(x.b);
  if (length == 0) return -EINVAL;
  if ((x.d & MAP_FIXED) != 0) return -ENOMEM;
  if ((x.d & MAP_ANONYMOUS) == 0 && (x.d & MAP_TYPE) != MAP_PRIVATE) return -ENODEV;
  char* memory =
      static_cast<char*>(alloc_pages((length + size(kPage) - 1) / static_cast<size_t>(kPage)));
  if (memory == nullptr) return -ENOMEM;
  if ((x.d & MAP_ANONYMOUS) == 0) {
    for (size_t done = 0; done < length;) {
      const long got =
          read_file(integer(x.e), memory + done, length - done, x.f + static_cast<int64_t>(done));
      if (got < 0) {
        alloc_put(memory);
        return got;
      }
      if (got == 0) break;  // the file ends; the rest stays zero
      done += size(got);
    }
  }
  return reinterpret_cast<long>(memory);
}

// ---- time --------------------------------------------------------------------------------------

int64_t nanoseconds(const timespec& t) { return t.tv_sec * kSecond + t.tv_nsec; }

/// The three clocks that there are, for the names that Linux knows them by.
int clock_of(long clock) {
  switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
      return CLOCK_REALTIME;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
      return CLOCK_MONOTONIC;
    case CLOCK_PROCESS_CPUTIME_ID:
    case CLOCK_THREAD_CPUTIME_ID:  // of threads no accounts are kept
      return FLEXOS_CLOCK_BUSY;
    default:
      return -1;
  }
}

long read_clock(long clock, timespec* result) {
  if (clock_of(clock) < 0) return -EINVAL;
  const int64_t now = time_now(clock_of(clock));
  *result = {.tv_sec = now / kSecond, .tv_nsec = now % kSecond};
  return 0;
}

long read_time_of_day(timeval* result) {
  const int64_t now = time_now(CLOCK_REALTIME);
  if (result != nullptr) *result = {.tv_sec = now / kSecond, .tv_usec = now % kSecond / 1000};
  return 0;
}

long sleep_for(long clock, bool absolute, const timespec& want, timespec* left) {
  if (want.tv_nsec < 0 || want.tv_nsec >= kSecond || want.tv_sec < 0) return -EINVAL;
  if (clock_of(clock) < 0) return -EINVAL;
  int64_t until = nanoseconds(want);
  if (absolute) until -= time_now(clock_of(clock));
  time_sleep(time_now(CLOCK_MONOTONIC) + until);
  if (left != nullptr && !absolute) *left = {};
  return 0;
}

// ---- limits ------------------------------------------------------------------------------------

/// What a program may have. Nothing can be raised; what it lowers is its own affair.
long limits(long what, const rlimit* wanted, rlimit* result) {
  constexpr rlim_t kDescriptors = FLEXOS_FIRST_SOCKET + FLEXOS_SOCKETS;
  constexpr rlim_t kStack = 1 << 20;
  rlim_t most = RLIM_INFINITY;
  if (what == RLIMIT_NOFILE) most = kDescriptors;
  if (what == RLIMIT_STACK) most = kStack;
  if (what == RLIMIT_CORE || what == RLIMIT_NPROC) most = 0;
  if (wanted != nullptr && wanted->rlim_max > most) return -EPERM;
  if (result != nullptr) *result = {.rlim_cur = most, .rlim_max = most};
  return 0;
}

/// One program, which has had all of the time; memory is not counted.
long usage(rusage* result) {
  memset(result, 0, sizeof *result);
  const int64_t now = time_now(FLEXOS_CLOCK_BUSY);
  result->ru_utime = {.tv_sec = now / kSecond, .tv_usec = now % kSecond / 1000};
  return 0;
}

// ---- threads -----------------------------------------------------------------------------------

/// Threads are cooperative: between the comparison and the wait nobody else runs.
long futex(const Arguments& x) {
  constexpr long kWait = 0, kWake = 1, kRequeue = 3, kCommand = 0x7f;
  switch (x.b & kCommand) {
    case kWait: {
      if (*pointer<volatile int>(x.a) != integer(x.c)) return -EAGAIN;
      int64_t deadline = INT64_MAX;
      if (x.d != 0) deadline = time_now(CLOCK_MONOTONIC) + nanoseconds(*pointer<timespec>(x.d));
      return thread_wait(static_cast<uint64_t>(x.a), deadline);
    }
    case kWake:
      return thread_signal(static_cast<uint64_t>(x.a), integer(x.c));
    case kRequeue:  // who would wait for another word from now on looks for itself
      return thread_signal(static_cast<uint64_t>(x.a), integer(x.c) + integer(x.d));
    default:
      return -ENOSYS;
  }
}

[[noreturn]] void leave(long code) {
  constexpr long kMost = 100;  // above it the platform reports faults
  code &= 0xff;
  libc::end_sockets();
  platform_exit(integer(code > kMost ? kMost : code));
}

long kill_self(long signal, uint64_t rip) {
  if (signal == 0) return 0;
  if (signal == SIGABRT) platform_fault("abort", rip, 0);
  return -ENOSYS;
}

// ---- the rest ----------------------------------------------------------------------------------

long fill_random(void* buffer, size_t n) {
  const int error = random_bytes(buffer, n);
  return error < 0 ? error : static_cast<long>(n);
}

long name_system(utsname* result) {
  *result = {};
  strcpy(result->sysname, "FlexOS");
  strcpy(result->nodename, "flexos");
  strcpy(result->release, "1");
  strcpy(result->version, "1");
  strcpy(result->machine, "x86_64");
  return 0;
}

long dispatch(long number, const Arguments& x, uint64_t caller) {
  const int fd = integer(x.a);
  switch (number) {
    // Files by descriptor.
    case SYS_read:
      return read_waiting(fd, pointer<void>(x.b), size(x.c));
    case SYS_write:
      return write_file(fd, pointer<const void>(x.b), size(x.c), -1);
    case SYS_pread64:
      return x.d < 0 ? -EINVAL : read_file(fd, pointer<void>(x.b), size(x.c), x.d);
    case SYS_pwrite64:
      return x.d < 0 ? -EINVAL : write_file(fd, pointer<const void>(x.b), size(x.c), x.d);
    case SYS_readv:
      return each_buffer(x.b, x.c, [fd](void* p, size_t n, long done) {
        // What is there already is handed over before waiting for more.
        return done > 0 ? read_file(fd, p, n, -1) : read_waiting(fd, p, n);
      });
    case SYS_writev:
      return each_buffer(x.b, x.c,
                         [fd](void* p, size_t n, long) { return write_file(fd, p, n, -1); });
    case SYS_preadv:
      if (x.d < 0) return -EINVAL;
      return each_buffer(
          x.b, x.c, [&](void* p, size_t n, long done) { return read_file(fd, p, n, x.d + done); });
    case SYS_pwritev:
      if (x.d < 0) return -EINVAL;
      return each_buffer(
          x.b, x.c, [&](void* p, size_t n, long done) { return write_file(fd, p, n, x.d + done); });
    case SYS_lseek:
      return vfs_seek(fd, x.b, integer(x.c));
    case SYS_close:
      return vfs_close(fd);
    case SYS_fstat:
      return vfs_fstat(fd, pointer<flexos_stat>(x.b));
    case SYS_ftruncate:
      return vfs_truncate(fd, x.b);
    case SYS_fsync:
    case SYS_fdatasync:
      return vfs_sync(fd);
    case SYS_fcntl:
      return control(fd, integer(x.b), x.c);
    case SYS_ioctl:
      return -ENOTTY;
    case SYS_pipe:
      return vfs_pipe(pointer<int>(x.a), 0);
    case SYS_pipe2:
      return vfs_pipe(pointer<int>(x.a), integer(x.b));
    case SYS_eventfd:
      return vfs_eventfd(static_cast<unsigned>(x.a), 0);
    case SYS_eventfd2:
      return vfs_eventfd(static_cast<unsigned>(x.a), integer(x.b));
    case SYS_fchmod:
      return vfs_chmod(fd, integer(x.b));
    case SYS_dup:
      return vfs_dup(fd);
    case SYS_dup2:
      return duplicate_to(fd, integer(x.b), 0, true);
    case SYS_dup3:
      return duplicate_to(fd, integer(x.b), integer(x.c), false);
    case SYS_getdents64:
      return vfs_getdents(fd, pointer<void>(x.b), piece(size(x.c)));

    // Files by name.
    case SYS_open:
      return open_file(x.a, x.b, x.c);
    case SYS_openat:
      return relative_to_descriptor(x.a, x.b) ? -ENOSYS : open_file(x.b, x.c, x.d);
    case SYS_stat:
    case SYS_lstat:
      return status(x.a, x.b);
    case SYS_newfstatat:
      return status_at(x);
    case SYS_access:
      return vfs_access(path(x.a).text, path(x.a).length, integer(x.b));
    case SYS_faccessat:
      if (relative_to_descriptor(x.a, x.b)) return -ENOSYS;
      return vfs_access(path(x.b).text, path(x.b).length, integer(x.c));
    case SYS_unlink:
      return vfs_unlink(path(x.a).text, path(x.a).length);
    case SYS_unlinkat:
      if (relative_to_descriptor(x.a, x.b)) return -ENOSYS;
      if ((x.c & AT_REMOVEDIR) != 0) return vfs_rmdir(path(x.b).text, path(x.b).length);
      return vfs_unlink(path(x.b).text, path(x.b).length);
    case SYS_rename:
      return rename_file(x.a, x.b);
    case SYS_mkdir:
      return vfs_mkdir(path(x.a).text, path(x.a).length, integer(x.b));
    case SYS_rmdir:
      return vfs_rmdir(path(x.a).text, path(x.a).length);
    case SYS_chdir:
      return vfs_chdir(path(x.a).text, path(x.a).length);
    case SYS_getcwd:
      return vfs_getcwd(pointer<char>(x.a), piece(size(x.b)));
    case SYS_truncate:
      return truncate_file(x.a, x.b);
    case SYS_chmod:
      return change_mode(x.a, x.b);
    case SYS_readlink:
      return -EINVAL;  // nothing is a symbolic link

    // Memory.
    case SYS_mmap:
      return map(x);
    case SYS_munmap:
      alloc_put(pointer<void>(x.a));
      return 0;
    case SYS_madvise:
      return 0;
    case SYS_brk:
      return -ENOMEM;

    // Time.
    case SYS_clock_gettime:
      return read_clock(x.a, pointer<timespec>(x.b));
    case SYS_clock_getres:
      if (clock_of(x.a) < 0) return -EINVAL;
      if (x.b != 0) *pointer<timespec>(x.b) = {.tv_sec = 0, .tv_nsec = 1};
      return 0;
    case SYS_clock_settime:
      return time_set(fd, nanoseconds(*pointer<timespec>(x.b)));
    case SYS_gettimeofday:
      return read_time_of_day(pointer<timeval>(x.a));
    case SYS_nanosleep:
      return sleep_for(CLOCK_MONOTONIC, false, *pointer<timespec>(x.a), pointer<timespec>(x.b));
    case SYS_clock_nanosleep:
      return sleep_for(x.a, (x.b & TIMER_ABSTIME) != 0, *pointer<timespec>(x.c),
                       pointer<timespec>(x.d));

    // Threads, and the one process.
    case SYS_sched_yield:
      thread_yield();
      return 0;
    case SYS_futex:
      return futex(x);
    case SYS_gettid:
    case SYS_set_tid_address:
      return thread_self() + 1;
    case SYS_getpid:
      return 1;
    case SYS_getppid:
    case SYS_getuid:
    case SYS_geteuid:
    case SYS_getgid:
    case SYS_getegid:
      return 0;
    case SYS_exit:
    case SYS_exit_group:
      leave(x.a);
    case SYS_tkill:
      return kill_self(x.b, caller);
    case SYS_kill:
      return kill_self(x.b, caller);
    case SYS_rt_sigprocmask:
    case SYS_rt_sigaction:
      return 0;  // no signal will ever come
    case SYS_getrlimit:
      return limits(x.a, nullptr, pointer<rlimit>(x.b));
    case SYS_setrlimit:
      return limits(x.a, pointer<rlimit>(x.b), nullptr);
    case SYS_prlimit64:
      return limits(x.b, pointer<rlimit>(x.c), pointer<rlimit>(x.d));
    case SYS_getrusage:
      return usage(pointer<rusage>(x.b));
    case SYS_setsid:
      return 1;
    case SYS_wait4:
      return -ECHILD;
    case SYS_prctl:  // how Linux is to treat the process: there is none
      return 0;
    case SYS_sync_file_range:
      return vfs_sync(fd);
    case SYS_fchdir:
    case SYS_fork:
    case SYS_vfork:
    case SYS_clone:
    case SYS_execve:
    case SYS_setitimer:
      return -ENOSYS;  // one program, no signals

    // One user, who may do everything: owners and masks change nothing.
    case SYS_chown:
    case SYS_fchown:
    case SYS_flock:
    case SYS_sync:
      return 0;
    case SYS_umask:
      return 022;

    case SYS_getrandom:
      return fill_random(pointer<void>(x.a), piece(size(x.b)));
    case SYS_uname:
      return name_system(pointer<utsname>(x.a));
    default:
      return -ENOSYS;
  }
}

}  // namespace

extern "C" [[gnu::visibility("hidden")]] long flexos_syscall(long number, long a, long b, long c,
                                                             long d, long e, long f) {
  long result = 0;
  if (libc::socket_call(number, a, b, c, d, e, f, &result)) return result;
  return dispatch(number, {a, b, c, d, e, f},
                  reinterpret_cast<uint64_t>(__builtin_return_address(0)));
}
