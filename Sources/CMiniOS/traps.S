/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exception stubs. In PV Xen enters them on the current stack with rcx, r11, the error code where
 * the vector has one, rip, cs, rflags, rsp and ss, lowest address first. In PVH the processor
 * enters them behind the two pops: its frame has no rcx and r11. */
#if !defined(__linux__)

    .text
    .macro stub vector, has_error_code
    .p2align 4
trap_stub_\vector:
    popq %rcx
    popq %r11
hardware_trap_stub_\vector:
    .if \has_error_code == 0
    pushq $0
    .endif
    pushq $\vector
    jmp trap_common
    .endm

    .irp vector, 0,1,2,3,4,5,6,7,9,15,16,18,19,20,22,23,24,25,26,27,28,31
    stub \vector, 0
    .endr
    .irp vector, 8,10,11,12,13,14,17,21,29,30
    stub \vector, 1
    .endr

trap_common:
    pushq %r11
    pushq %rcx
    pushq %rdi
    pushq %rsi
    pushq %rdx
    pushq %rax
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, %rdi
    movq %rsp, %rbx
    andq $-16, %rsp
    call minios_trap
    ud2

    .section .rodata
    .p2align 3
    .globl trap_stubs
trap_stubs:
    .irp vector, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    .quad trap_stub_\vector
    .endr
    .globl hardware_trap_stubs
hardware_trap_stubs:
    .irp vector, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    .quad hardware_trap_stub_\vector
    .endr

    .text
    .globl minios_jump
minios_jump:
    jmp *%rdi

#endif
    .section .note.GNU-stack, "", @progbits
