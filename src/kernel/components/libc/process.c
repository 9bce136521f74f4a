// There is one program in an image, and it cannot become two. Who asks learns so at once: musl's
// own fork would first take every lock of the library.
#define _GNU_SOURCE
#include <errno.h>
#include <unistd.h>

static pid_t refused(void) {
  errno = ENOSYS;
  return -1;
}

pid_t fork(void) { return refused(); }
pid_t vfork(void) { return refused(); }
