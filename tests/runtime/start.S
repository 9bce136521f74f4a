// On the top of thread 0's stack, as the weaver's start code: the runtime, then main.
    .globl test_start
test_start:
    subq $8, %rsp
    call ref.test.rt_init
    call ref.test.main
    movl %eax, %edi
    call platform_exit
