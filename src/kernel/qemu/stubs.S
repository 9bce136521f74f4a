// The platform as ring 3 sees it (platform.h): one syscall each, and the only ones of an image. The
// nucleus refuses a syscall that returns to anywhere else. Nothing here is trusted: who jumps to a
// syscall with registers of his own asks for a service with his own rights, as if he had called it.
//
// Register atlas: rdi, rsi, rdx, rcx arguments of the call -> rdi, rsi, rdx, r10 (syscall takes rcx
// and r11 for itself). The nucleus keeps rbx, rbp, r12-r15, rsp and hands back all other general
// registers as zero, but rax.
#include "service.h"

    .section .platform.text, "ax", @progbits

.macro SERVICE name, number
    .balign 16
    .globl \name
    .type \name, @function
\name:
    mov   %rcx, %r10
    mov   $\number, %eax
    syscall
    ret
    .size \name, . - \name
.endm

    SERVICE platform_console_write, SERVICE_CONSOLE_WRITE
    SERVICE platform_console_read, SERVICE_CONSOLE_READ
    SERVICE platform_clock, SERVICE_CLOCK
    SERVICE platform_wall_clock, SERVICE_WALL_CLOCK
    SERVICE platform_busy_clock, SERVICE_BUSY_CLOCK
    SERVICE platform_random, SERVICE_RANDOM
    SERVICE platform_idle, SERVICE_IDLE
    SERVICE platform_arguments, SERVICE_ARGUMENTS
    SERVICE platform_net_receive, SERVICE_NET_RECEIVE
    SERVICE platform_net_send, SERVICE_NET_SEND
    SERVICE platform_net_address, SERVICE_NET_ADDRESS
    SERVICE platform_exit, SERVICE_EXIT
    SERVICE platform_fault, SERVICE_FAULT
    SERVICE platform_thread_prepare, SERVICE_THREAD_PREPARE
    SERVICE platform_thread_switch, SERVICE_THREAD_SWITCH

// Read-only to everybody; the nucleus writes it through a page of its own.
    .section .platform.rodata, "a", @progbits
    .balign 4
    .globl platform_thread
    .type platform_thread, @object
platform_thread:
    .long 0
    .size platform_thread, 4

    .section .note.GNU-stack, "", @progbits
