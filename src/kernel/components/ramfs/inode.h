#pragma once

#include <stddef.h>
#include <stdint.h>

/// What ramfs keeps: inodes by number, names by directory.
namespace flexos::ramfs {

struct Entry;

struct Inode {
  uint64_t number;  ///< slot + 1 in the low half, how often the slot was used in the high half
  uint32_t mode;    ///< 0: the slot is free
  uint32_t links;
  uint32_t opens;
  bool data_changed;   ///< mtime and ctime are to be set
  bool state_changed;  ///< ctime is
  int64_t atime, mtime, ctime;

  // A file: its blocks (blocks.h).
  int64_t size;
  void* root;
  uint32_t height;
  uint64_t blocks;

  // A directory: its names in the order in which they came.
  Entry* first;
  Entry* last;
  int64_t next_cookie;
  uint64_t parent;

  Inode* next_free;
};

/// A name in a directory.
struct Entry {
  Entry* next_of_hash;
  Entry* next;
  Entry* prev;
  uint64_t dir;
  uint64_t inode;
  int64_t cookie;  ///< grows along the list: where getdents64 goes on
  uint32_t hash;
  uint32_t len;
  char name[];
};

bool is_directory(const Inode& inode);

/// NULL: no such number.
Inode* inode_of(uint64_t number);

/// NULL: no memory. Has no name and no link yet.
Inode* new_inode(uint32_t mode);

/// Frees what has neither a name nor an opener.
void drop_if_unused(Inode* inode);

/// Sets the times that are due.
void settle_times(Inode* inode);

Entry* find_entry(const Inode& dir, const char* name, size_t len);

/// False: no memory. The name is not there yet.
bool add_entry(Inode* dir, const char* name, size_t len, Inode* inode);

/// Links are counted by add and remove: a directory's own two as well.
void remove_entry(Inode* dir, Entry* entry);

}  // namespace flexos::ramfs
