#pragma once

/// Numbers that the assembler and C++ share. linux.h checks them against the structs.

/// 0: for images without keys, which then hold no wrpkru at all. 1 can run those as well.
#ifndef FLEXOS_KEYS
#define FLEXOS_KEYS 1
#endif

#define PAGE 4096
#define PAGE_BITS 12
#define MOST_COMPARTMENTS 15
#define STACK_SIZE 16384
#define ALTERNATE_SIZE 65536

#define IMAGE_COMPARTMENTS 12
#define IMAGE_KEYS 36
#define IMAGE_COMPARTMENT 56
#define COMPARTMENT_SIZE 24
#define COMPARTMENT_PKRU 0
#define COMPARTMENT_SERVICES 4
#define SERVICE_CLOCK 2

#define GRANT_LANDING 0
#define GRANT_RESULT 8
#define GRANT_IDENTITY 16
#define GRANT_CONSOLE 24
#define GRANT_CLOCK 32
#define GRANT_RANDOM 40
#define GRANT_IDLE 48
#define GRANT_FOREIGN 56
#define GRANT_NETWORK 64

#define COMMON_THREAD 0
#define COMMON_TSC 4
#define COMMON_TSC_START 8
#define COMMON_TSC_SCALE 16

#define SYS_read 0
#define SYS_write 1
#define SYS_close 3
#define SYS_mmap 9
#define SYS_munmap 11
#define SYS_rt_sigaction 13
#define SYS_rt_sigprocmask 14
#define SYS_ioctl 16
#define SYS_madvise 28
#define SYS_openat 257
#define SYS_dup3 292
#define SYS_ftruncate 77
#define SYS_sigaltstack 131
#define SYS_personality 135
#define SYS_prctl 157
#define SYS_clock_gettime 228
#define SYS_exit_group 231
#define SYS_ppoll 271
#define SYS_seccomp 317
#define SYS_getrandom 318
#define SYS_memfd_create 319
#define SYS_pkey_mprotect 329
#define SYS_pkey_alloc 330
#define SYS_close_range 436
