#include "vfs/descriptor.h"

#include "lwip/lwip_sockets.h"
#include "vfs/pipe.h"

// An image without a network has none.
#pragma weak lwip_note

namespace flexos::vfs {
namespace {

struct Descriptor {
  uint16_t file;  ///< number + 1; 0 = free
  bool close_on_exec;
  bool watched;
};

Descriptor descriptors[FLEXOS_DESCRIPTORS];
File files[FLEXOS_DESCRIPTORS];
uint32_t free_files[FLEXOS_DESCRIPTORS];  // numbers of files that were in use before
uint32_t free_count;
uint32_t used_once;
uint32_t watched;  // descriptors
bool ready;

/// One open file, the console, behind descriptors 0, 1 and 2.
void prepare() {
  ready = true;
  File* console = new_file();
  console->system = &kConsole;
  console->flags = FLEXOS_O_RDWR;
  for (int fd = 0; fd < 3; fd++) bind(fd, console, false);
}

}  // namespace

File* file_of(int fd) {
  if (fd < 0 || fd >= FLEXOS_DESCRIPTORS) return nullptr;
  if (!ready) prepare();
  uint16_t file = descriptors[fd].file;
  return file == 0 ? nullptr : &files[file - 1];
}

bool readable(const File& file) { return (file.flags & FLEXOS_O_ACCMODE) != FLEXOS_O_WRONLY; }

bool writable(const File& file) { return (file.flags & FLEXOS_O_ACCMODE) != FLEXOS_O_RDONLY; }

int free_descriptor(int lowest) {
  if (!ready) prepare();
  for (int fd = lowest; fd < FLEXOS_DESCRIPTORS; fd++) {
    if (descriptors[fd].file == 0) return fd;
  }
  return -FLEXOS_EMFILE;
}

File* new_file() {
  uint32_t number = 0;
  if (free_count > 0) {
    number = free_files[--free_count];
  } else if (used_once < FLEXOS_DESCRIPTORS) {
    number = used_once++;
  } else {
    return nullptr;
  }
  files[number] = {};
  return &files[number];
}

void bind(int fd, File* file, bool close_on_exec) {
  descriptors[fd] = {static_cast<uint16_t>(file - files + 1), close_on_exec, false};
  file->descriptors++;
}

int unbind(int fd) {
  File* file = file_of(fd);
  if (descriptors[fd].watched) {
    watched--;
    lwip_note(fd, -1);
  }
  descriptors[fd] = {};
  if (--file->descriptors > 0) return 0;
  free_files[free_count++] = static_cast<uint32_t>(file - files);
  return file->system->close(file->inode);
}

void watch(int fd) {
  if (lwip_note == nullptr || descriptors[fd].watched) return;
  descriptors[fd].watched = true;
  watched++;
  const File* file = file_of(fd);
  lwip_note(fd, file->system->ready(file->inode));
}

void tell_watchers(uint64_t inode) {
  if (watched == 0) return;
  for (int fd = 0; fd < FLEXOS_DESCRIPTORS; fd++) {
    if (!descriptors[fd].watched) continue;
    const File* file = file_of(fd);
    if (file->system != &kPipes || !same_pipe(file->inode, inode)) continue;
    lwip_note(fd, file->system->ready(file->inode));
  }
}

bool close_on_exec(int fd) { return descriptors[fd].close_on_exec; }

void set_close_on_exec(int fd, bool on) { descriptors[fd].close_on_exec = on; }

}  // namespace flexos::vfs
