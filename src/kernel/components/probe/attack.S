// The parts of probes that need every register and a stack pointer of their own choice.
#include "probe.h"

    .text

// uint64_t probe_jump(const Jump*): takes all registers and the stack from the structure and jumps.
// Comes back when something returns to probe_landing, with what is in rax then.
    .globl probe_jump
probe_jump:
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq  %rsp, saved_rsp(%rip)
    movq  0(%rdi), %rax
    movq  %rax, target(%rip)
    movq  8(%rdi), %rsp
    movq  16(%rdi), %rax
    movq  24(%rdi), %rbx
    movq  32(%rdi), %rcx
    movq  40(%rdi), %rdx
    movq  48(%rdi), %rsi
    movq  64(%rdi), %r10
    movq  72(%rdi), %r12
    movq  56(%rdi), %rdi
    jmp   *target(%rip)

    .globl probe_landing
probe_landing:
    movq  saved_rsp(%rip), %rsp
    popq  %r15
    popq  %r14
    popq  %r13
    popq  %r12
    popq  %rbp
    popq  %rbx
    cld
    ret

// Where an attack that won goes on, with whatever rights it has won: rbx = the victim's secret. It
// must not touch the attacker's own memory, which it may have lost.
    .globl probe_loot
probe_loot:
    andq  $-16, %rsp
    movabsq $PROBE_SECRET, %rax
    movl  $PROBE_CONFUSED, %edi
    cmpq  %rax, (%rbx)
    jne   1f
    xorl  %edi, %edi
1:  call  platform_exit
    ud2

.macro VECTORS_FROM_RAX
    .irp v, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    movq  %rax, %xmm\v
    .endr
.endm

.macro FLOATS_FROM_RAX
    .irp v, 0,1,2,3,4,5,6,7
    movq  %rax, %mm\v
    .endr
    emms
.endm

// uint64_t probe_call(op, a, b): what gates lead to. Keeps what it finds in all registers before
// anything has changed them.
    .globl probe_call
probe_call:
    movq  %rax, probe_seen + 0(%rip)
    movq  %rbx, probe_seen + 8(%rip)
    movq  %rcx, probe_seen + 16(%rip)
    movq  %rbp, probe_seen + 24(%rip)
    movq  %r8, probe_seen + 32(%rip)
    movq  %r9, probe_seen + 40(%rip)
    movq  %r10, probe_seen + 48(%rip)
    movq  %r11, probe_seen + 56(%rip)
    movq  %r12, probe_seen + 64(%rip)
    movq  %r13, probe_seen + 72(%rip)
    movq  %r14, probe_seen + 80(%rip)
    movq  %r15, probe_seen + 88(%rip)
    fxsave probe_floats(%rip)
    movq  %rsp, probe_rsp(%rip)
    cmpl  $PROBE_OP_FORGE, %edi
    je    forge
    cmpl  $PROBE_OP_LEAVE, %edi
    je    leave
    subq  $8, %rsp
    call  probe_served
    addq  $8, %rsp
    ret

// The callee as an attacker: the caller's return address (rsi) becomes our own, and what it saved
// for itself ours (rdx = the caller's secret).
forge:
    leaq  probe_loot(%rip), %rax
    movq  %rax, (%rsi)
    movq  %rdx, %rbx
    ret

// The callee as a victim: it has used all scratch registers and its stack, as any code does.
leave:
    movabsq $PROBE_SECRET, %rax
    movl  $0x9fc0, -16(%rsp)
    cmpl  $PROBE_LEAK_CONTROL, %esi
    jne   1f
    ldmxcsr -16(%rsp)
1:  cmpl  $PROBE_LEAK_FLOATS, %esi
    jne   2f
    FLOATS_FROM_RAX
2:  movl  $1024, %ecx
    leaq  -8(%rsp), %rdi
    std
    rep stosq
    cld
    VECTORS_FROM_RAX
    movq  %rax, %rcx
    movq  %rax, %rdx
    movq  %rax, %rsi
    movq  %rax, %rdi
    movq  %rax, %r8
    movq  %rax, %r9
    movq  %rax, %r10
    movq  %rax, %r11
    xorl  %eax, %eax
    ret

// uint64_t probe_give(gate, op, a): a caller that has its secret everywhere when it calls.
    .globl probe_give
probe_give:
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    subq  $24, %rsp
    movq  %rdi, target(%rip)
    movq  %rsi, 8(%rsp)
    movq  %rdx, 16(%rsp)
    movabsq $PROBE_SECRET, %rax
    movl  $0x9fc0, (%rsp)
    cmpl  $PROBE_LEAK_CONTROL, %edx
    jne   1f
    ldmxcsr (%rsp)
1:  cmpl  $PROBE_LEAK_FLOATS, %edx
    jne   2f
    FLOATS_FROM_RAX
2:  movl  $1024, %ecx
    leaq  -8(%rsp), %rdi
    std
    rep stosq
    cld
    VECTORS_FROM_RAX
    movq  8(%rsp), %rdi
    movq  16(%rsp), %rsi
    .irp r, rbx, rcx, rdx, rbp, r8, r9, r10, r11, r12, r13, r14, r15
    movq  %rax, %\r
    .endr
    call  *target(%rip)
    jmp   called

// uint64_t probe_take(gate, op, a): a caller that keeps what it finds when the gate comes back.
    .globl probe_take
probe_take:
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    subq  $24, %rsp
    movq  %rdi, %rax
    movl  %esi, %edi
    movq  %rdx, %rsi
    xorl  %edx, %edx
    call  *%rax
    movq  %rsp, probe_rsp(%rip)
    movq  %rcx, probe_seen + 0(%rip)
    movq  %rdx, probe_seen + 8(%rip)
    movq  %rsi, probe_seen + 16(%rip)
    movq  %rdi, probe_seen + 24(%rip)
    movq  %r8, probe_seen + 32(%rip)
    movq  %r9, probe_seen + 40(%rip)
    movq  %r10, probe_seen + 48(%rip)
    movq  %r11, probe_seen + 56(%rip)
    fxsave probe_floats(%rip)
called:
    movl  $0x1f80, (%rsp)
    ldmxcsr (%rsp)
    addq  $24, %rsp
    popq  %r15
    popq  %r14
    popq  %r13
    popq  %r12
    popq  %rbp
    popq  %rbx
    ret

// void probe_lend(gate, secret): a caller that tells its callee where its return address will be.
    .globl probe_lend
probe_lend:
    subq  $8, %rsp
    movq  %rdi, %rax
    movq  %rsi, %rdx
    movl  $PROBE_OP_FORGE, %edi
    leaq  -8(%rsp), %rsi
    call  *%rax
    addq  $8, %rsp
    ret

// void probe_instruction(which): what only ring 0 may do.
    .globl probe_instruction
probe_instruction:
    movl  $0x500, %edx
    xorl  %eax, %eax
    xorl  %ecx, %ecx
    leaq  1f(%rip), %r8
    movslq (%r8,%rdi,4), %r9
    addq  %r8, %r9
    jmp   *%r9
    .balign 4
1:  .long 2f - 1b, 3f - 1b, 4f - 1b, 5f - 1b, 6f - 1b, 7f - 1b, 8f - 1b
2:  hlt
    ret
3:  movq  %rax, %cr3
    ret
4:  lgdt  probe_nothing(%rip)
    ret
5:  movl  $0xc0000082, %ecx
    xorl  %edx, %edx
    wrmsr
    ret
6:  inb   %dx, %al
    ret
7:  outb  %al, %dx
    ret
8:  cli
    ret

// void probe_syscall(number): the services that end an image, asked for from the wrong place.
    .globl probe_syscall
probe_syscall:
    movl  %edi, %eax
    xorl  %edi, %edi
    syscall
    ret

    .globl probe_interrupt
probe_interrupt:
    pushq %rbx
    movl  %edi, %eax
    xorl  %ebx, %ebx
    int   $0x80
    popq  %rbx
    ret

    .bss
    .balign 8
saved_rsp: .skip 8
target: .skip 8
    .globl probe_nothing
probe_nothing: .skip 16

    .section .note.GNU-stack, "", @progbits
