/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last code of the loader. It is copied into the frame that becomes the new kernel's boot
 * stack, and runs first where the loader sees that frame, then where the new kernel does.
 * Nothing else of the loader is needed from its first instruction on: no stack, no memory. */
#define HYPERVISOR_update_va_mapping 14
#define HYPERVISOR_mmuext_op 26
#define UVMF_INVLPG 2
#define DOMID_SELF 0x7ff0

    .section .rodata.pv_trampoline, "a", @progbits
    .p2align 4
    .globl pv_trampoline_start
pv_trampoline_start:
    leaq fields(%rip), %rbx

    /* Map this page where the new page tables have it, in the old ones. */
    movq 0(%rbx), %rdi
    movq 8(%rbx), %rsi
    movl $UVMF_INVLPG, %edx
    movl $HYPERVISOR_update_va_mapping, %eax
    syscall
    testq %rax, %rax
    jnz failed

    movq 0(%rbx), %rax
    addq $(in_place - pv_trampoline_start), %rax
    jmp *%rax

in_place:
    leaq fields(%rip), %rbx

    /* Switch the page tables and release the old ones. */
    leaq 40(%rbx), %rdi
    movl $2, %esi
    xorl %edx, %edx
    movl $DOMID_SELF, %r10d
    movl $HYPERVISOR_mmuext_op, %eax
    syscall
    testq %rax, %rax
    jnz failed

    /* The state of pv-handoff: all registers zero but rsp, rsi and rip, the FPU as we found it. */
    movq 16(%rbx), %rsp
    pushq 32(%rbx)
    movq 24(%rbx), %rsi
    fninit
    fldenv 88(%rbx)
    ldmxcsr 116(%rbx)
    xorps %xmm0, %xmm0
    xorps %xmm1, %xmm1
    xorps %xmm2, %xmm2
    xorps %xmm3, %xmm3
    xorps %xmm4, %xmm4
    xorps %xmm5, %xmm5
    xorps %xmm6, %xmm6
    xorps %xmm7, %xmm7
    xorps %xmm8, %xmm8
    xorps %xmm9, %xmm9
    xorps %xmm10, %xmm10
    xorps %xmm11, %xmm11
    xorps %xmm12, %xmm12
    xorps %xmm13, %xmm13
    xorps %xmm14, %xmm14
    xorps %xmm15, %xmm15
    xorl %eax, %eax
    xorl %ebx, %ebx
    xorl %ecx, %ecx
    xorl %edx, %edx
    xorl %edi, %edi
    xorl %ebp, %ebp
    xorl %r8d, %r8d
    xorl %r9d, %r9d
    xorl %r10d, %r10d
    xorl %r11d, %r11d
    xorl %r12d, %r12d
    xorl %r13d, %r13d
    xorl %r14d, %r14d
    xorl %r15d, %r15d
    pushq $0x202
    popfq
    ret

    /* No way back and no console here: Xen logs the registers, rax holds the error. */
failed:
    ud2

    .p2align 3
    .globl pv_trampoline_fields
pv_trampoline_fields:
fields:
    .skip 120
    .globl pv_trampoline_end
pv_trampoline_end:

    .section .note.GNU-stack, "", @progbits
