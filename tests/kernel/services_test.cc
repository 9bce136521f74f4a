#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <string>
#include <vector>

#include "console/console.h"
#include "fake_platform.h"
#include "random/random.h"
#include "time/time.h"

namespace flexos {
namespace {

using fake::platform;

class Services : public ::testing::Test {
 protected:
  void SetUp() override { platform = {}; }
};

TEST_F(Services, ConsoleWritesAllOfIt) {
  platform.console_takes = 3;
  EXPECT_EQ(console_write("Hello, world", 12), 12);
  EXPECT_EQ(platform.written, "Hello, world");
  platform.console_takes = 0;
  EXPECT_EQ(console_write("x", 1), -EIO);
  EXPECT_EQ(console_write(nullptr, 0), 0);
  EXPECT_EQ(console_write(nullptr, 1), -EFAULT);
  EXPECT_EQ(console_write("x", SIZE_MAX), -EINVAL);
}

TEST_F(Services, ConsoleReadsWhatIsThere) {
  char text[8] = {};
  EXPECT_EQ(console_read(text, 8), 0);
  platform.typed = "ab\rc";
  EXPECT_EQ(console_read(text, 3), 3);
  EXPECT_EQ(std::string(text, 3), "ab\n");
  EXPECT_EQ(console_read(text, 3), 1);
  EXPECT_EQ(console_read(nullptr, 1), -EFAULT);
  EXPECT_EQ(console_read(text, SIZE_MAX), -EINVAL);
}

TEST_F(Services, Clocks) {
  EXPECT_EQ(time_now(1), platform.clock);
  EXPECT_EQ(time_now(0), platform.wall_clock);
  platform.clock += 17;
  platform.wall_clock = 3;  // the host's clock is set back: nobody here notices
  EXPECT_EQ(time_now(0), fake::Platform{}.wall_clock + 17);
  EXPECT_EQ(time_now(2), platform.busy);
  EXPECT_EQ(time_now(3), -EINVAL);
  EXPECT_EQ(time_now(-1), -EINVAL);
  EXPECT_EQ(time_set(0, 1'000'000'000), 0);
  platform.clock += 5;
  EXPECT_EQ(time_now(0), 1'000'000'005);
  EXPECT_EQ(time_now(1), platform.clock);
  EXPECT_EQ(time_set(1, 5), -EINVAL);
  EXPECT_EQ(time_set(0, -1), -EINVAL);
  EXPECT_EQ(time_set(0, INT64_MAX), -EINVAL);
  EXPECT_EQ(time_now(0), 1'000'000'005);
}

// Its state lives as long as the program, so this is one test: the order matters.
TEST_F(Services, Random) {
  std::uint8_t bytes[1000] = {};
  platform.random = false;
  EXPECT_EQ(random_bytes(bytes, 32), -EIO);  // never seeded: no weaker answer
  EXPECT_EQ(*std::max_element(bytes, bytes + 32), 0);

  // Key 0 (seed and clock are 0): the stream of RFC 8439, A.1, whose first 32 bytes are the next
  // key.
  platform.random = true;
  platform.clock = 0;
  EXPECT_EQ(random_bytes(bytes, 32), 0);
  const std::vector<std::uint8_t> expected = {0xda, 0x41, 0x59, 0x7c, 0x51, 0x57, 0x48, 0x8d,
                                              0x77, 0x24, 0xe0, 0x3f, 0xb8, 0xd8, 0x4a, 0x37,
                                              0x6a, 0x43, 0xb8, 0xf4, 0x15, 0x18, 0xa1, 0x1c,
                                              0xc3, 0x87, 0xb6, 0x69, 0xb2, 0xee, 0x65, 0x86};
  EXPECT_EQ(std::vector<std::uint8_t>(bytes, bytes + 32), expected);

  // Goes on across refills, never the same again.
  std::vector<std::string> seen;
  for (int i = 0; i < 2000; i++) {
    EXPECT_EQ(random_bytes(bytes, 16), 0);
    seen.emplace_back(reinterpret_cast<char*>(bytes), 16);
  }
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(std::adjacent_find(seen.begin(), seen.end()), seen.end());
  EXPECT_EQ(random_bytes(bytes, sizeof bytes), 0);
  int ones = 0;
  for (const std::uint8_t byte : bytes) ones += __builtin_popcount(byte);
  EXPECT_NEAR(ones, 4000, 300);

  // A source that fails later takes nothing away.
  platform.random = false;
  platform.clock += 3600LL * 1'000'000'000;
  EXPECT_EQ(random_bytes(bytes, 16), 0);

  EXPECT_EQ(random_bytes(nullptr, 1), -EFAULT);
  EXPECT_EQ(random_bytes(bytes, SIZE_MAX), -EINVAL);
  EXPECT_EQ(random_bytes(nullptr, 0), 0);
}

}  // namespace
}  // namespace flexos
