// In place of musl's arch/x86_64/pthread_arch.h: no thread pointer in %fs, which components do not
// have (platform.h), but a table of control blocks (../start.c) that the number of the running
// thread indexes.
extern const volatile unsigned platform_thread;

__attribute__((__visibility__("hidden"))) uintptr_t flexos_thread_block(unsigned thread);

static inline uintptr_t __get_tp() { return flexos_thread_block(platform_thread); }

#define MC_PC gregs[REG_RIP]
