#include "codegen/scan.h"

#include <gtest/gtest.h>

#include <random>

#include "codegen/test_elf.h"
#include "codegen/test_image.h"

namespace flexos {
namespace {

using Bytes = ElfWriter::Bytes;

Elf parse(const ElfWriter& writer) {
  auto elf = Elf::parse(writer.write());
  EXPECT_TRUE(elf) << (elf ? "" : elf.error().message);
  return elf ? std::move(*elf) : Elf{};
}

/// Both methods; they must agree on every file that any test looks at.
Scan scan(const ElfWriter& writer, const Manifest* manifest = nullptr) {
  const Elf elf = parse(writer);
  Scan filtered = scan_image(elf, manifest, Method::filtered);
  const Scan everything = scan_image(elf, manifest, Method::everything);
  EXPECT_EQ(filtered.findings.size(), everything.findings.size());
  for (std::size_t i = 0; i < std::min(filtered.findings.size(), everything.findings.size()); ++i) {
    const Finding& a = filtered.findings[i];
    const Finding& b = everything.findings[i];
    EXPECT_EQ(a.address, b.address);
    EXPECT_EQ(name(a.sequence), name(b.sequence));
    EXPECT_EQ(a.whole, b.whole);
  }
  return filtered;
}

/// "wrpkru@2 forbidden hidden" for every finding in a .text at 0x1000000.
std::string findings(const Bytes& text, const std::string& section = ".text") {
  std::string result;
  for (const Finding& f : scan(ElfWriter().section(section, 0x1000000, text)).findings) {
    if (!result.empty()) result += ", ";
    result += std::string(name(f.sequence)) + "@" + std::to_string(f.address - 0x1000000) + " " +
              std::string(name(f.verdict)) + (f.whole ? "" : " hidden");
  }
  return result;
}

TEST(Scan, FindsEachSequence) {
  EXPECT_EQ(findings({0x0f, 0x01, 0xef, 0xc3}), "wrpkru@0 forbidden");
  EXPECT_EQ(findings({0x0f, 0xae, 0x28, 0xc3}), "xrstor@0 forbidden");
  EXPECT_EQ(findings({0x48, 0x0f, 0xae, 0x2c, 0x24}), "xrstor@1 forbidden");
  EXPECT_EQ(findings({0x0f, 0xc7, 0x18}), "xrstors@0 forbidden");
  EXPECT_EQ(findings({0xf3, 0x0f, 0xae, 0xd0}), "wrfsbase@1 forbidden");
  EXPECT_EQ(findings({0xf3, 0x48, 0x0f, 0xae, 0xd9}), "wrgsbase@2 forbidden");
  EXPECT_EQ(findings({0x0f, 0x05}), "syscall@0 forbidden");
  EXPECT_EQ(findings({0x0f, 0x34}), "sysenter@0 forbidden");
  EXPECT_EQ(findings({0xcd, 0x80}), "int 0x80@0 forbidden");
  EXPECT_EQ(findings({0xcd, 0x2e}), "int n@0 forbidden");
}

TEST(Scan, LeavesTheirNeighboursAlone) {
  EXPECT_EQ(findings({0x0f, 0xae, 0xe8}), "");                    // lfence
  EXPECT_EQ(findings({0x0f, 0x01, 0xee}), "");                    // rdpkru
  EXPECT_EQ(findings({0x0f, 0xae, 0x08}), "");                    // fxrstor: not PKRU
  EXPECT_EQ(findings({0x0f, 0xae, 0x20}), "");                    // xsave
  EXPECT_EQ(findings({0xf3, 0x0f, 0xae, 0xc0}), "");              // rdfsbase
  EXPECT_EQ(findings({0x0f, 0xae, 0xd0}), "");                    // no F3: no instruction
  EXPECT_EQ(findings({0x0f, 0xc7, 0x0f}), "");                    // cmpxchg8b
  EXPECT_EQ(findings({0xcc, 0xf4, 0xfa, 0x0f, 0x01, 0xd1}), "");  // int3; hlt, cli, xsetbv: ring 0
}

TEST(Scan, SeesThroughPrefixes) {
  EXPECT_EQ(findings({0x66, 0x0f, 0x01, 0xef}), "wrpkru@1 forbidden");
  EXPECT_EQ(findings({0x2e, 0x0f, 0x01, 0xef}), "wrpkru@1 forbidden");
  EXPECT_EQ(findings({0x40, 0x0f, 0x05}), "syscall@1 forbidden");
  EXPECT_EQ(findings({0xf3, 0x2e, 0x65, 0x48, 0x0f, 0xae, 0xd0}), "wrfsbase@4 forbidden");
  EXPECT_EQ(findings({0x2e, 0xf3, 0x48, 0x0f, 0xae, 0xd7}), "wrfsbase@3 forbidden");
}

TEST(Scan, FindsWhatHidesInOneInstruction) {
  EXPECT_EQ(findings({0xb8, 0x0f, 0x01, 0xef, 0x00, 0xc3}), "wrpkru@1 forbidden hidden");
  EXPECT_EQ(findings({0x48, 0xb8, 0x00, 0xf3, 0x48, 0x0f, 0xae, 0xd0, 0x00, 0x00, 0xc3}),
            "wrfsbase@5 forbidden hidden");
}

TEST(Scan, FindsWhatLiesAcrossTwoInstructions) {
  // mov eax, 0x0f000000; add edi, ebp (01 ef)
  EXPECT_EQ(findings({0xb8, 0x00, 0x00, 0x00, 0x0f, 0x01, 0xef, 0xc3}),
            "wrpkru@4 forbidden hidden");
  const Scan s = scan(
      ElfWriter().section(".text", 0x1000000, {0xb8, 0x00, 0x00, 0x00, 0x0f, 0x01, 0xef, 0xc3}));
  ASSERT_EQ(s.findings.size(), 1U);
  EXPECT_EQ(s.findings[0].inside, "mov eax, 0xF000000; add edi, ebp");
  EXPECT_EQ(s.findings[0].bytes, (Bytes{0x0f, 0x01, 0xef}));
}

/// A hidden way into the kernel is refused by the platform, by its address; one that was meant is
/// an error, and so is every one where the user is strict.
TEST(Scan, FencesHiddenWaysIntoTheKernel) {
  EXPECT_EQ(findings({0xb8, 0x0f, 0x05, 0x00, 0x00, 0xc3}), "syscall@1 fenced hidden");
  EXPECT_EQ(findings({0x41, 0x83, 0xcd, 0x80}), "int 0x80@2 fenced hidden");
  EXPECT_EQ(findings({0xb8, 0xcd, 0x2e, 0x00, 0x00}), "");  // `int n` counts only where it is meant
  EXPECT_EQ(findings({0xb8, 0x0f, 0xc7, 0x18, 0x00}), "");  // and so does xrstors
  const Scan s = scan(ElfWriter().section(".text", 0x1000000, {0x41, 0x83, 0xcd, 0x80}));
  EXPECT_TRUE(s.clean());
  EXPECT_FALSE(s.strictly_clean());
}

TEST(Scan, AllowsThemInTheirPlaceAlone) {
  const Bytes wrpkru = {0x0f, 0x01, 0xef, 0xc3};
  const Bytes syscall = {0x0f, 0x05, 0xc3};
  EXPECT_EQ(findings(wrpkru, ".gate.text"), "wrpkru@0 allowed");
  EXPECT_EQ(findings(wrpkru, ".platform.text"), "wrpkru@0 allowed");
  EXPECT_EQ(findings(wrpkru, ".gate.textual"), "wrpkru@0 forbidden");
  EXPECT_EQ(findings(syscall, ".platform.text"), "syscall@0 allowed");
  EXPECT_EQ(findings(syscall, ".gate.text"), "syscall@0 forbidden");
  EXPECT_EQ(findings({0x0f, 0xae, 0x28}, ".platform.text"), "xrstor@0 forbidden");
  EXPECT_EQ(findings({0xcd, 0x80}, ".platform.text"), "int 0x80@0 forbidden");
  EXPECT_EQ(findings(wrpkru, ".nucleus.text"), "wrpkru@0 supervisor");
  // Even there a hidden one is an entry that nobody checks.
  EXPECT_EQ(findings({0xb8, 0x0f, 0x01, 0xef, 0x00}, ".gate.text"), "wrpkru@1 forbidden hidden");
}

TEST(Scan, ReadsToTheEndOfASectionAndBeyond) {
  EXPECT_EQ(findings({0x90, 0x0f, 0x01, 0xef}), "wrpkru@1 forbidden");
  // The last byte of one section and the first ones of the next, page to page.
  Bytes page(4096, 0x90);
  page[4095] = 0x0f;
  const Scan s = scan(ElfWriter()
                          .section(".text", 0x1000000, page)
                          .section(".more.text", 0x1001000, {0x01, 0xef, 0xc3}));
  ASSERT_EQ(s.findings.size(), 1U);
  EXPECT_EQ(s.findings[0].address, 0x1000fffU);
  EXPECT_EQ(s.findings[0].section, ".text");
  EXPECT_EQ(s.findings[0].verdict, Verdict::forbidden);
  // Not where the next page is not executable.
  EXPECT_TRUE(scan(ElfWriter()
                       .section(".text", 0x1000000, page)
                       .section(".rodata", 0x1001000, {0x01, 0xef, 0xc3}, 4))
                  .clean());
}

/// Linux maps whole pages of the file: what follows a segment in the file is executable with it.
TEST(Scan, SeesTheRestOfTheLastPage) {
  ElfWriter::Bytes file = ElfWriter()
                              .section(".text", 0x1000000, {0x90, 0xc3})
                              .section(".rodata", 0x1001000, {1}, 4)
                              .write();
  const auto elf = Elf::parse(file);
  ASSERT_TRUE(elf);
  const std::uint64_t end = elf->segments[0].offset + 2;
  file[end + 1] = 0x0f;
  file[end + 2] = 0x01;
  file[end + 3] = 0xef;
  auto changed = Elf::parse(file);
  ASSERT_TRUE(changed);
  const Scan s = scan_image(*changed, nullptr);
  ASSERT_FALSE(s.findings.empty());
  EXPECT_EQ(s.findings[0].address, 0x1000003U);
  EXPECT_EQ(s.findings[0].section, "");
  EXPECT_EQ(s.findings[0].verdict, Verdict::forbidden);
}

TEST(Scan, NamesSymbolAndComponent) {
  const ElfWriter writer = ElfWriter()
                               .section(".text", 0x1100000, {0x90, 0x90, 0x0f, 0x01, 0xef, 0xc3})
                               .symbol("def.sqlite_bench.step", 0x1100000, 6);
  const Scan bare = scan(writer);
  ASSERT_EQ(bare.findings.size(), 1U);
  EXPECT_EQ(bare.findings[0].symbol, "def.sqlite_bench.step+0x2");
  EXPECT_EQ(bare.findings[0].component, "sqlite_bench");
  Manifest manifest = sample_manifest();
  const Scan placed = scan(writer, &manifest);
  EXPECT_EQ(placed.findings[0].component, "vfs");  // the manifest knows where things stand
  EXPECT_EQ(placed.findings[0].compartment, 2);
  manifest.placements.clear();
  const Scan named = scan(writer, &manifest);
  EXPECT_EQ(named.findings[0].component, "sqlite-bench");
  EXPECT_EQ(named.findings[0].compartment, 1);
}

TEST(Scan, ChecksTheFileItself) {
  const auto problems = [](const ElfWriter& writer, const Manifest* manifest = nullptr) {
    std::string text;
    for (const std::string& p : scan_image(parse(writer), manifest).problems) text += p + "; ";
    return text;
  };
  const Bytes ret = {0xc3};
  EXPECT_EQ(problems(ElfWriter().section(".text", 0x1000000, ret)), "");
  EXPECT_EQ(problems(ElfWriter().section(".text", 0x1000000, ret, 7)),
            "the segment at 0x1000000 is both writable and executable; "
            "section .text is both writable and executable; ");
  EXPECT_EQ(
      problems(ElfWriter().section(".text", 0x1000000, ret).section(".data", 0x1000800, {1}, 6)),
      "the executable segment at 0x1000000 shares a page with the writable one at "
      "0x1000800; ");
  EXPECT_EQ(problems(ElfWriter().section(".text", 0x1000000, ret).header(3, 4)),
            "it asks for an interpreter (PT_INTERP); ");
  EXPECT_EQ(problems(ElfWriter().section(".text", 0x1000000, ret).header(2, 6)),
            "it is dynamically linked (PT_DYNAMIC); ");
  EXPECT_EQ(problems(ElfWriter().section(".text", 0x1000000, ret).header(0x6474e551, 7)),
            "its stack is executable; ");
  EXPECT_EQ(problems(ElfWriter().section(".text", 0x1000000, ret).relocations(3)),
            "3 text relocations are left; ");
  ElfWriter::Bytes grown = ElfWriter().section(".text", 0x1000000, ret).write();
  grown[64 + 41] = 0x40;  // size in memory
  EXPECT_EQ(scan_image(*Elf::parse(grown), nullptr).problems,
            std::vector<std::string>{
                "the executable segment at 0x1000000 is larger in memory than in the file"});
  EXPECT_EQ(problems(ElfWriter().section(".text", 0x1000000, ret).type(3)),
            "it is no statically linked executable (ET_EXEC); ");
}

TEST(Scan, HoldsTheFileAgainstTheManifest) {
  Manifest m = sample_manifest();
  m.compartments[0].sections.clear();
  m.compartments[1].sections.clear();
  m.compartments[2].sections.clear();
  m.shared = {{".text", "text", 0x1000000, 0x1001000, "r-x", 0}};
  const ElfWriter writer = ElfWriter()
                               .section(".nucleus.text", 0x100000, {0x0f, 0x01, 0xef})
                               .section(".text", 0x1000000, {0xc3});
  EXPECT_TRUE(scan(writer, &m).clean());
  m.shared[0].end = 0x1002000;  // executable, and nobody looked at it
  EXPECT_EQ(scan(writer, &m).problems,
            std::vector<std::string>{
                "image.json maps .text executable, which is no executable part of the file"});
  m.shared[0] = {"low", "rodata", 0x100000, 0x101000, "r--", 0};
  EXPECT_EQ(scan(writer, &m).problems,
            std::vector<std::string>{"image.json maps low for ring 3, over .nucleus.text"});
  m.shared[0] = {".text", "text", 0x1000000, 0x1001000, "rwx", 0};
  EXPECT_EQ(scan(writer, &m).problems,
            std::vector<std::string>{"image.json maps .text both writable and executable"});
}

/// The filter against decoding everything, on bytes that are dense with what is looked for.
TEST(Scan, TheFilterMissesNothing) {
  const Bytes alphabet = {0x0f, 0x01, 0xef, 0xae, 0xc7, 0x05, 0x34, 0xcd, 0x80, 0xf3, 0xf2,
                          0x66, 0x67, 0x48, 0x40, 0x2e, 0x64, 0xf0, 0xd0, 0xd8, 0x28, 0x2c,
                          0x18, 0x90, 0xb8, 0xc5, 0xc4, 0x62, 0x38, 0x3a, 0x00, 0xff};
  std::mt19937 random(7);
  std::size_t found = 0;
  for (int round = 0; round < 60; ++round) {
    Bytes text(std::size_t{8192} - random() % 64);
    for (auto& byte : text) {
      byte = round % 3 == 0 ? static_cast<std::uint8_t>(random())
                            : alphabet[random() % alphabet.size()];
    }
    found += scan(ElfWriter().section(".text", 0x1000000, text)).findings.size();
  }
  EXPECT_GT(found, 5000U);
}

/// Every pair of prefixes in front of every core, at every distance from the end.
TEST(Scan, TheFilterMissesNoPrefix) {
  const std::vector<Bytes> cores = {
      {0x0f, 0x01, 0xef}, {0x0f, 0xae, 0x28}, {0x0f, 0xae, 0x6c, 0x24, 0x08},
      {0x0f, 0xc7, 0x1f}, {0x0f, 0xae, 0xd0}, {0x0f, 0xae, 0xdf},
      {0x0f, 0x05},       {0x0f, 0x34},       {0xcd, 0x80},
      {0xcd, 0x03}};
  const Bytes prefixes = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67,
                          0xf0, 0xf2, 0xf3, 0x40, 0x48, 0x4f, 0x90};
  Bytes text;
  for (const Bytes& core : cores) {
    for (const auto a : prefixes) {
      for (const auto b : prefixes) {
        for (std::size_t n = 0; n < 15; n += 2) {
          text.push_back(0xb8);
          text.insert(text.end(), n, a);
          text.push_back(b);
          text.insert(text.end(), core.begin(), core.end());
        }
      }
    }
  }
  EXPECT_GT(scan(ElfWriter().section(".text", 0x1000000, text)).findings.size(), 10000U);
}

TEST(Scan, SurvivesHostileFiles) {
  auto good = ElfWriter().section(".text", 0x1000000, {0x0f, 0x01, 0xef}).symbol("a", 0x1000000, 3);
  const auto bytes = good.write();
  std::mt19937 random(3);
  for (int round = 0; round < 5000; ++round) {
    auto changed = bytes;
    for (int k = 0; k < 2; ++k) {
      const std::size_t n = random() % 600;
      changed[n < 120 ? n : changed.size() - 1 - (n - 120)] = static_cast<std::uint8_t>(random());
    }
    const auto elf = Elf::parse(changed);
    if (elf) (void)scan_image(*elf, nullptr);
  }
}

}  // namespace
}  // namespace flexos
