#include "codegen/elf.h"

#include <gtest/gtest.h>

#include <random>

#include "codegen/test_elf.h"

namespace flexos {
namespace {

ElfWriter small() {
  return ElfWriter()
      .section(".text", 0x1000000, {0x90, 0xc3, 0x90, 0x90, 0xc3})
      .section(".data", 0x1001000, {1, 2, 3, 4}, 6)
      .symbol("start", 0x1000000, 2)
      .symbol("inner", 0x1000001, 0, 0)
      .symbol("end", 0x1000004, 1)
      .symbol("value", 0x1001000, 4, 1);
}

TEST(Elf, ReadsWhatTheWriterWrote) {
  const auto elf = Elf::parse(small().relocations(2).write());
  ASSERT_TRUE(elf) << elf.error().message;
  EXPECT_EQ(elf->type, Elf::kExecutable);
  EXPECT_EQ(elf->entry, 0x1000000U);
  ASSERT_NE(elf->section(".data"), nullptr);
  EXPECT_EQ(elf->section(".data")->address, 0x1001000U);
  EXPECT_TRUE(elf->section(".data")->writable());
  EXPECT_FALSE(elf->section(".data")->executable());
  EXPECT_EQ(elf->section_at(0x1000004)->name, ".text");
  EXPECT_EQ(elf->section_at(0x1000005), nullptr);
  ASSERT_NE(elf->symbol("value"), nullptr);
  EXPECT_TRUE(elf->symbol("value")->object());
  ASSERT_EQ(elf->memory(0x1001001, 2).size(), 2U);
  EXPECT_EQ(elf->memory(0x1001001, 2)[0], 2);
  EXPECT_TRUE(elf->memory(0x1001001, 4).empty());
  EXPECT_EQ(elf->relocations.size(), 2U);
}

TEST(Elf, NamesTheSymbolOfAnAddress) {
  const auto elf = Elf::parse(small().write());
  ASSERT_TRUE(elf);
  const SymbolIndex symbols(*elf);
  EXPECT_EQ(symbol_text(symbols, 0x1000000), "start");
  EXPECT_EQ(symbol_text(symbols, 0x1000001), "inner");
  EXPECT_EQ(symbol_text(symbols, 0x1000003), "inner+0x2");
  EXPECT_EQ(symbol_text(symbols, 0x1001003), "value+0x3");
  EXPECT_EQ(symbol_text(symbols, 0x10), "0x10");
  EXPECT_FALSE(symbols.at(0x1000003)->inside);
}

TEST(Elf, ReadsNamesOfCxx) {
  EXPECT_EQ(readable("_ZN6flexos4heap10take_pagesEmPb"),
            "flexos::heap::take_pages(unsigned long, bool*)");
  EXPECT_EQ(readable("_ZN6flexos12_GLOBAL__N_16delistEj"), "flexos::delist(unsigned int)");
  EXPECT_EQ(readable("def.vfs.open"), "def.vfs.open");
  EXPECT_EQ(readable("_Z"), "_Z");
  const std::string deep = "_Z1f" + std::string(100000, 'P') + "i";
  EXPECT_EQ(readable(deep), deep);
}

TEST(Elf, RefusesWhatItCannotUse) {
  const auto good = small().write();
  EXPECT_FALSE(Elf::parse({}));
  EXPECT_FALSE(Elf::parse({0x7f, 'E', 'L', 'F'}));
  const auto with = [&](std::size_t at, std::uint8_t value) {
    auto bytes = good;
    bytes[at] = value;
    return Elf::parse(bytes).ok();
  };
  EXPECT_TRUE(with(0, 0x7f));
  EXPECT_FALSE(with(0, 0));
  EXPECT_FALSE(with(4, 1));     // 32 bits
  EXPECT_FALSE(with(5, 2));     // big-endian
  EXPECT_FALSE(with(18, 3));    // i386
  EXPECT_FALSE(with(54, 1));    // size of program headers
  EXPECT_FALSE(with(47, 255));  // section headers far away
  EXPECT_FALSE(Elf::read("/nonexistent/image"));
  EXPECT_FALSE(Elf::read("/"));
}

/// Any file cut short anywhere and any byte changed to anything: an answer, never a crash.
TEST(Elf, SurvivesDamage) {
  const auto good = small().relocations(3).write();
  for (std::size_t n = 0; n < good.size(); n += 13) {
    (void)Elf::parse({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(n)});
  }
  std::mt19937 random(1);
  for (int round = 0; round < 20000; ++round) {
    auto bytes = good;
    for (int k = 0; k < 3; ++k) {
      // Most of the file is padding; the headers stand at both ends.
      const std::size_t n = random() % 1200;
      const std::size_t at = n < 400 ? n : bytes.size() - 1 - (n - 400) % bytes.size();
      bytes[at] = static_cast<std::uint8_t>(random() % 4 == 0 ? 0xff : random());
    }
    const auto elf = Elf::parse(std::move(bytes));
    if (!elf) continue;
    const SymbolIndex symbols(*elf);
    (void)symbol_text(symbols, 0x1000002);
    for (const auto& s : elf->sections) (void)elf->bytes(s);
    for (const auto& s : elf->segments) (void)elf->bytes(s);
    (void)elf->memory(0x1000001, 3);
  }
}

}  // namespace
}  // namespace flexos
