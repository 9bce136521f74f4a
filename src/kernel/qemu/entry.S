// The ways from ring 3 into the nucleus, and the one copy loop that touches ring 3's memory.
#include "service.h"

    .section .nucleus.text, "ax", @progbits

// nucleus_syscall: where every `syscall` of ring 3 arrives.
//   reached from:  any instruction of ring 3 (malice included): all registers but rcx, r11 are the
//                  caller's choice. IF, TF, DF, AC are off (SFMASK). PKRU is the caller's.
//   does:          saves what a call keeps as a Frame (nucleus.h) at the top of its own stack, which
//                  no key and no page of ring 3 reaches; nucleus_service() checks and serves
//   keeps:         rbx, rbp, r12-r15, rsp; rax = result; all other general registers leave as zero
// A switch of threads exchanges the frame: what is restored below is the other thread's.
// Register atlas: rcx = return rip, r11 = rflags, eax = number; rdi, rsi, rdx, r10 arguments.
    .globl nucleus_syscall
nucleus_syscall:
    mov   %rsp, user_stack(%rip)
    lea   nucleus_stack_top(%rip), %rsp
    push  user_stack(%rip)
    push  %rcx
    push  %r11
    push  %rbx
    push  %rbp
    push  %r12
    push  %r13
    push  %r14
    push  %r15
    push  $0                    // rdi: only a thread's first instruction finds something there
    mov   %r10, %rcx
    mov   %eax, %r8d
    mov   %rsp, %r9
    call  nucleus_service       // (rdi, rsi, rdx, rcx = arguments, r8 = number, r9 = frame)
    pop   %rdi
    pop   %r15
    pop   %r14
    pop   %r13
    pop   %r12
    pop   %rbp
    pop   %rbx
    pop   %r11
    pop   %rcx                  // in .platform.text or a thread's entry: canonical, below 2 GiB
    xor   %edx, %edx
    xor   %esi, %esi
    xor   %r8d, %r8d
    xor   %r9d, %r9d
    xor   %r10d, %r10d
    pop   %rsp
    sysretq

// void nucleus_copy(to, from, n): with the rights in force. The only code of the nucleus that may
// fault, where it touches ring 3's memory (trap.cc knows it by these two symbols).
    .globl nucleus_copy, nucleus_copy_end
nucleus_copy:
    mov   %rdx, %rcx
    rep movsb
    ret
nucleus_copy_end:

// Exceptions: none is ever resumed. They have a stack of their own (the task segment's), so no stack
// pointer of ring 3 is trusted and a fault in the nucleus itself is still told. `handlers` is what
// trap.cc makes gates of.
    .section .nucleus.rodata, "a", @progbits
    .balign 8
    .globl nucleus_handlers
nucleus_handlers:
    .section .nucleus.text

.macro EXCEPTION number, processor_pushes_error=0
    .balign 16
.Lexception\number:
  .if !\processor_pushes_error
    push  $0
  .endif
    push  $\number
    jmp   exception
    .pushsection .nucleus.rodata
    .quad .Lexception\number
    .popsection
.endm

    .irp number, 0, 1, 2, 3, 4, 5, 6, 7
    EXCEPTION \number
    .endr
    EXCEPTION 8, 1
    EXCEPTION 9
    .irp number, 10, 11, 12, 13, 14
    EXCEPTION \number, 1
    .endr
    EXCEPTION 15
    EXCEPTION 16
    EXCEPTION 17, 1
    EXCEPTION 18
    EXCEPTION 19
    EXCEPTION 20
    EXCEPTION 21, 1
    .irp number, 22, 23, 24, 25, 26, 27, 28
    EXCEPTION \number
    .endr
    EXCEPTION 29, 1
    EXCEPTION 30, 1
    EXCEPTION 31

exception:
    mov   %rsp, %rdi            // Trap (trap.cc): vector, error, rip, cs, rflags, rsp, ss
    mov   %cr2, %rsi
    cld
    and   $-16, %rsp
    call  nucleus_trap
    ud2

// The timer: only ever in clock_pause's hlt, in ring 0 (interrupts are off everywhere else).
    .balign 16
timer:
    push  %rax
    mov   $0xfee000b0, %eax     // end of interrupt
    movl  $0, (%rax)
    pop   %rax
    iretq
    .pushsection .nucleus.rodata
    .quad timer
    .popsection

    .section .nucleus.bss, "aw", @nobits
    .balign 8
user_stack: .skip 8

    .section .note.GNU-stack, "", @progbits
