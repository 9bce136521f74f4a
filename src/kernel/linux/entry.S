// The linux platform's assembly: the process's first instruction, the guarded system calls, the way
// into the platform's rights and back, the end.
//
// Threat: whoever runs component code may jump to any byte of this file, with any registers and any
// stack. So each part says what it believes and why that is safe. Believed without proof are only
// text and constants (nobody can write them) and what stands under the platform's key.
#include "layout.h"

    .section .platform.text, "ax", @progbits

// r11 = the compartment that has the rights in eax. Uses r10. No such compartment: forged.
.macro IDENTIFY
    movq  flexos_image + IMAGE_COMPARTMENT, %r10
    xorl  %r11d, %r11d
.Lnext\@:
    incl  %r11d
    addq  $COMPARTMENT_SIZE, %r10
    cmpl  flexos_image + IMAGE_COMPARTMENTS, %r11d
    ja    platform_forged
    cmpl  COMPARTMENT_PKRU(%r10), %eax
    jne   .Lnext\@
.endm

// r11 = the calling compartment. Uses rax, rcx, rdx, r10. Who jumps behind this with a number of
// his own choice in r11 gets no further than to a page of grants that he cannot read.
.macro CALLER
    movl  $1, %r11d
#if FLEXOS_KEYS
    cmpl  $0, flexos_image + IMAGE_KEYS
    je    .Lalone\@
    xorl  %ecx, %ecx
    rdpkru
    IDENTIFY
.Lalone\@:
#endif
.endm

// A system call of three arguments that the filter lets through from here, and only with the
// caller's grant in r9. It runs with the caller's rights, which the kernel respects when it reads
// and writes memory for it. The grant is in no register afterwards.
.macro GUARDED name, number, grant
    .balign 16
    .globl \name, \name\()_site
    .type \name, @function
\name:
    movq  %rdx, %r8
    CALLER
    shlq  $PAGE_BITS, %r11
    movq  platform_grants + \grant(%r11), %r9
    movq  %r8, %rdx
    xorl  %r10d, %r10d
    xorl  %r8d, %r8d
    movl  $\number, %eax
    syscall
\name\()_site:
    xorl  %r9d, %r9d
    ret
    .size \name, . - \name
.endm

    GUARDED guarded_write, SYS_write, GRANT_CONSOLE
    GUARDED guarded_read, SYS_read, GRANT_CONSOLE
    GUARDED guarded_clock, SYS_clock_gettime, GRANT_CLOCK
    GUARDED guarded_random, SYS_getrandom, GRANT_RANDOM
    GUARDED guarded_idle, SYS_ppoll, GRANT_IDLE
    GUARDED guarded_net_read, SYS_read, GRANT_NETWORK
    GUARDED guarded_net_write, SYS_write, GRANT_NETWORK

// Nanoseconds = ticks * scale / 2^32. Where the counter is no clock, clock.cc asks the kernel. Who
// may not have the time is refused for order's sake: rdtsc is everybody's on this platform.
    .balign 16
    .globl platform_clock
    .type platform_clock, @function
platform_clock:
    CALLER
    imulq $COMPARTMENT_SIZE, %r11, %r11
    addq  flexos_image + IMAGE_COMPARTMENT, %r11
    testl $SERVICE_CLOCK, COMPARTMENT_SERVICES(%r11)
    je    platform_refused
    .globl platform_now
platform_now:
    cmpl  $0, platform_common + COMMON_TSC
    je    platform_clock_slow
    rdtsc
    shlq  $32, %rdx
    orq   %rdx, %rax
    subq  platform_common + COMMON_TSC_START, %rax
    mulq  platform_common + COMMON_TSC_SCALE
    shrdq $32, %rdx, %rax
    ret
    .size platform_clock, . - platform_clock

// -------------------------------------------------------------------------------------------------
// Thread services need to touch what no compartment may: they raise the rights to everything.
//
// Register atlas from here to the call of platform_raised:
//   rbx thread, r12 prepare?, r13 entry, r14 argument, r15 compartment
//   rbp caller's number, r9 caller's identity (a grant), r10 caller's stack pointer
.macro SAVE
    .irp register, rbp, rbx, r12, r13, r14, r15
    pushq %\register
    .endr
    subq  $8, %rsp
    stmxcsr (%rsp)
    fnstcw 4(%rsp)
.endm

    .balign 16
    .globl platform_thread_prepare
    .type platform_thread_prepare, @function
platform_thread_prepare:
    SAVE
    movl  %edi, %ebx
    movl  $1, %r12d
    movq  %rsi, %r13
    movq  %rdx, %r14
    movl  %ecx, %r15d
    jmp   raise
    .size platform_thread_prepare, . - platform_thread_prepare

    .balign 16
    .globl platform_thread_switch
    .type platform_thread_switch, @function
platform_thread_switch:
    SAVE
    movl  %edi, %ebx
    xorl  %r12d, %r12d
raise:
    CALLER
    movq  %r11, %rbp
    shlq  $PAGE_BITS, %r11
    movq  platform_grants + GRANT_IDENTITY(%r11), %r9
    movq  %rsp, %r10
#if FLEXOS_KEYS
    cmpl  $0, flexos_image + IMAGE_KEYS
    je    1f
    xorl  %eax, %eax
    xorl  %ecx, %ecx
    xorl  %edx, %edx
    wrpkru
    // All rights, if eax is 0, and that only on the way below. Every register may be forged.
    testl %eax, %eax
    jne   platform_forged
1:
#endif
    leaq  platform_stack_end, %rsp
    cld
    .irp register, r10, r9, rbp, r15, r14, r13, rbx, r12
    pushq %\register               // struct Request, from its end
    .endr
    movq  %rsp, %rdi
    xorl  %ebp, %ebp
    call  platform_raised           // believes nobody who cannot show his identity
    movq  %rax, %rdi
    .size platform_thread_switch, . - platform_thread_switch

// Goes on in the compartment in rdi, where its landing says. From above, or once at the start.
    .globl platform_land
platform_land:
    movl  %edi, %r11d
#if FLEXOS_KEYS
    cmpl  $0, flexos_image + IMAGE_KEYS
    je    1f
    imulq $COMPARTMENT_SIZE, %r11, %rax
    addq  flexos_image + IMAGE_COMPARTMENT, %rax
    movl  COMPARTMENT_PKRU(%rax), %eax
    xorl  %ecx, %ecx
    xorl  %edx, %edx
    wrpkru
    // Whose rights these are now is found from eax alone. The stack must not be used yet: it may be
    // anybody's. Only the platform sets a landing (or the compartment itself, for itself), and here
    // it is used up: who jumps to the wrpkru finds none.
    IDENTIFY
1:
#endif
    shlq  $PAGE_BITS, %r11
    cmpq  $0, platform_grants + GRANT_LANDING(%r11)
    je    platform_forged
    movq  platform_grants + GRANT_LANDING(%r11), %rsp
    movq  $0, platform_grants + GRANT_LANDING(%r11)
    movq  platform_grants + GRANT_RESULT(%r11), %rax
    // Nothing of who ran before is left in a register.
    cmpq  $0, platform_grants + GRANT_FOREIGN(%r11)
    je    1f
    fxrstor .Lno_floats
1:
    .irp register, ecx, edx, esi, edi, r8d, r9d, r10d, r11d
    xorl  %\register, %\register
    .endr
    cld
    ldmxcsr (%rsp)
    fldcw 4(%rsp)
    addq  $8, %rsp
    .irp register, r15, r14, r13, r12, rbx, rbp
    popq  %\register
    .endr
    ret

// A new thread lands here, with its compartment's rights: entry in r12, argument in rbx.
    .balign 16
    .globl platform_thread_begin
platform_thread_begin:
    movq  %rbx, %rdi
    xorl  %ebx, %ebx
    call  *%r12
    leaq  .Lreturned, %rdi
    leaq  platform_thread_begin, %rsi
    xorl  %edx, %edx
    call  platform_fault

// -------------------------------------------------------------------------------------------------
// The last words (rdi, rsi bytes), then the end (edx). Everybody may: whoever jumps to the write
// says one thing and is gone.
    .balign 16
    .globl platform_last, platform_last_write_site, platform_last_exit_site
    .type platform_last, @function
platform_last:
    movl  %edx, %r12d
    movq  %rsi, %rdx
    movq  %rdi, %rsi
    movl  $2, %edi
    movl  $SYS_write, %eax
    syscall
platform_last_write_site:
    movl  %r12d, %edi
    movl  $SYS_exit_group, %eax
    syscall
platform_last_exit_site:
    ud2
    .size platform_last, . - platform_last

// Who comes here is somewhere that no legal path leads to. The fault handler knows these addresses.
    .globl platform_forged, platform_refused
platform_forged:
    ud2
platform_refused:
    ud2

    .balign 16
    .globl platform_rights
    .type platform_rights, @function
platform_rights:
    xorl  %eax, %eax
#if FLEXOS_KEYS
    cmpl  $0, flexos_image + IMAGE_KEYS
    je    1f
    xorl  %ecx, %ecx
    rdpkru
1:
#endif
    ret
    .size platform_rights, . - platform_rights

// The kernel starts the process here: rsp = argument count, arguments, environment. That stack is
// about to be unmapped.
    .balign 16
    .globl _start
    .type _start, @function
_start:
    xorl  %ebp, %ebp
    movq  %rsp, %rdi
    leaq  platform_stack_end, %rsp
    call  platform_start
    ud2
    .size _start, . - _start

    .section .platform.rodata, "a", @progbits
.Lreturned: .asciz "thread"
    .balign 16
.Lno_floats:                    // vectors and x87 registers zero, no exceptions
    .long 0x37f, 0, 0, 0, 0, 0, 0x1f80
    .skip 512 - 28

// -------------------------------------------------------------------------------------------------
    .section .platform.bss, "aw", @nobits
    .balign 16
    .skip STACK_SIZE
platform_stack_end:

    .section .platform.common, "aw", @nobits
    .balign PAGE
    .globl platform_common, platform_thread
    .type platform_thread, @object
    .size platform_thread, 4
platform_common:
platform_thread:
    .skip PAGE
    .globl platform_common_view
platform_common_view:
    .skip PAGE

    .section .platform.grants, "aw", @nobits
    .balign PAGE
    .globl platform_grants
platform_grants:
    .skip PAGE * (MOST_COMPARTMENTS + 1)

    .section .platform.alternate, "aw", @nobits
    .balign PAGE
    .globl platform_alternate
platform_alternate:
    .skip ALTERNATE_SIZE

    .section .note.GNU-stack, "", @progbits
