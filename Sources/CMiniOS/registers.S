/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the processor looked like at the PV entry, for who wants to know: called first of all, on
 * the stack that the domain's builder gave. What the FPU looked like is handed on to the next
 * kernel; boot32.S keeps it too. */
#if !defined(__linux__)

    .section .text, "ax", @progbits
    .globl minios_save_registers
    .type minios_save_registers, @function
minios_save_registers:
    movq %rax, saved_registers+0(%rip)
    movq %rbx, saved_registers+8(%rip)
    movq %rcx, saved_registers+16(%rip)
    movq %rdx, saved_registers+24(%rip)
    movq %rsi, saved_registers+32(%rip)
    movq %rdi, saved_registers+40(%rip)
    movq %rbp, saved_registers+48(%rip)
    movq %r8, saved_registers+56(%rip)
    movq %r9, saved_registers+64(%rip)
    movq %r10, saved_registers+72(%rip)
    movq %r11, saved_registers+80(%rip)
    movq %r12, saved_registers+88(%rip)
    movq %r13, saved_registers+96(%rip)
    movq %r14, saved_registers+104(%rip)
    movq %r15, saved_registers+112(%rip)
    leaq 8(%rsp), %rax
    movq %rax, saved_registers+120(%rip)
    pushfq
    popq saved_registers+128(%rip)
    movl %cs, %eax
    movq %rax, saved_registers+136(%rip)
    movl %ss, %eax
    movq %rax, saved_registers+144(%rip)
    movl %ds, %eax
    movq %rax, saved_registers+152(%rip)
    movl %es, %eax
    movq %rax, saved_registers+160(%rip)
    movl %fs, %eax
    movq %rax, saved_registers+168(%rip)
    movl %gs, %eax
    movq %rax, saved_registers+176(%rip)
    stmxcsr saved_fpu+28(%rip)
    fnstenv saved_fpu(%rip)
    ret
    .size minios_save_registers, . - minios_save_registers

    .section .data, "aw", @progbits
    .p2align 3
    .globl saved_registers
saved_registers:
    .skip 23 * 8
    .globl saved_fpu
saved_fpu:
    .skip 8 * 4

#endif
    .section .note.GNU-stack, "", @progbits
