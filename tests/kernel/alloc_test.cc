#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <random>
#include <set>
#include <vector>

#include "alloc/size_class.h"
#include "fake_platform.h"
#include "renamed_alloc.h"

namespace flexos::heap {
namespace {

using fake::fault_of;

std::uintptr_t address(const void* p) { return reinterpret_cast<std::uintptr_t>(p); }

TEST(SizeClass, EverySizeIsInTheSmallestClassThatHoldsIt) { EXPECT_TRUE(classes_are_right()); }

TEST(SizeClass, AtMostAnEighthIsWaste) {
  for (std::size_t size = 129; size <= kLargestSmall; size++) {
    ASSERT_LE(kClassTable.entry[class_of(size)].size - size, size / 8) << size;
  }
}

TEST(Alloc, BlocksAreDistinctAlignedAndLargeEnough) {
  std::map<std::uintptr_t, std::size_t> blocks;
  for (std::size_t size = 0; size < 20'000; size += 1 + size / 16) {
    void* p = malloc(size);
    ASSERT_NE(p, nullptr);
    ASSERT_EQ(address(p) % 16, 0u);
    ASSERT_GE(alloc_size(p), size);
    std::memset(p, 0xab, alloc_size(p));
    blocks[address(p)] = alloc_size(p);
  }
  std::uintptr_t end = 0;
  for (const auto& [start, size] : blocks) {
    EXPECT_GE(start, end);
    end = start + size;
  }
  for (const auto& [start, size] : blocks) free(reinterpret_cast<void*>(start));
}

TEST(Alloc, CallocClears) {
  for (std::size_t size : {1u, 100u, 5000u, 100'000u}) {
    void* dirty = malloc(size);
    std::memset(dirty, 0xff, size);
    free(dirty);
    auto* p = static_cast<unsigned char*>(calloc(size, 1));
    for (std::size_t i = 0; i < size; i++) ASSERT_EQ(p[i], 0);
    free(p);
  }
}

TEST(Alloc, PagesAreZeroAndOnPages) {
  for (std::size_t count = 1; count < 40; count++) {
    auto* p = static_cast<unsigned char*>(alloc_pages(count));
    ASSERT_EQ(address(p) % kPage, 0u);
    for (std::size_t i = 0; i < count * kPage; i++) ASSERT_EQ(p[i], 0);
    std::memset(p, 0xff, count * kPage);
    alloc_put(p);
  }
  EXPECT_EQ(alloc_pages(0), nullptr);
  EXPECT_EQ(alloc_pages(SIZE_MAX), nullptr);
  EXPECT_EQ(alloc_pages(SIZE_MAX / kPage), nullptr);
}

TEST(Alloc, Alignments) {
  std::vector<void*> all;
  for (std::size_t align = 16; align <= (1 << 20); align *= 2) {
    for (std::size_t size : {1u, 24u, 100u, 1000u, 5000u, 70'000u}) {
      void* p = memalign(align, size);
      ASSERT_NE(p, nullptr);
      ASSERT_EQ(address(p) % align, 0u);
      ASSERT_GE(malloc_usable_size(p), size);
      std::memset(p, 1, size);
      all.push_back(p);
    }
  }
  for (void* p : all) free(p);
  errno = 0;
  EXPECT_EQ(memalign(24, 1), nullptr);
  EXPECT_EQ(errno, EINVAL);
  void* p = &all;
  EXPECT_EQ(posix_memalign(&p, 4, 1), EINVAL);
  EXPECT_EQ(posix_memalign(&p, 64, SIZE_MAX), ENOMEM);
  EXPECT_EQ(p, &all);
  EXPECT_EQ(alloc_get(8, 3), nullptr);
}

TEST(Alloc, OutOfMemoryIsNullAndErrno) {
  for (std::size_t size : {SIZE_MAX, SIZE_MAX - 4096, SIZE_MAX / 2, fake::kArena}) {
    errno = 0;
    EXPECT_EQ(malloc(size), nullptr);
    EXPECT_EQ(errno, ENOMEM);
  }
  errno = 0;
  EXPECT_EQ(calloc(SIZE_MAX / 2, 3), nullptr);
  EXPECT_EQ(errno, ENOMEM);
  errno = 0;
  EXPECT_EQ(alloc_get(SIZE_MAX, 0), nullptr);
  EXPECT_EQ(errno, 0);

  void* p = malloc(100);
  std::memset(p, 7, 100);
  EXPECT_EQ(realloc(p, SIZE_MAX), nullptr);
  EXPECT_EQ(static_cast<char*>(p)[99], 7);
  free(p);
}

TEST(Alloc, WhatWasFilledUpCanBeUsedAgainAsOne) {
  for (std::size_t size : {48u, 4096u, 8192u, 100'000u}) {
    std::vector<void*> all;
    while (void* p = alloc_get(size, 0)) all.push_back(p);
    EXPECT_GT(all.size() * size, fake::kArena / 10 * 8) << size;
    for (void* p : all) alloc_put(p);
    void* most = malloc(fake::kArena / 10 * 8);
    EXPECT_NE(most, nullptr) << size;
    free(most);
  }
}

TEST(Alloc, LargeBlocksGrowInPlaceWhereThereIsRoom) {
  auto* p = static_cast<char*>(malloc(4'000'000));
  p[99'999] = 42;
  ASSERT_EQ(realloc(p, 100'000), p);
  auto* grown = static_cast<char*>(realloc(p, 4'000'000));
  EXPECT_EQ(grown, p);
  EXPECT_EQ(grown[99'999], 42);
  auto* shrunk = static_cast<char*>(realloc(grown, 50'000));
  EXPECT_EQ(shrunk, grown);
  EXPECT_LT(alloc_size(shrunk), 60'000u);
  free(shrunk);
}

TEST(Alloc, MisuseIsAFault) {
  for (std::size_t size : {20u, 600u, 8000u, 100'000u}) {
    auto* p = static_cast<char*>(malloc(size));
    auto* other = static_cast<char*>(malloc(size));
    EXPECT_EQ(fault_of([&] { free(p + 16); }).kind, "heap") << size;
    EXPECT_EQ(fault_of([&] { free(p + 1); }).kind, "heap") << size;
    EXPECT_EQ(fault_of([&] { realloc(p + 8, 1); }).kind, "heap") << size;
    free(p);
    const fake::Fault twice = fault_of([&] { free(p); });
    EXPECT_EQ(twice.kind, "heap") << size;
    EXPECT_EQ(twice.address, address(p));
    EXPECT_EQ(fault_of([&] { (void)malloc_usable_size(p); }).kind, "heap") << size;
    free(other);
  }
  int local = 0;
  EXPECT_EQ(fault_of([&] { free(&local); }).kind, "heap");
  EXPECT_EQ(fault_of([&] { free(reinterpret_cast<void*>(16)); }).kind, "heap");
  EXPECT_EQ(fault_of([&] { free(reinterpret_cast<void*>(~std::uintptr_t{15})); }).kind, "heap");
  EXPECT_EQ(fault_of([] { free(nullptr); }).kind, "");
}

// Every block carries a canary in all its bytes; whoever overlaps, moves or forgets is found out.
TEST(Alloc, StressWithCanaries) {
  struct Block {
    unsigned char* at;
    std::size_t size;
    unsigned char canary;
  };
  std::mt19937_64 random(7);
  std::vector<Block> blocks;
  auto check = [](const Block& b) {
    for (std::size_t i = 0; i < b.size; i++) {
      if (b.at[i] != b.canary) return false;
    }
    return true;
  };
  auto some_size = [&]() -> std::size_t {
    const std::size_t most = std::size_t{1} << (random() % 18);
    return random() % most;
  };
  for (int step = 0; step < 300'000; step++) {
    const auto choice = random() % 8;
    if (blocks.empty() || (choice < 4 && blocks.size() < 3000)) {
      Block b{nullptr, some_size(), static_cast<unsigned char>(random())};
      const bool zero = random() % 4 == 0;
      b.at = static_cast<unsigned char*>(zero ? calloc(b.size, 1) : malloc(b.size));
      ASSERT_NE(b.at, nullptr);
      if (zero) {
        for (std::size_t i = 0; i < b.size; i++) ASSERT_EQ(b.at[i], 0);
      }
      std::memset(b.at, b.canary, b.size);
      blocks.push_back(b);
      continue;
    }
    Block& b = blocks[random() % blocks.size()];
    ASSERT_TRUE(check(b));
    if (choice < 7) {
      free(b.at);
      b = blocks.back();
      blocks.pop_back();
    } else {
      const std::size_t size = some_size();
      b.at = static_cast<unsigned char*>(realloc(b.at, size));
      b.size = std::min(b.size, size);
      ASSERT_TRUE(check(b));
      b.size = size;
      std::memset(b.at, b.canary, size);
    }
  }
  for (const Block& b : blocks) {
    EXPECT_TRUE(check(b));
    free(b.at);
  }
  void* most = malloc(fake::kArena / 2);
  EXPECT_NE(most, nullptr);
  free(most);
}

}  // namespace
}  // namespace flexos::heap
