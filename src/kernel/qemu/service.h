#pragma once

/// What ring 3 and the nucleus agree on at a `syscall`: the service's number in eax, arguments in
/// rdi, rsi, rdx, r10, the result in rax. Read by C++ and by the assembler.
#define SERVICE_CONSOLE_WRITE 0
#define SERVICE_CONSOLE_READ 1
#define SERVICE_CLOCK 2
#define SERVICE_WALL_CLOCK 3
#define SERVICE_RANDOM 4
#define SERVICE_IDLE 5
#define SERVICE_EXIT 6
#define SERVICE_FAULT 7
#define SERVICE_THREAD_PREPARE 8
#define SERVICE_THREAD_SWITCH 9
#define SERVICE_ARGUMENTS 10
#define SERVICE_NET_RECEIVE 11
#define SERVICE_NET_SEND 12
#define SERVICE_NET_ADDRESS 13
#define SERVICE_BUSY_CLOCK 14
#define SERVICES 15

/// Selectors of the table of segments in boot.S; sysret fixes their order.
#define SELECTOR_CODE 0x08
#define SELECTOR_USER_DATA 0x20
#define SELECTOR_USER_CODE 0x28
#define SELECTOR_TASK 0x30

/// The first interrupt vector behind the processor's exceptions: the timer's.
#define VECTOR_TIMER 32
