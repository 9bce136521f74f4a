#pragma once

#include "codegen/manifest.h"

/// A small image for tests: `sqlite` beside `vfs` and `ramfs`, `time` alone.
namespace flexos {

inline Manifest sample_manifest() {
  Manifest m;
  m.id = "5f0c2a91";
  m.spec = "sqlite";
  m.file = "image.elf";
  m.platform = "qemu";
  m.sharing = "copy";
  m.threads = 4;
  m.stack_size = 0x10000;
  m.compartments = {
      {.number = 1,
       .components = {"sqlite", "sqlite-bench", "libc"},
       .key = 1,
       .pkru = 0xfffffff0,
       .stack_domain = 1,
       .within = "",
       .sections = {{".data.1", "data", 0x1400000, 0x1408000, "rw-", 1},
                    {"stack.1", "stack", 0x2000000, 0x2040000, "rw-", 1},
                    {"heap.1", "heap", 0x2100000, 0x2500000, "rw-", 1},
                    {"window.1", "window", 0x3000000, 0x3010000, "rw-", 0}},
       .services = {"console"}},
      {.number = 2,
       .components = {"vfs", "ramfs"},
       .key = 2,
       .pkru = 0xffffffcc,
       .stack_domain = 2,
       .within = "",
       .sections = {{".data.2", "data", 0x1408000, 0x140a000, "rw-", 2},
                    {"stack.2", "stack", 0x2040000, 0x2080000, "rw-", 2},
                    {"heap.2", "heap", 0x2500000, 0x2600000, "rw-", 2}},
       .services = {}},
      {.number = 3,
       .components = {"time"},
       .key = 3,
       .pkru = 0xffffff3c,
       .stack_domain = 2,
       .within = "",
       .sections = {{".data.3", "data", 0x140a000, 0x140b000, "rw-", 3}},
       .services = {"clock"}},
  };
  m.boundaries = {{1, 2, "mpk.full"}, {1, 3, "mpk.full"}, {2, 3, "mpk.light"}};
  m.shared = {{".text", "text", 0x1000000, 0x1200000, "r-x", 0},
              {".gate.text", "gate", 0x1200000, 0x1201000, "r-x", 0},
              {".rodata", "rodata", 0x1300000, 0x1310000, "r--", 0}};
  m.gates = {{.from = 1,
              .to = 2,
              .caller_component = "libc",
              .callee_component = "vfs",
              .function = "vfs_write",
              .mechanism = "mpk.full",
              .entry = 0x1200000,
              .symbol = "gate.1.2.vfs_write",
              .arguments = {"int fd", "const void* buf", "size_t n"},
              .buffers = {{"buf", "in", "n"}}},
             {.from = 2,
              .to = 3,
              .caller_component = "ramfs",
              .callee_component = "time",
              .function = "time_now",
              .mechanism = "mpk.light",
              .entry = 0x1200100,
              .symbol = "gate.2.3.time_now",
              .arguments = {},
              .buffers = {}}};
  m.bindings = {{"libc", "vfs_write", "gate.1.2.vfs_write", "gate"},
                {"sqlite", "write", "def.libc.write", "call"},
                {"sqlite", "__stack_chk_fail", "def.rt.1.__stack_chk_fail", "runtime"}};
  m.placements = {{"sqlite", 1, ".text", 0x1000000, 0x1100000},
                  {"vfs", 2, ".text", 0x1100000, 0x1110000},
                  {"ramfs", 2, ".data.2", 0x1408000, 0x1409000}};
  m.hardening = {{"sqlite", {"stack-protector", "ubsan"}}};
  m.variants = {{"ramfs", "log"}};
  m.sizes = {{"file", 3000000}, {"text", 0x200000}};
  m.inputs = {{"specs/components/vfs.yaml", std::string(64, 'a')}};
  m.tool = "flexos-explore 0.1.0";
  return m;
}

}  // namespace flexos
