#pragma once

#include <stdint.h>

#include "vfs/file_system.h"
#include "vfs/vfs.h"

/// The descriptor table.
namespace flexos::vfs {

/// What an open gave, shared by the descriptors that dup made of it.
struct File {
  const FileSystem* system;
  uint64_t inode;
  int64_t offset;
  int flags;
  uint32_t descriptors;  ///< 0: free
};

/// NULL: no such descriptor.
File* file_of(int fd);

bool readable(const File& file);
bool writable(const File& file);

/// The lowest free descriptor that is at least `lowest`; -EMFILE.
int free_descriptor(int lowest);

/// NULL: all are in use.
File* new_file();

void bind(int fd, File* file, bool close_on_exec);

/// Takes the descriptor away, and closes the file with the last one.
int unbind(int fd);

/// From now on changes of this descriptor's readiness are told.
void watch(int fd);

/// Tells them, for each watched descriptor of this pipe.
void tell_watchers(uint64_t inode);

bool close_on_exec(int fd);
void set_close_on_exec(int fd, bool on);

}  // namespace flexos::vfs
