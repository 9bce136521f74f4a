// From the PVH entry to long mode and the C++ of the nucleus.
//
// QEMU (qboot, or the option ROM pvh.bin of the PC machines) enters `nucleus_pvh` as the note says:
// 32-bit protected mode, flat segments, no paging, interrupts off, ebx = struct hvm_start_info.
// Everything that runs here is trusted; nothing of ring 3 exists yet.
#include "service.h"

    .section .pvh_note, "a", @note
    .balign 4
    .long 4, 8, 18              // lengths of name and value; XEN_ELFNOTE_PHYS32_ENTRY
    .asciz "Xen"
    .quad nucleus_pvh           // QEMU reads eight bytes from a 64-bit file

    .section .nucleus.text, "ax", @progbits
    .code32
    .globl nucleus_pvh
nucleus_pvh:
    cld
    mov   $nucleus_stack_top, %esp

    // The first 2 GiB as they are, in pages of 2 MiB: the tables that boot builds its own with.
    mov   $(first_level3 + 3), %eax
    mov   %eax, first_level4
    mov   $(first_level2 + 3), %eax
    mov   %eax, first_level3
    add   $0x1000, %eax
    mov   %eax, first_level3 + 8
    mov   $0x83, %eax           // present, writable, a large page
    xor   %ecx, %ecx
1:  mov   %eax, first_level2(,%ecx,8)
    add   $0x200000, %eax
    inc   %ecx
    cmp   $1024, %ecx
    jne   1b

    mov   $first_level4, %eax
    mov   %eax, %cr3
    mov   $0x620, %eax          // PAE, FXSAVE, SSE exceptions; not: OSXSAVE, FSGSBASE
    mov   %eax, %cr4
    mov   $0xc0000080, %ecx     // EFER: syscall, long mode, no-execute
    mov   $0x901, %eax
    xor   %edx, %edx
    wrmsr
    mov   $0x80010033, %eax     // paging, write protection holds in ring 0, x87 errors trap
    mov   %eax, %cr0
    lgdt  segments_pointer
    ljmp  $SELECTOR_CODE, $2f

    .code64
2:  xor   %eax, %eax
    mov   %eax, %ds
    mov   %eax, %es
    mov   %eax, %ss
    mov   %eax, %fs
    mov   %eax, %gs
    lldt  %ax
    // The task segment, only for the stack that traps switch to. Its base is below 2 GiB.
    mov   $task, %eax
    mov   %ax, segments + SELECTOR_TASK + 2
    shr   $16, %eax
    mov   %al, segments + SELECTOR_TASK + 4
    mov   %ah, segments + SELECTOR_TASK + 7
    mov   $SELECTOR_TASK, %eax
    ltr   %ax
    mov   %ebx, %edi
    xor   %ebp, %ebp
    call  nucleus_main
    ud2

// [[noreturn]] void nucleus_enter(rip, rsp, pkru, has_pkru): ring 3 begins, with nothing in any
// register but what it is given.
    .globl nucleus_enter
nucleus_enter:
    fninit
    mov   %rdi, %r8             // r8 = rip, rsi = rsp
    mov   %edx, %eax
    test  %ecx, %ecx
    jz    1f
    xor   %ecx, %ecx
    xor   %edx, %edx
    wrpkru
1:  mov   %r8, %rcx
    mov   $2, %r11d             // rflags: interrupts off
    mov   %rsi, %rsp
    xor   %eax, %eax
    xor   %edx, %edx
    xor   %ebx, %ebx
    xor   %ebp, %ebp
    xor   %esi, %esi
    xor   %edi, %edi
    xor   %r8d, %r8d
    xor   %r9d, %r9d
    xor   %r10d, %r10d
    xor   %r12d, %r12d
    xor   %r13d, %r13d
    xor   %r14d, %r14d
    xor   %r15d, %r15d
    sysretq

    .section .nucleus.data, "aw", @progbits
    .balign 16
segments:
    .quad 0
    .quad 0x00af9b000000ffff    // code, ring 0
    .quad 0x00cf93000000ffff    // data, ring 0
    .quad 0                     // where sysret would look for 32-bit code
    .quad 0x00cff3000000ffff    // data, ring 3
    .quad 0x00affb000000ffff    // code, ring 3
    .quad 0x0000890000000067    // the task segment, 16 bytes
    .quad 0
segments_pointer:
    .word segments_pointer - segments - 1
    .long segments
    .long 0

    .balign 16
task:
    .long 0
    .quad 0, 0, 0, 0            // no stacks for rings: every trap names one
    .quad nucleus_trap_stack_top
    .fill 6, 8, 0
    .long 0
    .word 0, 0x68               // no map of I/O ports: ring 3 has none

    .section .nucleus.bss, "aw", @nobits
    .balign 4096
first_level4: .skip 4096
first_level3: .skip 4096
first_level2: .skip 8192
    .skip 8192
nucleus_trap_stack_top:
    .skip 8192
    .globl nucleus_stack_top
nucleus_stack_top:

    .section .note.GNU-stack, "", @progbits
