#include "ramfs/inode.h"

#include "alloc/alloc.h"
#include "flexos/abi.h"
#include "ramfs/blocks.h"
#include "ramfs/ramfs.h"
#include "time/time.h"

namespace flexos::ramfs {
namespace {

// Slots are only ever added: an inode that is gone waits in the free list for the next one, which
// gets another number.
Inode** slots;
uint32_t slot_count;
uint32_t slot_room;
Inode* free_inodes;

// One hash table for the names of all directories.
Entry** buckets;
uint32_t bucket_count;  // a power of two
uint32_t entry_count;

uint64_t serial_of(uint64_t number) { return number >> 32; }

/// FNV-1a over the name, begun with the directory, mixed at the end.
uint32_t hash_of(uint64_t dir, const char* name, size_t len) {
  uint64_t hash = 0xcbf29ce484222325ULL ^ (dir * 0x9e3779b97f4a7c15ULL);
  for (size_t i = 0; i < len; i++) {
    hash = (hash ^ static_cast<uint8_t>(name[i])) * 0x100000001b3ULL;
  }
  return static_cast<uint32_t>(hash ^ (hash >> 32));
}

bool same_name(const Entry& entry, const char* name, size_t len) {
  return entry.len == len && __builtin_memcmp(entry.name, name, len) == 0;
}

bool grow_buckets() {
  uint32_t count = bucket_count == 0 ? 64 : bucket_count * 2;
  auto** grown = static_cast<Entry**>(alloc_get(count * sizeof(Entry*), 0));
  if (grown == nullptr) return bucket_count != 0;  // longer chains will do
  __builtin_memset(grown, 0, count * sizeof(Entry*));
  for (uint32_t i = 0; i < bucket_count; i++) {
    for (Entry* entry = buckets[i]; entry != nullptr;) {
      Entry* next = entry->next_of_hash;
      entry->next_of_hash = grown[entry->hash & (count - 1)];
      grown[entry->hash & (count - 1)] = entry;
      entry = next;
    }
  }
  if (buckets != nullptr) alloc_put(buckets);
  buckets = grown;
  bucket_count = count;
  return true;
}

Inode* new_slot() {
  if (slot_count == slot_room) {
    uint32_t room = slot_room == 0 ? 64 : slot_room * 2;
    void* grown = alloc_resize(slots, room * sizeof(Inode*));
    if (grown == nullptr) return nullptr;
    slots = static_cast<Inode**>(grown);
    slot_room = room;
  }
  auto* inode = static_cast<Inode*>(alloc_get(sizeof(Inode), 0));
  if (inode == nullptr) return nullptr;
  __builtin_memset(inode, 0, sizeof *inode);
  inode->number = slot_count + 1;
  slots[slot_count++] = inode;
  return inode;
}

}  // namespace

bool is_directory(const Inode& inode) {
  return (inode.mode & FLEXOS_S_IFMT) == uint32_t{FLEXOS_S_IFDIR};
}

Inode* inode_of(uint64_t number) {
  auto slot = static_cast<uint32_t>(number) - 1;
  if (slot >= slot_count) {
    // The root comes into being when it is first asked for.
    if (slot_count != 0 || number != FLEXOS_RAMFS_ROOT) return nullptr;
    Inode* root = new_inode(uint32_t{FLEXOS_S_IFDIR} | 0755);
    if (root == nullptr) return nullptr;
    root->parent = root->number;
    root->links = 2;
    return root;
  }
  Inode* inode = slots[slot];
  return inode->number == number && inode->mode != 0 ? inode : nullptr;
}

Inode* new_inode(uint32_t mode) {
  Inode* inode = free_inodes;
  if (inode != nullptr) {
    uint64_t number = inode->number;
    free_inodes = inode->next_free;
    __builtin_memset(inode, 0, sizeof *inode);
    inode->number = number;
  } else {
    inode = new_slot();
    if (inode == nullptr) return nullptr;
  }
  inode->mode = mode;
  inode->next_cookie = 2;  // 0 and 1 are `.` and `..`
  inode->data_changed = true;
  inode->atime = -1;
  return inode;
}

void drop_if_unused(Inode* inode) {
  if (inode->links != 0 || inode->opens != 0) return;
  cut_blocks(inode, 0);
  inode->mode = 0;
  // A slot whose serial number is used up stays unused.
  if (serial_of(inode->number) == 0x7ffffffe) return;
  inode->number += uint64_t{1} << 32;
  inode->next_free = free_inodes;
  free_inodes = inode;
}

void settle_times(Inode* inode) {
  if (!inode->data_changed && !inode->state_changed) return;
  int64_t now = time_now(FLEXOS_CLOCK_REALTIME);
  if (inode->data_changed) inode->mtime = now;
  if (inode->atime < 0) inode->atime = now;
  inode->ctime = now;
  inode->data_changed = inode->state_changed = false;
}

Entry* find_entry(const Inode& dir, const char* name, size_t len) {
  if (bucket_count == 0) return nullptr;
  uint32_t hash = hash_of(dir.number, name, len);
  for (Entry* e = buckets[hash & (bucket_count - 1)]; e != nullptr; e = e->next_of_hash) {
    if (e->hash == hash && e->dir == dir.number && same_name(*e, name, len)) return e;
  }
  return nullptr;
}

bool add_entry(Inode* dir, const char* name, size_t len, Inode* inode) {
  if (entry_count >= bucket_count && !grow_buckets()) return false;
  auto* entry = static_cast<Entry*>(alloc_get(sizeof(Entry) + len, 0));
  if (entry == nullptr) return false;
  entry->dir = dir->number;
  entry->inode = inode->number;
  entry->cookie = dir->next_cookie++;
  entry->hash = hash_of(dir->number, name, len);
  entry->len = static_cast<uint32_t>(len);
  __builtin_memcpy(entry->name, name, len);
  Entry** bucket = &buckets[entry->hash & (bucket_count - 1)];
  entry->next_of_hash = *bucket;
  *bucket = entry;
  entry_count++;
  entry->next = nullptr;
  entry->prev = dir->last;
  (dir->last != nullptr ? dir->last->next : dir->first) = entry;
  dir->last = entry;
  dir->size++;
  dir->data_changed = true;
  inode->state_changed = true;
  inode->links++;
  if (is_directory(*inode)) {
    inode->links++;  // its own `.`
    inode->parent = dir->number;
    dir->links++;  // its `..`
  }
  return true;
}

void remove_entry(Inode* dir, Entry* entry) {
  Inode* inode = inode_of(entry->inode);
  Entry** link = &buckets[entry->hash & (bucket_count - 1)];
  while (*link != entry) link = &(*link)->next_of_hash;
  *link = entry->next_of_hash;
  entry_count--;
  (entry->prev != nullptr ? entry->prev->next : dir->first) = entry->next;
  (entry->next != nullptr ? entry->next->prev : dir->last) = entry->prev;
  alloc_put(entry);
  dir->size--;
  dir->data_changed = true;
  inode->state_changed = true;
  inode->links--;
  if (is_directory(*inode)) {
    inode->links--;
    dir->links--;
  }
}

}  // namespace flexos::ramfs
