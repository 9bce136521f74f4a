#include <flexos/platform.h>

#include "runtime.h"

/// By thread. Gates know it by name: they carry the callee's into the caller's.
extern "C" int rt_errno[FLEXOS_RUNTIME_THREADS];
int rt_errno[FLEXOS_RUNTIME_THREADS];

extern "C" int* __errno_location() { return &rt_errno[platform_thread % FLEXOS_RUNTIME_THREADS]; }
