#include <flexos/platform.h>

#include "runtime.h"

static int errno_of[FLEXOS_RUNTIME_THREADS];

extern "C" int* __errno_location() { return &errno_of[platform_thread % FLEXOS_RUNTIME_THREADS]; }
