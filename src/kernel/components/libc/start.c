// Start-up of musl without a Linux process behind it: no auxiliary vector, no TLS image, no dynamic
// linker. It stands in for env/__libc_start_main.c and env/__init_tls.c, and uses musl's own
// private headers, which are C only.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libc.h"
#include "locale_impl.h"
#include "pthread_impl.h"

static char* no_environment[] = {0};

// What __init_libc would find out. Nothing is left to be done at start-up, so that every copy of
// this library is ready as it stands in the image.
struct __libc __libc = {.page_size = 4096};
size_t __hwcap;
char *__progname = (char*)"flexos", *__progname_full = (char*)"flexos";
weak_alias(__progname, program_invocation_short_name);
weak_alias(__progname_full, program_invocation_name);

/// Runs a program: calls `main`, exits with what it returns.
_Noreturn void libc_start(int (*main)(int, char**, char**)) {
  static char* arguments[] = {(char*)"flexos", 0};
  exit(main(1, arguments, no_environment));
}

/// errno by musl's private name: the runtime's of this compartment.
int* ___errno_location(void) { return __errno_location(); }

/// Runs `f` while no other thread does, which is always so.
void __synccall(void (*f)(void*), void* argument) { f(argument); }

/// Where a signal handler would return to: none is ever called.
void __restore_rt(void) {}

// Inside musl, malloc has private names, so that a program can bring its own allocator without the
// library stepping into it. Here there is only one: component `alloc`.
void* __libc_malloc(size_t n) { return malloc(n); }
void* __libc_calloc(size_t count, size_t n) { return calloc(count, n); }
void* __libc_realloc(void* p, size_t n) { return realloc(p, n); }
void __libc_free(void* p) { free(p); }
