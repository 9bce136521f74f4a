#include "codegen/inspect.h"

#include <gtest/gtest.h>

#include "codegen/test_elf.h"
#include "codegen/test_image.h"

namespace flexos {
namespace {

Elf image(std::uint64_t gate = 0x1200000) {
  auto elf = Elf::parse(ElfWriter()
                            .section(".text", 0x1000000, {0xc3})
                            .section(".gate.text", 0x1200000, ElfWriter::Bytes(512, 0x90))
                            .section(".data.1", 0x1400000, {1, 2}, 6)
                            .symbol("gate.1.2.vfs_write", gate, 16)
                            .symbol("gate.2.3.time_now", 0x1200100, 16)
                            .write());
  EXPECT_TRUE(elf);
  return std::move(*elf);
}

TEST(Inspect, DrawsCompartmentsAsElsewhere) {
  EXPECT_EQ(draw_compartments(sample_manifest()),
            "{sqlite sqlite-bench libc} |mpk.full| {vfs ramfs} |mpk.light| {time}");
}

TEST(Inspect, ExplainsAnImage) {
  const std::string text = inspect_text(sample_manifest(), image(), 100);
  EXPECT_EQ(text.substr(0, text.find("\n\nshared by all")),
            R"(sqlite: configuration 5f0c2a91 for qemu, sharing copy, 4 threads

  {sqlite sqlite-bench libc} |mpk.full| {vfs ramfs} |mpk.light| {time}
  entry 0x1000000, 7 sections, 3 symbols, )" +
                size_text(image().file.size()) + R"(

compartment 1 {sqlite sqlite-bench libc}
  rights       key 1, PKRU 0xfffffff0, stack domain 1
  with         sqlite: stack-protector ubsan
  services     console
  may touch    its own memory, all text (r-x) and constants (r--)
  memory
    .data.1          data      rw-  key 1     0x1400000 ..   0x1408000    32.0 KiB
    stack.1          stack     rw-  key 1     0x2000000 ..   0x2040000   256.0 KiB
    heap.1           heap      rw-  key 1     0x2100000 ..   0x2500000     4.0 MiB
    window.1         window    rw-  key 0     0x3000000 ..   0x3010000    64.0 KiB
  enters       2  vfs.vfs_write

compartment 2 {vfs ramfs}
  rights       key 2, PKRU 0xffffffcc, stack domain 2
  with         ramfs: log
  services     none of the platform's
  may touch    its own memory, all text (r-x) and constants (r--)
  memory
    .data.2          data      rw-  key 2     0x1408000 ..   0x140a000     8.0 KiB
    stack.2          stack     rw-  key 2     0x2040000 ..   0x2080000   256.0 KiB
    heap.2           heap      rw-  key 2     0x2500000 ..   0x2600000     1.0 MiB
  enters       3  time.time_now
  entered from 1  vfs.vfs_write

compartment 3 {time}
  rights       key 3, PKRU 0xffffff3c, stack domain 2
  services     clock
  may touch    its own memory, all text (r-x) and constants (r--)
  memory
    .data.3          data      rw-  key 3     0x140a000 ..   0x140b000     4.0 KiB
  entered from 2  time.time_now)");
  EXPECT_NE(text.find("  0x1200000  1 -> 2  mpk.full   libc -> vfs.vfs_write(int fd, const void* "
                      "buf, size_t n)\n             copies buf [in: n]\n"),
            std::string::npos)
      << text;
}

TEST(Inspect, NoticesThatTheFileIsAnotherOne) {
  EXPECT_TRUE(compare(sample_manifest(), image()).empty());
  EXPECT_EQ(
      compare(sample_manifest(), image(0x1200008)),
      std::vector<std::string>{"gate gate.1.2.vfs_write stands at 0x1200008, not at 0x1200000"});
  Manifest m = sample_manifest();
  m.gates[0].symbol = "gate.1.2.vfs_read";
  EXPECT_EQ(compare(m, image()), std::vector<std::string>{"there is no gate gate.1.2.vfs_read"});
  m = sample_manifest();
  m.compartments[0].sections[0].protection = "r--";
  EXPECT_EQ(compare(m, image()),
            std::vector<std::string>{".data.1 is writable in the file and r-- in image.json"});
  m = sample_manifest();
  m.compartments[0].sections[0].start = 0x1400001;
  EXPECT_EQ(compare(m, image()),
            std::vector<std::string>{"section .data.1 reaches out of 0x1400001 .. 0x1408000"});
}

}  // namespace
}  // namespace flexos
