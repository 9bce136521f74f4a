#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "fake_platform.h"
#include "vfs_calls.h"

// vfs and ramfs beside a model that is a map from paths to contents: random calls go to both, and
// every result, every byte and every error must be the same.

namespace flexos {
namespace {

struct Node {
  bool directory = false;
  std::string data;
};
using NodePtr = std::shared_ptr<Node>;

/// An open file; descriptors made by dup share it.
struct Open {
  NodePtr node;
  std::int64_t offset = 0;
  int flags = 0;
};

class Model {
 public:
  Model() { tree_["/"] = std::make_shared<Node>(Node{true, ""}); }

  /// 0: `path` exists; else why not. Paths are normal: "/", "/a", "/a/b".
  int look(const std::string& path, NodePtr* node) const {
    for (std::size_t slash = path.find('/', 1); slash != std::string::npos;
         slash = path.find('/', slash + 1)) {
      const auto parent = tree_.find(path.substr(0, slash));
      if (parent == tree_.end()) return -ENOENT;
      if (!parent->second->directory) return -ENOTDIR;
    }
    const auto found = tree_.find(path);
    *node = found == tree_.end() ? nullptr : found->second;
    return 0;
  }

  int open(const std::string& path, int flags) {
    NodePtr node;
    if (const int error = look(path, &node)) return error;
    if (node == nullptr) {
      if ((flags & O_CREAT) == 0) return -ENOENT;
      tree_[path] = node = std::make_shared<Node>();
    } else {
      if ((flags & O_CREAT) != 0 && (flags & O_EXCL) != 0) return -EEXIST;
      if (node->directory &&
          ((flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC)) != 0)) {
        return -EISDIR;
      }
      if ((flags & O_TRUNC) != 0) node->data.clear();
    }
    int fd = 3;
    while (open_.contains(fd)) fd++;
    open_[fd] = std::make_shared<Open>(Open{node, 0, flags});
    return fd;
  }

  int dup(int fd) {
    if (!open_.contains(fd)) return -EBADF;
    int copy = 3;
    while (open_.contains(copy)) copy++;
    open_[copy] = open_[fd];
    return copy;
  }

  int close(int fd) { return open_.erase(fd) == 1 ? 0 : -EBADF; }

  std::int64_t read(int fd, std::size_t n, std::int64_t at, std::string* result) {
    const auto found = open_.find(fd);
    if (found == open_.end() || (found->second->flags & O_ACCMODE) == O_WRONLY) return -EBADF;
    Open& open = *found->second;
    if (at < -1) return -EINVAL;
    if (open.node->directory) return -EISDIR;
    const auto from = static_cast<std::size_t>(at < 0 ? open.offset : at);
    *result = from < open.node->data.size() ? open.node->data.substr(from, n) : "";
    if (at < 0) open.offset += static_cast<std::int64_t>(result->size());
    return static_cast<std::int64_t>(result->size());
  }

  std::int64_t write(int fd, const std::string& text, std::int64_t at) {
    const auto found = open_.find(fd);
    if (found == open_.end() || (found->second->flags & O_ACCMODE) == O_RDONLY) return -EBADF;
    Open& open = *found->second;
    if (at < -1) return -EINVAL;
    std::string& data = open.node->data;
    if (text.empty()) return 0;
    auto to = static_cast<std::size_t>(at < 0 ? open.offset : at);
    if (at < 0 && (open.flags & O_APPEND) != 0) to = data.size();
    if (data.size() < to + text.size()) data.resize(to + text.size());
    data.replace(to, text.size(), text);
    if (at < 0) open.offset = static_cast<std::int64_t>(to + text.size());
    return static_cast<std::int64_t>(text.size());
  }

  std::int64_t seek(int fd, std::int64_t at, int whence) {
    const auto found = open_.find(fd);
    if (found == open_.end()) return -EBADF;
    Open& open = *found->second;
    if (whence == SEEK_END && open.node->directory) return -EINVAL;
    const std::int64_t from = whence == SEEK_SET ? 0
                              : whence == SEEK_CUR
                                  ? open.offset
                                  : static_cast<std::int64_t>(open.node->data.size());
    if (from + at < 0) return -EINVAL;
    return open.offset = from + at;
  }

  int truncate(int fd, std::int64_t size) {
    const auto found = open_.find(fd);
    if (found == open_.end()) return -EBADF;
    if (size < 0 || (found->second->flags & O_ACCMODE) == O_RDONLY) return -EINVAL;
    found->second->node->data.resize(static_cast<std::size_t>(size));
    return 0;
  }

  int remove(const std::string& path, bool directory) {
    NodePtr node;
    if (const int error = look(path, &node)) return error;
    if (node == nullptr) return -ENOENT;
    if (!directory && node->directory) return -EISDIR;
    if (directory && !node->directory) return -ENOTDIR;
    if (path == "/") return -EBUSY;
    if (directory && !children(path).empty()) return -ENOTEMPTY;
    tree_.erase(path);
    return 0;
  }

  int make_directory(const std::string& path) {
    NodePtr node;
    if (const int error = look(path, &node)) return error;
    if (node != nullptr) return -EEXIST;
    tree_[path] = std::make_shared<Node>(Node{true, ""});
    return 0;
  }

  int rename(const std::string& from, const std::string& to) {
    NodePtr old;
    NodePtr target;
    if (const int error = look(from, &old)) return error;
    if (old == nullptr) return -ENOENT;
    if (const int error = look(to, &target)) return error;
    if (from == "/" || to == "/") return -EBUSY;
    if (target == old) return 0;
    if (old->directory && to.starts_with(from + "/")) return -EINVAL;
    if (target != nullptr) {
      if (target->directory && !old->directory) return -EISDIR;
      if (target->directory && !children(to).empty()) return -ENOTEMPTY;
      if (!target->directory && old->directory) return -ENOTDIR;
    }
    std::map<std::string, NodePtr> moved;
    for (auto it = tree_.begin(); it != tree_.end();) {
      if (it->first == from || it->first.starts_with(from + "/")) {
        moved[to + it->first.substr(from.size())] = it->second;
        it = tree_.erase(it);
      } else {
        ++it;
      }
    }
    for (const auto& [path, node] : moved) tree_[path] = node;
    return 0;
  }

  std::set<std::string> children(const std::string& path) const {
    const std::string prefix = path == "/" ? "/" : path + "/";
    std::set<std::string> names;
    for (const auto& [other, node] : tree_) {
      if (other.size() > prefix.size() && other.starts_with(prefix) &&
          other.find('/', prefix.size()) == std::string::npos) {
        names.insert(other.substr(prefix.size()));
      }
    }
    return names;
  }

  const std::map<std::string, NodePtr>& tree() const { return tree_; }

 private:
  std::map<std::string, NodePtr> tree_;
  std::map<int, std::shared_ptr<Open>> open_;
};

class VfsModel : public ::testing::TestWithParam<unsigned> {};

TEST_P(VfsModel, SaysTheSame) {
  std::mt19937_64 random(GetParam());
  Model model;
  auto some_path = [&] {
    std::string path;
    const auto depth = random() % 4;
    for (std::size_t i = 0; i < depth; i++) path += std::string("/") + "abcd"[random() % 4];
    return path.empty() ? std::string("/") : path;
  };
  /// Another way to write it.
  auto spelled = [&](const std::string& path) {
    std::string text;
    for (const char c : path) {
      text += c;
      if (c == '/' && random() % 5 == 0) {
        const char* const more[] = {"/", "./", "q/../", ".//./", "../"};
        text += more[random() % (text.size() == 1 ? 5 : 4)];
      }
    }
    if (text.size() > 1 && text[0] == '/' && random() % 4 == 0) text.erase(0, 1);  // from the root
    return text;
  };
  auto descriptor = [&] { return 3 + static_cast<int>(random() % 12); };
  auto offset = [&]() -> std::int64_t {
    switch (random() % 4) {
      case 0:
        return -1;
      case 1:
        return static_cast<std::int64_t>(random() % 3'000'000);
      case 2:
        return static_cast<std::int64_t>(4096 * (random() % 20)) -
               static_cast<std::int64_t>(random() % 3);
      default:
        return static_cast<std::int64_t>(random() % 20'000);
    }
  };
  auto some_size = [&]() -> std::size_t {
    return random() % 3 == 0 ? 4096 * (random() % 4) : random() % 9000;
  };
  for (int step = 0; step < 30'000; step++) {
    SCOPED_TRACE(step);
    const std::string path = some_path();
    const int fd = descriptor();
    const auto choice = random() % 100;
    if (choice < 20) {
      int flags = static_cast<int>(random() % 3);
      for (const int flag : {O_CREAT, O_EXCL, O_TRUNC, O_APPEND}) {
        if (random() % 3 == 0) flags |= flag;
      }
      const int got = calls::open(spelled(path), flags);
      ASSERT_EQ(got, model.open(path, flags)) << path;
      if (got > 30) {
        ASSERT_EQ(vfs_close(got), model.close(got));
      }
    } else if (choice < 28) {
      ASSERT_EQ(vfs_close(fd), model.close(fd));
    } else if (choice < 30) {
      ASSERT_EQ(vfs_dup(fd), model.dup(fd));
    } else if (choice < 50) {
      const std::size_t n = some_size();
      const std::int64_t at = offset();
      std::string expected;
      std::string got(n, '?');
      const std::int64_t result = vfs_read(fd, got.data(), n, at);
      ASSERT_EQ(result, model.read(fd, n, at, &expected));
      if (result >= 0) {
        got.resize(static_cast<std::size_t>(result));
        ASSERT_TRUE(got == expected);
      }
    } else if (choice < 70) {
      const std::string text(some_size(), static_cast<char>('A' + random() % 26));
      const std::int64_t at = offset();
      ASSERT_EQ(calls::write(fd, text, at), model.write(fd, text, at));
    } else if (choice < 75) {
      const std::int64_t at = static_cast<std::int64_t>(random() % 30'000) - 5000;
      const int whence = static_cast<int>(random() % 3);
      ASSERT_EQ(vfs_seek(fd, at, whence), model.seek(fd, at, whence));
    } else if (choice < 79) {
      const std::int64_t size = offset();
      ASSERT_EQ(vfs_truncate(fd, size), model.truncate(fd, size));
    } else if (choice < 83) {
      ASSERT_EQ(calls::unlink(spelled(path)), model.remove(path, false)) << path;
    } else if (choice < 86) {
      ASSERT_EQ(calls::remove_directory(spelled(path)), model.remove(path, true)) << path;
    } else if (choice < 91) {
      ASSERT_EQ(calls::make_directory(spelled(path)), model.make_directory(path)) << path;
    } else if (choice < 96) {
      const std::string to = some_path();
      ASSERT_EQ(calls::rename(spelled(path), spelled(to)), model.rename(path, to))
          << path << " " << to;
    } else {
      flexos_stat st;
      NodePtr node;
      int expected = model.look(path, &node);
      if (expected == 0 && node == nullptr) expected = -ENOENT;
      ASSERT_EQ(calls::stat(spelled(path), &st), expected);
      if (expected == 0 && !node->directory) {
        ASSERT_EQ(st.st_size, static_cast<std::int64_t>(node->data.size()));
      }
    }
  }
  // In the end: all of the tree, all of the contents.
  for (int fd = 3; fd < FLEXOS_DESCRIPTORS; fd++) vfs_close(fd);
  for (const auto& [path, node] : model.tree()) {
    const int fd = calls::open(path, O_RDONLY);
    ASSERT_GE(fd, 3) << path;
    if (node->directory) {
      std::set<std::string> seen;
      char records[512];
      std::int64_t n = 0;
      while ((n = vfs_getdents(fd, records, sizeof records)) > 0) {
        for (const auto& name : calls::names(records, static_cast<std::size_t>(n))) {
          seen.insert(name);
        }
      }
      std::set<std::string> expected = model.children(path);
      expected.insert({".", ".."});
      EXPECT_EQ(seen, expected) << path;
      flexos_stat st;
      EXPECT_EQ(vfs_fstat(fd, &st), 0);
      std::size_t directories = 2;
      for (const auto& name : model.children(path)) {
        directories += model.tree().at(path == "/" ? "/" + name : path + "/" + name)->directory;
      }
      EXPECT_EQ(st.st_nlink, directories) << path;
    } else {
      EXPECT_TRUE(calls::read(fd, node->data.size() + 1, 0) == node->data) << path;
    }
    vfs_close(fd);
  }
  // Away with it: the next seed begins with nothing.
  for (auto it = model.tree().rbegin(); it->first != "/"; ++it) {
    EXPECT_EQ(vfs_unlink(it->first.data(), it->first.size()), it->second->directory ? -EISDIR : 0);
    if (it->second->directory) {
      EXPECT_EQ(calls::remove_directory(it->first), 0);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, VfsModel, ::testing::Range(0u, 8u));

}  // namespace
}  // namespace flexos
