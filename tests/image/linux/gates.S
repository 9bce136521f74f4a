// Gates by hand: from compartment 1 into `worker` (2) and `attacker` (3), on their own stacks.
    .text
.macro RIGHTS value
    xorl  %ecx, %ecx
    xorl  %edx, %edx
    movl  $\value, %eax
    wrpkru
    cmpl  $\value, %eax
    jne   forged
.endm

.macro GATE name, target, rights, slot
    .globl \name
\name:
    pushq %rbp
#if KEYS
    movq  %rsp, slot_1
    RIGHTS \rights
    movq  \slot, %rsp
#endif
    call  \target
    movq  %rax, %r10
#if KEYS
    RIGHTS 0x55555550
    movq  slot_1, %rsp
#endif
    movq  %r10, %rax
    popq  %rbp
    ret
.endm

    GATE call_worker, worker, 0x55555544, slot_2
    GATE call_attacker, attacker, 0x55555514, slot_3

// enter_at(address, registers): jumps anywhere with any registers.
    .globl enter_at
enter_at:
    movq  %rdi, %rbx
    movq  %rsi, %rax
    movq  0(%rax), %rdi
    movq  8(%rax), %rsi
    movq  16(%rax), %rdx
    movq  24(%rax), %rcx
    movq  32(%rax), %r9
    movq  40(%rax), %r11
    movq  48(%rax), %rbp
    movq  56(%rax), %rax
    jmp   *%rbx

forged:
    ud2

// What the weaver writes.
    .section .rodata, "a"
    .balign 8
    .globl flexos_image
flexos_image:
    .quad 0x00736f78656c66
#if KEYS
    .long 1, 3, (regions_end - regions) / 24, 3
#else
    .long 1, 1, (regions_end - regions) / 24, 3
#endif
    .quad 0x10000
    .long 1, KEYS
    .quad main_thread, regions, compartments
compartments:
    .fill 3, 8, 0
#if KEYS
    .long 0x55555550, 1 + 2 + 8
    .quad slot_1, stacks_1
    .long 0x55555544, 4 + 8
    .quad slot_2, stacks_2
    .long 0x55555514, 0
    .quad slot_3, stacks_3
#else
    .long 0, 1 + 2 + 4 + 8
    .quad slot_1, stacks_1
#endif

.macro REGION start, end, key, protection
    .quad \start, \end
    .long \key * KEYS, \protection
.endm
regions:
    REGION text_start, text_end, 0, 1 + 4
    REGION rodata_start, rodata_end, 0, 1
    REGION data_0, data_0_end, 0, 1 + 2
    REGION data_1, data_1_end, 1, 1 + 2
    REGION data_2, data_2_end, 2, 1 + 2
    REGION data_3, data_3_end, 3, 1 + 2
    REGION stacks_1, stacks_1_end, 1, 1 + 2
    REGION stacks_2, stacks_2_end, 2, 1 + 2
    REGION stacks_3, stacks_3_end, 3, 1 + 2
regions_end:

    .section .note.GNU-stack, "", @progbits
