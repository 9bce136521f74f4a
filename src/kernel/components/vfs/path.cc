#include "ramfs/ramfs.h"
#include "vfs/file_system.h"

namespace flexos::vfs {
namespace {

struct Mount {
  const char* at;  ///< without a slash at its end: "" is the root
  size_t len;
  const FileSystem* system;
  uint64_t root;
};

// The longest prefix wins; the last one matches everything.
const Mount kMounts[] = {{"", 0, &kRamfs, FLEXOS_RAMFS_ROOT}};

// Paths without `.`, `..` and doubled slashes; two, because a renaming has two. Threads are
// cooperative, and nobody yields while one of these is in use.
char normalized[2][FLEXOS_PATH_MAX];
int turn;

char current[FLEXOS_PATH_MAX];
size_t current_len;

Place failed(int error) { return {-error, nullptr, 0, nullptr, 0}; }

bool is_prefix(const Mount& mount, const char* path, size_t len) {
  if (len < mount.len || __builtin_memcmp(path, mount.at, mount.len) != 0) return false;
  return len == mount.len || path[mount.len] == '/';
}

}  // namespace

Place place_of(const char* path, size_t len) {
  if (len >= FLEXOS_PATH_MAX) return failed(FLEXOS_ENAMETOOLONG);
  if (len == 0) return failed(FLEXOS_ENOENT);
  if (path == nullptr) return failed(FLEXOS_EFAULT);
  char* out = normalized[turn];
  turn = 1 - turn;
  size_t n = 0;
  if (path[0] != '/') {
    __builtin_memcpy(out, current, current_len);
    n = current_len;
  }
  for (size_t i = 0; i < len;) {
    if (path[i] == '/') {
      i++;
      continue;
    }
    size_t begin = i;
    while (i < len && path[i] != '/') {
      if (path[i++] == '\0') return failed(FLEXOS_EINVAL);
    }
    size_t name = i - begin;
    if (name == 1 && path[begin] == '.') continue;
    if (name == 2 && path[begin] == '.' && path[begin + 1] == '.') {
      while (n > 0) {
        if (out[--n] == '/') break;
      }
      continue;
    }
    // One byte is left for the slash that may stand at the end.
    if (n + 1 + name + 1 >= FLEXOS_PATH_MAX) return failed(FLEXOS_ENAMETOOLONG);
    out[n++] = '/';
    __builtin_memcpy(out + n, path + begin, name);
    n += name;
  }
  // `name/` and `name/.` mean a directory: the file system is to see that it is one.
  bool directory =
      path[len - 1] == '/' || (len >= 2 && path[len - 1] == '.' && path[len - 2] == '/');
  if (directory && n > 0) out[n++] = '/';
  for (const Mount& mount : kMounts) {
    if (!is_prefix(mount, out, n)) continue;
    size_t skip = n > mount.len ? mount.len + 1 : mount.len;
    return {0, mount.system, mount.root, out + skip, n - skip};
  }
  return failed(FLEXOS_ENOENT);
}

const char* current_directory(size_t* len) {
  *len = current_len;
  return current;
}

int set_current_directory(const char* path, size_t len) {
  Place place = place_of(path, len);
  if (place.error != 0) return place.error;
  flexos_stat st;
  int error = place.system->stat(place.dir, place.path, place.len, &st);
  if (error != 0) return error;
  if ((st.st_mode & FLEXOS_S_IFMT) != uint32_t{FLEXOS_S_IFDIR}) return -FLEXOS_ENOTDIR;
  // The normalized path begins where its buffer does, mount and all.
  const char* all = normalized[1 - turn];
  size_t n = static_cast<size_t>(place.path + place.len - all);
  if (n > 0 && all[n - 1] == '/') n--;
  __builtin_memcpy(current, all, n);
  current_len = n;
  return 0;
}

}  // namespace flexos::vfs
