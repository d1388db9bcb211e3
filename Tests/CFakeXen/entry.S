/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Xen's side of a hypercall: number in rax, arguments in rdi, rsi, rdx and r10. It destroys rcx,
 * r11 and, as a debug build of Xen does, the argument registers; all else comes back as it was. */
    .text
    .p2align 4
    .globl fake_xen_entry
    .type fake_xen_entry, @function
fake_xen_entry:
    pushq %rbp
    movq %rsp, %rbp
    subq $512 + 16, %rsp
    andq $-16, %rsp
    fxsave64 (%rsp)
    pushq %r9
    pushq %r9
    movq %r10, %r8
    movq %rdx, %rcx
    movq %rsi, %rdx
    movq %rdi, %rsi
    movq %rax, %rdi
    call fake_xen_call
    popq %r9
    popq %r9
    fxrstor64 (%rsp)
    movq $-1, %rdi
    movq $-1, %rsi
    movq $-1, %rdx
    movq $-1, %rcx
    movq $-1, %r8
    movq $-1, %r10
    movq $-1, %r11
    leave
    ret
    .size fake_xen_entry, . - fake_xen_entry

    .p2align 12
    .globl fake_xen_stubs
fake_xen_stubs:
    .set number, 0
    .rept 64
    .p2align 5
    movl $number, %eax
    jmp fake_xen_entry
    .set number, number + 1
    .endr

    .section .note.GNU-stack, "", @progbits
