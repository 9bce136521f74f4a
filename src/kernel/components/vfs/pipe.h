#pragma once

#include <stdint.h>

#include "vfs/file_system.h"

/// Pipes and event counters: descriptors without a name. Who waits for one sleeps in `sched`, and
/// is woken by whoever changes it.
namespace flexos::vfs {

extern const FileSystem kPipes;

/// A fresh pipe: the inodes of its two ends. 0, or -ENFILE, -ENOMEM.
int make_pipe(uint64_t* reader, uint64_t* writer);

/// A fresh counter's inode. `semaphore`: reading takes one at a time. Negative: as above.
int64_t make_counter(uint64_t value, bool semaphore);

/// Are both inodes of one pipe?
bool same_pipe(uint64_t a, uint64_t b);

}  // namespace flexos::vfs
