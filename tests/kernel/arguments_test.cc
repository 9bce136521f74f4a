#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

#include "console/console.h"
#include "fake_platform.h"
#include "ramfs/ramfs.h"
#include "random/random.h"
#include "sched/sched.h"
#include "time/time.h"
#include "vfs/vfs.h"

// What an attacker would send: any number in any place. Lengths are either within the buffer (the
// gate has seen to that) or beyond what any buffer can have. Nothing may crash, and the buffer's
// neighbours stay as they were.

namespace flexos {
namespace {

class Arguments : public ::testing::TestWithParam<unsigned> {};

TEST_P(Arguments, AreChecked) {
  constexpr std::size_t kBuffer = 9000;
  constexpr std::size_t kMargin = 64;
  std::vector<char> memory(kBuffer + 2 * kMargin, '#');
  char* buffer = memory.data() + kMargin;
  std::mt19937_64 random(GetParam());
  auto pick = [&](std::initializer_list<std::int64_t> list) {
    return list.begin()[random() % list.size()];
  };
  auto number = [&]() -> std::int64_t {
    switch (random() % 4) {
      case 0:
        return pick({0, 1, -1, -2, 4095, 4096, 4097, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN,
                     INT64_MAX - 4095, std::int64_t{1} << 32, std::int64_t{1} << 47});
      case 1:
        return static_cast<std::int64_t>(random());
      default:
        return static_cast<std::int64_t>(random() % 10'000);
    }
  };
  auto integer = [&] { return static_cast<int>(number()); };
  auto length = [&](std::size_t most) -> std::size_t {
    if (random() % 8 == 0) return SIZE_MAX - random() % 3 * 1000;
    return random() % (most + 1);
  };
  auto descriptor = [&] { return random() % 8 == 0 ? integer() : static_cast<int>(random() % 12); };
  auto path = [&](std::size_t* n) {
    if (random() % 30 == 0) {
      *n = length(kBuffer);
    } else {
      *n = random() % 8;
    }
    if (*n > 100) return static_cast<const char*>(buffer);
    for (std::size_t i = 0; i < *n; i++) buffer[i] = "ab/.\0/ba"[random() % 8];
    return static_cast<const char*>(random() % 50 == 0 ? nullptr : buffer);
  };
  auto inode = [&]() -> std::uint64_t {
    return random() % 4 == 0 ? static_cast<std::uint64_t>(number()) : random() % 12;
  };
  for (int step = 0; step < 40'000; step++) {
    std::size_t n = 0;
    std::size_t m = 0;
    flexos_stat st;
    flexos_flock lock{};
    std::memset(&lock, static_cast<int>(random() % 3), sizeof lock);
    lock.l_start = number();
    std::int64_t cursor = number();
    switch (random() % 32) {
      case 0:
      case 1:
      case 2:
        if (const char* p = path(&n)) vfs_open(p, n, integer() & ~FLEXOS_O_APPEND, integer());
        break;
      case 3:
        vfs_close(descriptor());
        break;
      case 4:
      case 5:
        n = length(kBuffer);
        vfs_read(descriptor(), buffer, n, number());
        break;
      case 6:
      case 7:
        n = length(kBuffer);
        vfs_write(descriptor(), buffer, n, number());
        break;
      case 8:
        vfs_seek(descriptor(), number(), integer() % 4);
        break;
      case 9:
        if (const char* p = path(&n)) vfs_stat(p, n, random() % 9 ? &st : nullptr);
        break;
      case 10:
        vfs_fstat(descriptor(), random() % 9 ? &st : nullptr);
        break;
      case 11:
        vfs_truncate(descriptor(), number());
        break;
      case 12:
        vfs_sync(descriptor());
        break;
      case 13:
        if (const char* p = path(&n)) vfs_unlink(p, n);
        break;
      case 14:
        if (const char* p = path(&n)) vfs_mkdir(p, n, integer());
        break;
      case 15:
        if (const char* p = path(&n)) vfs_rmdir(p, n);
        break;
      case 16: {
        const char* p = path(&n);
        m = random() % 6;
        if (p != nullptr) vfs_rename(p, n, "a/b/ab" + random() % 3, m > 3 ? 3 : m);
        break;
      }
      case 17:
        if (const char* p = path(&n)) vfs_access(p, n, integer());
        break;
      case 18:
        vfs_chmod(descriptor(), integer());
        break;
      case 19:
        vfs_fcntl(descriptor(), integer() % 12, number());
        break;
      case 20:
        vfs_lock(descriptor(), static_cast<int>(random() % 9), &lock);
        break;
      case 21:
        vfs_dup(descriptor());
        break;
      case 22:
        vfs_dup2(descriptor(), descriptor(), random() % 2 ? 0 : integer());
        break;
      case 23:
        n = length(kBuffer);
        vfs_getdents(descriptor(), buffer, n);
        break;
      case 24:
        if (const char* p = path(&n)) vfs_chdir(p, n);
        break;
      case 25:
        n = length(kBuffer);
        vfs_getcwd(buffer, n);
        break;
      case 26:
        n = length(kBuffer);
        ramfs_read(inode(), buffer, n, number());
        break;
      case 27:
        n = length(kBuffer);
        ramfs_list(inode(), buffer, n, &cursor);
        break;
      case 28:
        n = length(20);
        ramfs_write(inode(), buffer, n, number());
        break;
      case 29: {
        const char* p = path(&n);
        ramfs_remove(inode(), p, n, integer());
        ramfs_stat(inode(), p, n, &st);
        ramfs_size(inode());
        ramfs_truncate(inode(), number());
        break;
      }
      case 30:
        n = length(kBuffer);
        random_bytes(buffer, n);
        console_read(buffer, n);
        time_now(integer());
        break;
      default:
        thread_wake(integer());
        thread_signal(static_cast<std::uint64_t>(number()), integer());
        break;
    }
    for (std::size_t i = 0; i < kMargin; i++) {
      ASSERT_EQ(memory[i], '#') << step;
      ASSERT_EQ(memory[kMargin + kBuffer + i], '#') << step;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Arguments, ::testing::Range(0u, 6u));

}  // namespace
}  // namespace flexos
