#include "ramfs/blocks.h"

#include "alloc/alloc.h"

namespace flexos::ramfs {
namespace {

constexpr uint64_t kBranches = 1 << kBranchBits;

/// The blocks that a tree of this height reaches.
uint64_t reach(uint32_t height) { return uint64_t{1} << (kBranchBits * height); }

uint64_t branch(uint64_t block, uint32_t height) {
  return (block >> (kBranchBits * (height - 1))) % kBranches;
}

/// Without branches.
void** new_node() {
  void* node = alloc_get(kBranches * sizeof(void*), 0);
  if (node != nullptr) __builtin_memset(node, 0, kBranches * sizeof(void*));
  return static_cast<void**>(node);
}

const char* find_block(const Inode& inode, uint64_t block) {
  if (block >= reach(inode.height)) return nullptr;
  void* node = inode.root;
  for (uint32_t height = inode.height; height > 0 && node != nullptr; height--) {
    node = static_cast<void**>(node)[branch(block, height)];
  }
  return static_cast<const char*>(node);
}

/// The block's place in the tree, which grows as needed; NULL: no memory. The nodes that were added
/// stay: they are found again, or freed with the file.
void** place_of(Inode* inode, uint64_t block) {
  while (block >= reach(inode->height)) {
    if (inode->root != nullptr) {
      void** node = new_node();
      if (node == nullptr) return nullptr;
      node[0] = inode->root;
      inode->root = node;
    }
    inode->height++;
  }
  void** place = &inode->root;
  for (uint32_t height = inode->height; height > 0; height--) {
    if (*place == nullptr) *place = new_node();
    if (*place == nullptr) return nullptr;
    place = &static_cast<void**>(*place)[branch(block, height)];
  }
  return place;
}

/// Frees the blocks from `from` on (counted within this subtree); true: nothing is left of it.
bool prune(Inode* inode, void* node, uint32_t height, uint64_t from) {
  if (height == 0) {
    if (from > 0) return false;
    inode->blocks--;
  } else {
    auto** nodes = static_cast<void**>(node);
    uint64_t each = reach(height - 1);
    for (uint64_t i = from / each; i < kBranches; i++) {
      if (nodes[i] == nullptr) continue;
      uint64_t first = i * each;
      if (prune(inode, nodes[i], height - 1, from > first ? from - first : 0)) nodes[i] = nullptr;
    }
    if (from > 0) return false;
  }
  alloc_put(node);
  return true;
}

size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

}  // namespace

void read_blocks(const Inode& inode, char* to, size_t n, int64_t at) {
  while (n > 0) {
    auto offset = static_cast<size_t>(at % kBlock);
    size_t part = smaller(n, static_cast<size_t>(kBlock) - offset);
    const char* block = find_block(inode, static_cast<uint64_t>(at / kBlock));
    if (block != nullptr) {
      __builtin_memcpy(to, block + offset, part);
    } else {
      __builtin_memset(to, 0, part);
    }
    to += part;
    at += static_cast<int64_t>(part);
    n -= part;
  }
}

size_t write_blocks(Inode* inode, const char* from, size_t n, int64_t at) {
  size_t done = 0;
  while (done < n) {
    auto offset = static_cast<size_t>(at % kBlock);
    size_t part = smaller(n - done, static_cast<size_t>(kBlock) - offset);
    void** place = place_of(inode, static_cast<uint64_t>(at / kBlock));
    if (place == nullptr) break;
    auto* block = static_cast<char*>(*place);
    if (block == nullptr) {
      block = static_cast<char*>(alloc_get(kBlock, kBlock));
      if (block == nullptr) break;
      __builtin_memset(block, 0, offset);
      __builtin_memset(block + offset + part, 0, static_cast<size_t>(kBlock) - offset - part);
      *place = block;
      inode->blocks++;
    }
    __builtin_memcpy(block + offset, from + done, part);
    at += static_cast<int64_t>(part);
    done += part;
  }
  return done;
}

void cut_blocks(Inode* inode, int64_t size) {
  if (inode->root == nullptr) {
    inode->height = 0;
    return;
  }
  auto keep = static_cast<uint64_t>((size + kBlock - 1) / kBlock);
  if (keep < reach(inode->height) && prune(inode, inode->root, inode->height, keep)) {
    inode->root = nullptr;
    inode->height = 0;
  }
  int64_t offset = size % kBlock;
  auto* last = const_cast<char*>(find_block(*inode, static_cast<uint64_t>(size / kBlock)));
  if (offset > 0 && last != nullptr) {
    __builtin_memset(last + offset, 0, static_cast<size_t>(kBlock - offset));
  }
}

}  // namespace flexos::ramfs
