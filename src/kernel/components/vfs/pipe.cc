#include "vfs/pipe.h"

#include "alloc/alloc.h"
#include "sched/sched.h"
#include "vfs/descriptor.h"

namespace flexos::vfs {
namespace {

constexpr uint32_t kMost = 64;
constexpr uint32_t kBytes = 64 << 10;  // as on Linux
constexpr uint32_t kAtomic = 4096;     // PIPE_BUF: so much is written at once or not at all
constexpr uint64_t kLargestCount = UINT64_MAX - 1;

enum class Kind : uint8_t { free, pipe, counter };

struct Pipe {
  Kind kind;
  bool semaphore;
  bool reads;   ///< its reading end is open; of a counter: the counter is
  bool writes;  ///< its writing end is open
  uint32_t first;
  uint32_t count;  ///< bytes in it
  uint64_t value;  ///< of a counter
  uint8_t* bytes;
};

Pipe pipes[kMost];

/// An inode: the place in the table, then which end. A counter has one inode, that of a reader.
constexpr uint64_t kWriter = 1;
Pipe& pipe_of(uint64_t inode) { return pipes[inode / 2 % kMost]; }
bool is_writer(uint64_t inode) { return (inode & kWriter) != 0; }

uint64_t queue(const Pipe& p) { return reinterpret_cast<uint64_t>(&p); }

/// Whoever waits looks again, here and where descriptors are watched.
void changed(uint64_t inode) {
  thread_signal(queue(pipe_of(inode)), FLEXOS_THREADS);
  tell_watchers(inode);
}

int64_t read_counter(Pipe& p, void* buffer, size_t n) {
  if (n < sizeof p.value) return -FLEXOS_EINVAL;
  if (p.value == 0) return -FLEXOS_EAGAIN;
  const uint64_t got = p.semaphore ? 1 : p.value;
  p.value -= got;
  __builtin_memcpy(buffer, &got, sizeof got);
  return sizeof got;
}

int64_t write_counter(Pipe& p, const void* buffer, size_t n) {
  uint64_t add = 0;
  if (n < sizeof add) return -FLEXOS_EINVAL;
  __builtin_memcpy(&add, buffer, sizeof add);
  if (add > kLargestCount) return -FLEXOS_EINVAL;
  if (add > kLargestCount - p.value) return -FLEXOS_EAGAIN;
  p.value += add;
  return sizeof add;
}

int64_t read_pipe(Pipe& p, uint8_t* buffer, size_t n) {
  if (n == 0) return 0;
  if (p.count == 0) return p.writes ? -FLEXOS_EAGAIN : 0;
  const uint32_t take = n < p.count ? static_cast<uint32_t>(n) : p.count;
  const uint32_t straight = take < kBytes - p.first ? take : kBytes - p.first;
  __builtin_memcpy(buffer, p.bytes + p.first, straight);
  __builtin_memcpy(buffer + straight, p.bytes, take - straight);
  p.first = (p.first + take) % kBytes;
  p.count -= take;
  return take;
}

int64_t write_pipe(Pipe& p, const uint8_t* buffer, size_t n) {
  if (n == 0) return 0;
  if (!p.reads) return -FLEXOS_EPIPE;
  const uint32_t room = kBytes - p.count;
  if (room == 0 || (n <= kAtomic && n > room)) return -FLEXOS_EAGAIN;
  const uint32_t put = n < room ? static_cast<uint32_t>(n) : room;
  const uint32_t at = (p.first + p.count) % kBytes;
  const uint32_t straight = put < kBytes - at ? put : kBytes - at;
  __builtin_memcpy(p.bytes + at, buffer, straight);
  __builtin_memcpy(p.bytes, buffer + straight, put - straight);
  p.count += put;
  return put;
}

int64_t read(uint64_t inode, void* buffer, size_t n, int64_t) {
  Pipe& p = pipe_of(inode);
  const int64_t got = p.kind == Kind::counter ? read_counter(p, buffer, n)
                                              : read_pipe(p, static_cast<uint8_t*>(buffer), n);
  if (got > 0) changed(inode);
  return got;
}

int64_t write(uint64_t inode, const void* buffer, size_t n, int64_t) {
  Pipe& p = pipe_of(inode);
  const int64_t put = p.kind == Kind::counter
                          ? write_counter(p, buffer, n)
                          : write_pipe(p, static_cast<const uint8_t*>(buffer), n);
  if (put > 0) changed(inode);
  return put;
}

int close(uint64_t inode) {
  Pipe& p = pipe_of(inode);
  (is_writer(inode) ? p.writes : p.reads) = false;
  changed(inode);
  if (p.reads || p.writes) return 0;
  alloc_put(p.bytes);
  p = {};
  return 0;
}

int stat(uint64_t inode, const char*, size_t, flexos_stat* st) {
  const Pipe& p = pipe_of(inode);
  *st = {};
  st->st_dev = 3;
  st->st_ino = inode + 1;
  st->st_nlink = 1;
  st->st_mode = (p.kind == Kind::pipe ? uint32_t{FLEXOS_S_IFIFO} : 0) | 0600;
  st->st_blksize = kAtomic;
  return 0;
}

int ready(uint64_t inode) {
  const Pipe& p = pipe_of(inode);
  int bits = 0;
  if (p.kind == Kind::counter) {
    if (p.value > 0) bits |= FLEXOS_POLLIN;
    if (p.value < kLargestCount) bits |= FLEXOS_POLLOUT;
  } else if (is_writer(inode)) {
    if (kBytes - p.count >= kAtomic) bits |= FLEXOS_POLLOUT;
    if (!p.reads) bits |= FLEXOS_POLLERR;
  } else {
    if (p.count > 0) bits |= FLEXOS_POLLIN;
    if (!p.writes) bits |= FLEXOS_POLLHUP;
  }
  return bits;
}

void wait(uint64_t inode) { thread_wait(queue(pipe_of(inode)), INT64_MAX); }

/// NULL: all are in use.
Pipe* make(Kind kind) {
  for (Pipe& p : pipes) {
    if (p.kind != Kind::free) continue;
    p = {};
    p.kind = kind;
    p.reads = true;
    return &p;
  }
  return nullptr;
}

uint64_t inode_of(const Pipe* p) { return static_cast<uint64_t>(p - pipes) * 2; }

}  // namespace

const FileSystem kPipes = {.open = nullptr,
                           .close = close,
                           .read = read,
                           .write = write,
                           .size = nullptr,
                           .truncate = nullptr,
                           .sync = nullptr,
                           .chmod = nullptr,
                           .stat = stat,
                           .mkdir = nullptr,
                           .remove = nullptr,
                           .rename = nullptr,
                           .list = nullptr,
                           .ready = ready,
                           .wait = wait};

int make_pipe(uint64_t* reader, uint64_t* writer) {
  Pipe* p = make(Kind::pipe);
  if (p == nullptr) return -FLEXOS_ENFILE;
  p->bytes = static_cast<uint8_t*>(alloc_get(kBytes, 0));
  if (p->bytes == nullptr) {
    *p = {};
    return -FLEXOS_ENOMEM;
  }
  p->writes = true;
  *reader = inode_of(p);
  *writer = inode_of(p) | kWriter;
  return 0;
}

int64_t make_counter(uint64_t value, bool semaphore) {
  Pipe* p = make(Kind::counter);
  if (p == nullptr) return -FLEXOS_ENFILE;
  p->value = value;
  p->semaphore = semaphore;
  return static_cast<int64_t>(inode_of(p));
}

bool same_pipe(uint64_t a, uint64_t b) { return (a | kWriter) == (b | kWriter); }

}  // namespace flexos::vfs
