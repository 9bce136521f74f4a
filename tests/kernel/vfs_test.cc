#include "vfs/vfs.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "fake_platform.h"
#include "vfs_calls.h"

// The numbers of abi.h are those of the machine the tests run on.
static_assert(FLEXOS_O_CREAT == O_CREAT && FLEXOS_O_EXCL == O_EXCL && FLEXOS_O_TRUNC == O_TRUNC &&
              FLEXOS_O_APPEND == O_APPEND && FLEXOS_O_DIRECTORY == O_DIRECTORY &&
              FLEXOS_O_CLOEXEC == O_CLOEXEC && FLEXOS_O_NONBLOCK == O_NONBLOCK);
static_assert(FLEXOS_ENOTEMPTY == ENOTEMPTY && FLEXOS_ENAMETOOLONG == ENAMETOOLONG &&
              FLEXOS_ETIMEDOUT == ETIMEDOUT && FLEXOS_EXDEV == EXDEV && FLEXOS_ESPIPE == ESPIPE);
static_assert(sizeof(struct stat) == sizeof(flexos_stat) &&
              offsetof(struct stat, st_mode) == offsetof(flexos_stat, st_mode) &&
              offsetof(struct stat, st_size) == offsetof(flexos_stat, st_size) &&
              offsetof(struct stat, st_blocks) == offsetof(flexos_stat, st_blocks) &&
              offsetof(struct stat, st_ctim) == offsetof(flexos_stat, st_ctim));
static_assert(sizeof(struct flock) == sizeof(flexos_flock) &&
              offsetof(struct flock, l_pid) == offsetof(flexos_flock, l_pid));

namespace flexos {
namespace {

using namespace calls;

constexpr int kNew = O_RDWR | O_CREAT;

/// Each test works in a directory of its own.
class Vfs : public ::testing::Test {
 protected:
  void SetUp() override {
    fake::platform = {};
    ASSERT_EQ(vfs_chdir("/", 1), 0);
    const std::string name =
        std::string("/") + ::testing::UnitTest::GetInstance()->current_test_info()->name();
    ASSERT_EQ(make_directory(name), 0);
    ASSERT_EQ(vfs_chdir(name.data(), name.size()), 0);
  }
};

TEST_F(Vfs, StandardDescriptorsAreTheConsole) {
  EXPECT_EQ(write(1, "out"), 3);
  EXPECT_EQ(write(2, "err"), 3);
  EXPECT_EQ(fake::platform.written, "outerr");
  char text[4];
  EXPECT_EQ(vfs_read(0, text, 4, -1), -EAGAIN);
  fake::platform.typed = "typed";
  EXPECT_EQ(vfs_read(0, text, 4, -1), 4);
  EXPECT_EQ(vfs_read(0, text, 4, 0), -ESPIPE);
  EXPECT_EQ(vfs_seek(0, 0, SEEK_SET), -ESPIPE);
  EXPECT_EQ(vfs_truncate(1, 0), -EINVAL);
  EXPECT_EQ(vfs_sync(1), -EINVAL);
  EXPECT_EQ(vfs_chmod(1, 0), -EINVAL);
  EXPECT_EQ(vfs_getdents(1, text, 4), -ENOTDIR);
  flexos_stat st;
  EXPECT_EQ(vfs_fstat(0, &st), 0);
  EXPECT_TRUE(S_ISCHR(st.st_mode));
}

TEST_F(Vfs, ReadsBackWhatWasWritten) {
  const int fd = open("file", kNew, 0640);
  ASSERT_GE(fd, 3);
  EXPECT_EQ(write(fd, "Hello, "), 7);
  EXPECT_EQ(write(fd, "world"), 5);
  EXPECT_EQ(write(fd, "J", 0), 1);
  EXPECT_EQ(read(fd, 20, 0), "Jello, world");
  EXPECT_EQ(read(fd, 20), "");
  EXPECT_EQ(vfs_seek(fd, -5, SEEK_END), 7);
  EXPECT_EQ(read(fd, 3), "wor");
  EXPECT_EQ(vfs_seek(fd, 0, SEEK_CUR), 10);
  EXPECT_EQ(vfs_seek(fd, -11, SEEK_CUR), -EINVAL);
  EXPECT_EQ(vfs_seek(fd, 0, 9), -EINVAL);
  flexos_stat st;
  EXPECT_EQ(vfs_fstat(fd, &st), 0);
  EXPECT_EQ(st.st_size, 12);
  EXPECT_EQ(st.st_mode, static_cast<std::uint32_t>(S_IFREG | 0640));
  EXPECT_EQ(st.st_nlink, 1u);
  EXPECT_EQ(st.st_blocks, 8);
  EXPECT_EQ(vfs_close(fd), 0);
  EXPECT_EQ(vfs_close(fd), -EBADF);
}

TEST_F(Vfs, OpenFlags) {
  EXPECT_EQ(open("file", O_RDWR), -ENOENT);
  const int fd = open("file", kNew | O_EXCL);
  write(fd, "text");
  EXPECT_EQ(open("file", kNew | O_EXCL), -EEXIST);
  EXPECT_EQ(open("file", O_RDONLY | O_DIRECTORY), -ENOTDIR);
  EXPECT_EQ(open("file/", O_RDONLY), -ENOTDIR);
  EXPECT_EQ(open("other/", kNew), -EISDIR);
  EXPECT_EQ(open(".", O_RDWR), -EISDIR);
  EXPECT_EQ(open("file/x", kNew), -ENOTDIR);
  EXPECT_EQ(open("no/x", kNew), -ENOENT);
  EXPECT_EQ(open("file", O_ACCMODE), -EINVAL);
  EXPECT_EQ(open(std::string(256, 'x'), kNew), -ENAMETOOLONG);
  EXPECT_EQ(open(std::string(5000, 'x'), kNew), -ENAMETOOLONG);
  EXPECT_EQ(open(std::string("a\0b", 3), kNew), -EINVAL);
  EXPECT_EQ(open("", kNew), -ENOENT);

  const int reader = open("file", O_RDONLY);
  EXPECT_EQ(write(reader, "x"), -EBADF);
  EXPECT_EQ(vfs_truncate(reader, 0), -EINVAL);
  const int writer = open("file", O_WRONLY | O_APPEND);
  char byte = 0;
  EXPECT_EQ(vfs_read(writer, &byte, 1, -1), -EBADF);
  vfs_seek(writer, 1, SEEK_SET);
  EXPECT_EQ(write(writer, "+"), 1);
  EXPECT_EQ(vfs_seek(writer, 0, SEEK_CUR), 5);
  EXPECT_EQ(read(reader, 10), "text+");
  const int emptied = open("file", O_WRONLY | O_TRUNC);
  EXPECT_EQ(read(reader, 10, 0), "");
  for (const int each : {fd, reader, writer, emptied}) EXPECT_EQ(vfs_close(each), 0);
}

TEST_F(Vfs, AnUnlinkedFileLivesUntilItsLastClose) {
  const int fd = open("file", kNew);
  write(fd, "still here");
  flexos_stat st;
  ASSERT_EQ(vfs_fstat(fd, &st), 0);
  const std::uint64_t number = st.st_ino;
  EXPECT_EQ(unlink("file"), 0);
  EXPECT_EQ(stat("file", &st), -ENOENT);
  const int copy = vfs_dup(fd);
  EXPECT_EQ(vfs_close(fd), 0);
  EXPECT_EQ(read(copy, 20, 0), "still here");
  EXPECT_EQ(vfs_fstat(copy, &st), 0);
  EXPECT_EQ(st.st_nlink, 0u);
  EXPECT_EQ(vfs_close(copy), 0);
  const int other = open("file", kNew);
  EXPECT_EQ(vfs_fstat(other, &st), 0);
  EXPECT_NE(st.st_ino, number);  // a number is never used twice
  EXPECT_EQ(vfs_close(other), 0);
}

TEST_F(Vfs, SparseFiles) {
  const int fd = open("file", kNew);
  const std::int64_t far = std::int64_t{40} << 30;
  EXPECT_EQ(write(fd, "end", far), 3);
  EXPECT_EQ(write(fd, "middle", (1 << 21) - 3), 6);
  EXPECT_EQ(read(fd, 4, far - 2), std::string("\0\0en", 4));
  EXPECT_EQ(read(fd, 8, (1 << 21) - 4), std::string("\0middle\0", 8));
  EXPECT_EQ(read(fd, 100, 5000), std::string(100, '\0'));
  flexos_stat st;
  EXPECT_EQ(vfs_fstat(fd, &st), 0);
  EXPECT_EQ(st.st_size, far + 3);
  EXPECT_EQ(st.st_blocks, 3 * 8);
  EXPECT_EQ(vfs_truncate(fd, (1 << 21) - 1), 0);
  EXPECT_EQ(vfs_truncate(fd, 1 << 22), 0);
  EXPECT_EQ(read(fd, 6, (1 << 21) - 3), std::string("mi\0\0\0\0", 6));  // what was cut off is gone
  EXPECT_EQ(vfs_truncate(fd, INT64_MAX), -EFBIG);
  EXPECT_EQ(write(fd, "x", INT64_MAX), -EFBIG);
  EXPECT_EQ(vfs_truncate(fd, -1), -EINVAL);
  EXPECT_EQ(vfs_truncate(fd, 0), 0);
  EXPECT_EQ(vfs_fstat(fd, &st), 0);
  EXPECT_EQ(st.st_blocks, 0);
  EXPECT_EQ(vfs_close(fd), 0);
}

TEST_F(Vfs, MemoryThatEndsIsAShortWrite) {
  const int fd = open("file", kNew);
  const std::string megabyte(1 << 20, 'x');
  std::int64_t at = 0;
  std::int64_t n = 0;
  while ((n = write(fd, megabyte, at)) > 0) at += n;
  EXPECT_EQ(n, -ENOSPC);
  EXPECT_GT(at, static_cast<std::int64_t>(fake::kArena) / 10 * 9);
  flexos_stat st;
  EXPECT_EQ(vfs_fstat(fd, &st), 0);
  EXPECT_EQ(st.st_size, at);
  EXPECT_EQ(unlink("file"), 0);
  EXPECT_EQ(vfs_close(fd), 0);
  const int again = open("again", kNew);
  EXPECT_EQ(write(again, megabyte), 1 << 20);
  EXPECT_EQ(vfs_close(again), 0);
}

TEST_F(Vfs, DirectoriesAndRenaming) {
  EXPECT_EQ(make_directory("d"), 0);
  EXPECT_EQ(make_directory("d"), -EEXIST);
  EXPECT_EQ(make_directory("d/e/"), 0);
  vfs_close(open("d/e/f", kNew));
  EXPECT_EQ(remove_directory("d"), -ENOTEMPTY);
  EXPECT_EQ(remove_directory("d/e/f"), -ENOTDIR);
  EXPECT_EQ(unlink("d/e"), -EISDIR);
  EXPECT_EQ(rename("d", "d/e/g"), -EINVAL);
  EXPECT_EQ(rename("d", "d"), 0);
  EXPECT_EQ(rename("d/e", "e"), 0);
  flexos_stat st;
  EXPECT_EQ(stat("e/f", &st), 0);
  EXPECT_EQ(stat("d/e", &st), -ENOENT);
  EXPECT_EQ(stat("e/../d/./../e/f", &st), 0);
  EXPECT_EQ(stat("e/f/", &st), -ENOTDIR);
  EXPECT_EQ(rename("e/f", "d"), -EISDIR);
  EXPECT_EQ(rename("d", "e/f"), -ENOTDIR);
  EXPECT_EQ(rename("d", "e"), -ENOTEMPTY);
  EXPECT_EQ(rename("e", "d"), 0);
  EXPECT_EQ(rename("/", "x"), -EBUSY);
  EXPECT_EQ(rename("d", "/"), -EBUSY);
  EXPECT_EQ(rename("nothing", "x"), -ENOENT);
  EXPECT_EQ(remove_directory("/"), -EBUSY);
  EXPECT_EQ(stat("d", &st), 0);
  EXPECT_EQ(st.st_nlink, 2u);
  EXPECT_EQ(stat(".", &st), 0);
  EXPECT_EQ(st.st_nlink, 3u);

  // Over an existing file, which somebody still reads.
  const int a = open("a", kNew);
  const int b = open("b", kNew);
  write(a, "A");
  write(b, "B");
  EXPECT_EQ(rename("a", "b"), 0);
  EXPECT_EQ(read(b, 5, 0), "B");
  const int now = open("b", O_RDONLY);
  EXPECT_EQ(read(now, 5), "A");
  for (const int fd : {a, b, now}) vfs_close(fd);

  // A removed directory takes no new names.
  EXPECT_EQ(make_directory("gone"), 0);
  const int gone = open("gone", O_RDONLY | O_DIRECTORY);
  EXPECT_EQ(remove_directory("gone"), 0);
  char text[256];
  EXPECT_EQ(vfs_getdents(gone, text, sizeof text), 0);
  EXPECT_EQ(vfs_close(gone), 0);
}

TEST_F(Vfs, ListsWhileNamesComeAndGo) {
  std::set<std::string> expected = {".", ".."};
  for (int i = 0; i < 300; i++) {
    const std::string name =
        "name" + std::to_string(i) + std::string(static_cast<size_t>(i) % 50, 'x');
    vfs_close(open(name, kNew));
    expected.insert(name);
  }
  const int fd = open(".", O_RDONLY | O_DIRECTORY);
  std::set<std::string> seen;
  char text[256];
  std::int64_t n = 0;
  EXPECT_EQ(vfs_getdents(fd, text, 10), -EINVAL);
  while ((n = vfs_getdents(fd, text, sizeof text)) > 0) {
    for (const std::string& name : names(text, static_cast<size_t>(n))) {
      EXPECT_TRUE(seen.insert(name).second) << name;
      if (name[0] == 'n') {
        EXPECT_EQ(unlink(name), 0);
      }
    }
  }
  EXPECT_EQ(n, 0);
  EXPECT_EQ(seen, expected);
  EXPECT_EQ(vfs_close(fd), 0);
}

TEST_F(Vfs, CurrentDirectory) {
  char text[64];
  EXPECT_EQ(vfs_getcwd(text, sizeof text), 18);
  EXPECT_STREQ(text, "/CurrentDirectory");
  EXPECT_EQ(vfs_getcwd(text, 17), -ERANGE);
  EXPECT_EQ(make_directory("d"), 0);
  EXPECT_EQ(vfs_chdir("./d/", 4), 0);
  EXPECT_EQ(vfs_getcwd(text, sizeof text), 20);
  EXPECT_STREQ(text, "/CurrentDirectory/d");
  EXPECT_EQ(vfs_chdir("nowhere", 7), -ENOENT);
  vfs_close(open("../f", kNew));
  EXPECT_EQ(vfs_chdir("../f", 4), -ENOTDIR);
  EXPECT_EQ(vfs_chdir("../../../..", 11), 0);
  EXPECT_EQ(vfs_getcwd(text, sizeof text), 2);
  EXPECT_STREQ(text, "/");
}

TEST_F(Vfs, Descriptors) {
  const int a = open("file", kNew | O_CLOEXEC);
  write(a, "0123456789");
  EXPECT_EQ(vfs_fcntl(a, F_GETFD, 0), FD_CLOEXEC);
  EXPECT_EQ(vfs_fcntl(a, F_SETFD, 0), 0);
  EXPECT_EQ(vfs_fcntl(a, F_GETFD, 0), 0);
  EXPECT_EQ(vfs_fcntl(a, F_GETFL, 0), O_RDWR);
  EXPECT_EQ(vfs_fcntl(a, F_SETFL, O_APPEND | O_WRONLY), 0);
  EXPECT_EQ(vfs_fcntl(a, F_GETFL, 0), O_RDWR | O_APPEND);
  const int b = vfs_fcntl(a, F_DUPFD, 100);
  EXPECT_EQ(b, 100);
  vfs_seek(a, 3, SEEK_SET);
  EXPECT_EQ(read(b, 2), "34");  // one offset
  EXPECT_EQ(vfs_dup2(a, 100, 0), 100);
  EXPECT_EQ(vfs_dup2(a, 200, O_CLOEXEC), 200);
  EXPECT_EQ(vfs_fcntl(200, F_GETFD, 0), FD_CLOEXEC);
  EXPECT_EQ(vfs_dup2(a, a, 0), -EINVAL);
  EXPECT_EQ(vfs_dup2(a, -1, 0), -EBADF);
  EXPECT_EQ(vfs_dup2(999, 5, 0), -EBADF);
  EXPECT_EQ(vfs_fcntl(a, F_DUPFD, 5000), -EINVAL);
  EXPECT_EQ(vfs_fcntl(a, 77, 0), -EINVAL);
  for (const int fd : {a, 100, 200}) EXPECT_EQ(vfs_close(fd), 0);

  std::vector<int> all;
  int fd = 0;
  while ((fd = open("file", O_RDONLY)) >= 0) all.push_back(fd);
  EXPECT_EQ(fd, -EMFILE);
  EXPECT_EQ(all.size(), FLEXOS_DESCRIPTORS - 3u);
  for (const int each : all) EXPECT_EQ(vfs_close(each), 0);
  EXPECT_EQ(open("file", O_RDONLY), 3);
  EXPECT_EQ(vfs_close(3), 0);
}

TEST_F(Vfs, RecordLocks) {
  const int fd = open("file", kNew);
  flexos_flock lock{};
  lock.l_type = F_WRLCK;
  lock.l_start = 0x40000000;
  lock.l_len = 510;
  EXPECT_EQ(vfs_lock(fd, F_SETLK, &lock), 0);
  EXPECT_EQ(vfs_lock(fd, F_GETLK, &lock), 0);
  EXPECT_EQ(lock.l_type, F_UNLCK);
  EXPECT_EQ(lock.l_len, 510);
  EXPECT_EQ(vfs_lock(fd, F_SETLK, &lock), 0);
  lock.l_start = -1;
  EXPECT_EQ(vfs_lock(fd, F_SETLK, &lock), -EINVAL);
  lock = {};
  lock.l_start = INT64_MAX;
  lock.l_len = 1;
  EXPECT_EQ(vfs_lock(fd, F_SETLK, &lock), -EINVAL);
  lock = {};
  lock.l_type = 9;
  EXPECT_EQ(vfs_lock(fd, F_SETLK, &lock), -EINVAL);
  EXPECT_EQ(vfs_lock(fd, F_GETFD, &lock), -EINVAL);
  EXPECT_EQ(vfs_lock(fd, F_SETLK, nullptr), -EFAULT);
  const int reader = open("file", O_RDONLY);
  lock = {};
  lock.l_type = F_WRLCK;
  EXPECT_EQ(vfs_lock(reader, F_SETLK, &lock), -EBADF);
  vfs_close(fd);
  vfs_close(reader);
}

TEST_F(Vfs, TimesAreSetWhenSomebodyLooks) {
  const int fd = open("file", kNew);
  flexos_stat st;
  EXPECT_EQ(vfs_fstat(fd, &st), 0);
  const std::int64_t first = st.st_mtim.seconds * 1'000'000'000 + st.st_mtim.nanoseconds;
  fake::platform.clock += 5;
  EXPECT_EQ(vfs_fstat(fd, &st), 0);
  EXPECT_EQ(st.st_mtim.nanoseconds, first % 1'000'000'000);  // nothing has changed
  write(fd, "x");
  fake::platform.clock += 5;
  EXPECT_EQ(vfs_sync(fd), 0);
  fake::platform.clock += 100;
  EXPECT_EQ(vfs_fstat(fd, &st), 0);
  EXPECT_EQ(st.st_mtim.nanoseconds, first % 1'000'000'000 + 10);
  EXPECT_EQ(vfs_chmod(fd, 0600), 0);
  EXPECT_EQ(vfs_fstat(fd, &st), 0);
  EXPECT_EQ(st.st_mtim.nanoseconds, first % 1'000'000'000 + 10);
  EXPECT_EQ(st.st_ctim.nanoseconds, first % 1'000'000'000 + 110);
  EXPECT_EQ(st.st_mode & 0777, 0600u);
  vfs_close(fd);
}

TEST_F(Vfs, Access) {
  vfs_close(open("plain", kNew, 0644));
  vfs_close(open("runs", kNew, 0755));
  EXPECT_EQ(access("plain", F_OK), 0);
  EXPECT_EQ(access("plain", R_OK | W_OK), 0);
  EXPECT_EQ(access("plain", X_OK), -EACCES);
  EXPECT_EQ(access("runs", X_OK), 0);
  EXPECT_EQ(access(".", X_OK), 0);
  EXPECT_EQ(access("nothing", F_OK), -ENOENT);
  EXPECT_EQ(access("plain", 8), -EINVAL);
}

}  // namespace
}  // namespace flexos
