#pragma once

// musl declares basename twice: `char *basename()` for GNU's in <string.h>, POSIX's in its
// <libgen.h>. In C23, which Redis is compiled as, the two contradict each other. Redis wants
// dirname alone.
char* dirname(char*);
