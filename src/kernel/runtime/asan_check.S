// Checks before loads and stores, as -asan-optimize-callbacks calls them: the address is in the
// register that the name says, and the code around goes on as if there had been no call. Hence the
// contract of every entry here:
//
//   in        any of 13 registers: the address; the stack is not aligned
//   may change r10, r11, flags
//   returns   when the access is good, or of memory that the shadow does not cover
//   otherwise does not return (flexos::report_access)
//
// An entry moves its address to r10 and joins the others of its size:
//
//   r10   the address             until the end
//   r11   address - start of part, then its granule's number
//
// One clean granule that holds the whole access is the fast way out. All else (partly accessible
// granules, accesses across granules, findings) goes to C++ with the scratch registers saved. It is
// compiled without vector registers (FLEXOS_GENERAL in asan_shadow.h), so those need no saving.

    .text

// Falls to `good` with the granule clean; r11 is free again.
.macro part name, compare, next
    movq %r10, %r11
    subq $asan_\name\()_start, %r11
    cmpq $asan_\name\()_size, %r11
    jae \next
    shrq $3, %r11
    \compare $0, asan_\name\()_shadow(%r11)
    jne 8f
.endm

// The names have the registers in capitals.
.macro named kind, size, reg, name
    .globl __asan_check_\kind\()_add_\size\()_\name
    .type __asan_check_\kind\()_add_\size\()_\name, @function
__asan_check_\kind\()_add_\size\()_\name:
    movq %\reg, %r10
    jmp asan_check_\kind\size
.endm

.macro check kind, write, size
    .section .text.asan_check_\kind\size, "ax", @progbits
    .balign 16
asan_check_\kind\size:
.if \size == 16 // two granules, two shadow bytes
    part stack, cmpw, 1f
    jmp 7f
1:  part heap, cmpw, 2f
    jmp 7f
2:  part data, cmpw, 9f
.else
    part stack, cmpb, 1f
    jmp 7f
1:  part heap, cmpb, 2f
    jmp 7f
2:  part data, cmpb, 9f
.endif
7:  // Does it end in the granule that it begins in?
.if \size == 8 || \size == 16
    testb $7, %r10b
    jne 8f
.elseif \size > 1
    leal \size - 1(%r10), %r11d
    xorl %r10d, %r11d
    testl $~7, %r11d
    jne 8f
.endif
9:  ret
8:  movl $\size | (\write << 8), %r11d
    jmp asan_check_slowly
    named \kind, \size, rax, RAX
    named \kind, \size, rbx, RBX
    named \kind, \size, rcx, RCX
    named \kind, \size, rdx, RDX
    named \kind, \size, rsi, RSI
    named \kind, \size, rdi, RDI
    named \kind, \size, rbp, RBP
    named \kind, \size, r8, R8
    named \kind, \size, r9, R9
    named \kind, \size, r12, R12
    named \kind, \size, r13, R13
    named \kind, \size, r14, R14
    named \kind, \size, r15, R15
.endm

// r10 = address, r11 = size | write << 8, on the stack the return address into the checked code.
    .section .text.asan_check_slowly, "ax", @progbits
asan_check_slowly:
    pushq %rax
    pushq %rcx
    pushq %rdx
    pushq %rsi
    pushq %rdi
    pushq %r8
    pushq %r9
    pushq %rbx
    movq 64(%rsp), %rcx
    decq %rcx               // inside the call instruction: the line that is checked
    movq %r10, %rdi
    movzbl %r11b, %esi
    movl %r11d, %edx
    shrl $8, %edx
    movq %rsp, %rbx
    andq $-16, %rsp
    call asan_check_range
    movq %rbx, %rsp
    popq %rbx
    popq %r9
    popq %r8
    popq %rdi
    popq %rsi
    popq %rdx
    popq %rcx
    popq %rax
    ret

    check load, 0, 1
    check load, 0, 2
    check load, 0, 4
    check load, 0, 8
    check load, 0, 16
    check store, 1, 1
    check store, 1, 2
    check store, 1, 4
    check store, 1, 8
    check store, 1, 16

    .section .note.GNU-stack, "", @progbits
