#pragma once

#include <stddef.h>
#include <stdint.h>

#include "ramfs/inode.h"

/// The bytes of a file: blocks of 4 KiB in a radix tree with 64 branches. A tree of height 0 is the
/// block itself, height 1 reaches 256 KiB, height 2 16 MiB, height 3 1 GiB: small nodes, because
/// the files that come and go (journals) are short. What is not there reads as zeros, and the bytes
/// of a block behind the file's end are zeros.
namespace flexos::ramfs {

constexpr int64_t kBlock = 4096;
constexpr uint32_t kBranchBits = 6;
constexpr uint32_t kMostHeight = 6;
constexpr int64_t kMostBytes = kBlock << (kBranchBits * kMostHeight);

/// `at` + `n` does not pass the file's end.
void read_blocks(const Inode& inode, char* to, size_t n, int64_t at);

/// How many bytes there was memory for. `at` + `n` does not pass kMostBytes. Does not change the
/// size.
size_t write_blocks(Inode* inode, const char* from, size_t n, int64_t at);

/// Frees what lies behind `size`, and clears the rest of its last block.
void cut_blocks(Inode* inode, int64_t size);

}  // namespace flexos::ramfs
