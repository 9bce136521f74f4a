#include "codegen/fault.h"

#include <gtest/gtest.h>

#include <random>

#include "codegen/test_elf.h"
#include "codegen/test_image.h"

namespace flexos {
namespace {

Elf image() {
  auto elf = Elf::parse(ElfWriter()
                            .section(".nucleus.text", 0x100000, {0xc3})
                            .section(".text", 0x1000000, ElfWriter::Bytes(64, 0x90))
                            .section(".more", 0x1100000, ElfWriter::Bytes(64, 0x90))
                            .section(".data.2", 0x1408000, ElfWriter::Bytes(64, 0), 6)
                            .symbol("def.sqlite.step", 0x1000010, 16)
                            .symbol("def.vfs.open", 0x1100000, 32)
                            .symbol("journal", 0x1408000, 16, 1)
                            .write());
  EXPECT_TRUE(elf);
  return std::move(*elf);
}

std::string explain(const std::string& line, bool with_manifest = true) {
  const Manifest m = sample_manifest();
  const auto report =
      explain_fault(line, with_manifest ? &m : nullptr, image(), [](std::uint64_t address) {
        return address == 0x1000012 ? std::string("sqlite3.c:4711") : std::string();
      });
  return report ? to_text(*report) : "no fault line";
}

TEST(Fault, AWriteIntoAnotherCompartment) {
  EXPECT_EQ(
      explain("FLEXOS FAULT kind=pkey rip=0x1000012 address=0x1408008 access=w pkru=0xfffffff0 "
              "rsp=0x200fff0\n"),
      R"(fault (pkey): sqlite (compartment 1) tried to write the data of compartment 2 {vfs ramfs}
  where    def.sqlite.step+0x2 (0x1000012) at sqlite3.c:4711
  address  0x1408008: journal+0x8, the data of compartment 2 {vfs ramfs}, of ramfs, rw-, key 2
  edge     compartment 1 {sqlite sqlite-bench libc} -> compartment 2 {vfs ramfs}: mpk.full
  gates    vfs.vfs_write
  rights   reads and writes of key 0, reads and writes of key 1
  hint     if both sides mean it, declare the buffer in the entry's signature (`in`, `out`, `inout`), or have the components share a compartment (`together`); if not, the isolation just worked
)");
}

TEST(Fault, AReadOfAnotherStackWhereNoGateLeads) {
  EXPECT_EQ(
      explain("FLEXOS FAULT kind=pkey rip=0x1100004 address=0x2018008 access=r pkru=0xffffffcc "
              "rsp=0x2050000"),
      R"(fault (pkey): vfs (compartment 2) tried to read the stack of compartment 1 {sqlite sqlite-bench libc}
  where    def.vfs.open+0x4 (0x1100004)
  address  0x2018008: stack.1+0x18008, the stack of compartment 1 {sqlite sqlite-bench libc}, thread 1, rw-, key 1
  edge     compartment 2 {vfs ramfs} -> compartment 1 {sqlite sqlite-bench libc}: mpk.full
  gates    none leads that way
  rights   reads and writes of key 0, reads and writes of key 2
  hint     if both sides mean it, declare the buffer in the entry's signature (`in`, `out`, `inout`), or have the components share a compartment (`together`); if not, the isolation just worked
)");
}

TEST(Fault, WritingText) {
  EXPECT_EQ(
      explain("FLEXOS FAULT kind=page rip=0x1000010 address=0x1100000 access=w pkru=0xfffffff0 "
              "rsp=0x200fff0"),
      R"(fault (page): sqlite (compartment 1) tried to write the image's text (r-x)
  where    def.sqlite.step (0x1000010)
  address  0x1100000: def.vfs.open, the image's text, r-x, key 0
  rights   reads and writes of key 0, reads and writes of key 1
)");
}

TEST(Fault, NullAndOutgrownStacks) {
  const auto headline = [](const char* address) {
    const Manifest m = sample_manifest();
    return explain_fault(std::string("FLEXOS FAULT kind=page rip=0x1000010 address=") + address +
                             " access=r pkru=0xfffffff0 rsp=0x0",
                         &m, image())
        ->headline;
  };
  EXPECT_EQ(headline("0x8"),
            "sqlite (compartment 1) tried to read 0x8, where there is nothing: a null pointer");
  EXPECT_EQ(
      headline("0x2010ff8"),
      "sqlite (compartment 1) tried to read 0x2010ff8, where there is nothing: just below the "
      "stack of compartment 1 {sqlite sqlite-bench libc}, thread 1");
  EXPECT_EQ(headline("0x7fffffff"),
            "sqlite (compartment 1) tried to read 0x7fffffff, where there is nothing: no memory is "
            "mapped there");
  EXPECT_EQ(headline("0x100000"),
            "sqlite (compartment 1) tried to read .nucleus.text, the nucleus's own (ring 0)");
}

TEST(Fault, WhatSoftwareFound) {
  EXPECT_EQ(
      explain("FLEXOS FAULT kind=canary rip=0x1000012 address=0x0 access=- pkru=0xfffffff0 "
              "rsp=0x200fff0"),
      R"(fault (canary): sqlite (compartment 1) overwrote the end of a stack frame (stack-protector)
  where    def.sqlite.step+0x2 (0x1000012) at sqlite3.c:4711
  rights   reads and writes of key 0, reads and writes of key 1
)");
  EXPECT_EQ(
      explain("FLEXOS FAULT kind=service rip=0x1100004 address=0x2 access=- pkru=0xffffffcc "
              "rsp=0x2050000"),
      R"(fault (service): vfs (compartment 2) asked for a service of the platform that its compartment has no right to
  where    def.vfs.open+0x4 (0x1100004)
  edge     compartment 2 may ask for: nothing
  rights   reads and writes of key 0, reads and writes of key 2
)");
}

TEST(Fault, RightsOfNobodyAndBorrowedCode) {
  const Manifest m = sample_manifest();
  EXPECT_EQ(
      explain_fault("FLEXOS FAULT kind=pkey rip=0x1000012 address=0x1408008 access=w pkru=0x0 "
                    "rsp=0x0",
                    &m, image())
          ->headline,
      "sqlite, with the rights of no compartment, tried to write the data of compartment 2 "
      "{vfs ramfs}");
  EXPECT_EQ(explain_fault("FLEXOS FAULT kind=pkey rip=0x1100004 address=0x1408008 access=w "
                          "pkru=0xfffffff0 rsp=0x0",
                          &m, image())
                ->headline,
            "vfs (compartment 1), which belongs to compartment 2, tried to write the data of "
            "compartment 2 {vfs ramfs}");
}

TEST(Fault, WithoutAManifestSymbolsAreLeft) {
  EXPECT_EQ(explain("FLEXOS FAULT kind=page rip=0x1000012 address=0x1408008 access=w pkru=0x0 "
                    "rsp=0x200fff0",
                    false),
            R"(fault (page): sqlite tried to write journal+0x8 in .data.2
  where    def.sqlite.step+0x2 (0x1000012) at sqlite3.c:4711
  address  0x1408008: journal+0x8 in .data.2
)");
}

TEST(Fault, AnUndefinedInstructionOfKcfiIsACallOfTheWrongType) {
  // One trap, 16 bytes into .text: relative to its own entry.
  const auto elf = Elf::parse(ElfWriter()
                                  .section(".text", 0x1000000, ElfWriter::Bytes(64, 0x90))
                                  .section(".kcfi_traps", 0x1001000, {0x10, 0xf0, 0xff, 0xff}, 4)
                                  .symbol("def.sqlite.step", 0x1000000, 64)
                                  .write());
  ASSERT_TRUE(elf);
  EXPECT_EQ(cfi_traps(*elf), CfiTraps{0x1000010});
  const auto kind = [&](const char* rip, const char* of) {
    const auto report = explain_fault(std::string("FLEXOS FAULT kind=") + of + " rip=" + rip +
                                          " address=0x0 access=- pkru=0x0 rsp=0x0",
                                      nullptr, *elf);
    return report ? report->fault.kind : "";
  };
  EXPECT_EQ(kind("0x1000010", "ud"), "cfi");
  EXPECT_EQ(kind("0x1000012", "ud"), "ud");
  EXPECT_EQ(kind("0x1000010", "gp"), "gp");
}

TEST(Fault, TakesItsLineToTheLetterAlone) {
  const std::string good =
      "FLEXOS FAULT kind=pkey rip=0x1 address=0x2 access=w pkru=0xfffffff0 rsp=0x3";
  ASSERT_TRUE(parse_fault(good));
  EXPECT_EQ(parse_fault(good)->rsp, 3U);
  EXPECT_TRUE(parse_fault(good + "\r\n"));
  for (const std::string& bad :
       {std::string(), std::string("FLEXOS FAULT"), good + " more", " " + good, "x" + good,
        good.substr(0, good.size() - 1), std::string("FLEXOS FAULT kind=PKEY rip=0x1"),
        std::string("FLEXOS FAULT kind= rip=0x1 address=0x2 access=w pkru=0x0 rsp=0x3"),
        std::string("FLEXOS FAULT kind=a rip=1 address=0x2 access=w pkru=0x0 rsp=0x3"),
        std::string("FLEXOS FAULT kind=a rip=0x1 address=0x2 access=q pkru=0x0 rsp=0x3"),
        std::string("FLEXOS FAULT kind=a rip=0x1 address=0x2 access=w pkru=0x100000000 rsp=0x3"),
        std::string("FLEXOS FAULT kind=a rip=0x11111111111111111 address=0x2 access=w pkru=0x0 "
                    "rsp=0x3"),
        "FLEXOS FAULT kind=" + std::string(500, 'a')}) {
    EXPECT_FALSE(parse_fault(bad)) << bad;
  }
}

TEST(Fault, SurvivesAnyNumbers) {
  const Manifest m = sample_manifest();
  const Elf elf = image();
  std::mt19937_64 random(5);
  const auto any = [&] {
    char text[24];
    std::snprintf(text, sizeof text, "0x%llx",
                  static_cast<unsigned long long>(random() >> (random() % 64)));
    return std::string(text);
  };
  for (int i = 0; i < 2000; ++i) {
    const std::string line = "FLEXOS FAULT kind=pkey rip=" + any() + " address=" + any() +
                             " access=" + "rwx-"[random() % 4] + " pkru=0xfffffff0 rsp=" + any();
    const auto report = explain_fault(line, i % 2 == 0 ? &m : nullptr, elf);
    ASSERT_TRUE(report) << line;
    EXPECT_FALSE(to_text(*report).empty());
  }
}

}  // namespace
}  // namespace flexos
