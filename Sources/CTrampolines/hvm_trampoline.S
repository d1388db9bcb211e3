/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last code of the loader in a PVH domain. It is copied to the start of a page that is mapped
 * where it is, and is entered there in 64-bit mode, interrupts off. It uses no stack and no memory
 * but its own page, the page tables and list of its fields, and what the list names.
 *
 * The kernel gets the state of Xen's docs/misc/pvh.pandoc: 32-bit protected mode without paging,
 * flat segments, a task register of base 0 and limit 0x67, ebx = hvm_start_info, all other
 * registers zero. Or that of Linux's 64-bit boot protocol: rsi = boot_params, page tables that map
 * everything below 4 GiB where it is, cs 0x10, all other segments 0x18. */
#define CR0_PE_ET 0x11
#define CR4_PAE 0x20
#define MSR_EFER 0xc0000080
#define CODE_64 0x10
#define DATA 0x18
#define CODE_32 0x20
#define TASK 0x28
#define ZEROS -1

    .section .rodata.hvm_trampoline, "a", @progbits
    .p2align 4
    .globl hvm_trampoline_start
hvm_trampoline_start:
    cli
    cld
    leaq hvm_trampoline_fields(%rip), %rbx
    /* The ABI says nothing of the FPU: it is as we found it. CR4 must still allow SSE. */
    fninit
    fldenv 48(%rbx)
    ldmxcsr 76(%rbx)
    /* A change of CR4.PGE throws out what the old tables left of global translations. */
    movl $CR4_PAE, %eax
    movq %rax, %cr4
    movq 0(%rbx), %rax
    movq %rax, %cr3

    movq 8(%rbx), %rdx
    movq 16(%rbx), %rbp
1:  testq %rbp, %rbp
    jz 4f
    movq 0(%rdx), %rdi
    movq 8(%rdx), %rsi
    movq 16(%rdx), %rcx
    shrq $3, %rcx
    cmpq $ZEROS, %rsi
    je 2f
    rep movsq
    jmp 3f
2:  xorl %eax, %eax
    rep stosq
3:  addq $24, %rdx
    decq %rbp
    jmp 1b

    /* Addresses of this page, which were not known before. */
4:  leaq segments(%rip), %rax
    movq %rax, 2 + segments_pointer(%rip)
    lgdt segments_pointer(%rip)
    lidt no_exceptions(%rip)
    movl $DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %fs
    movl %eax, %gs
    movl %eax, %ss
    cmpl $0, 40(%rbx)
    je enter_32_bit

    movl 24(%rbx), %eax
    movl %eax, far_pointer(%rip)
    movl $CODE_64, 4 + far_pointer(%rip)
    movq 32(%rbx), %rsi
    xorl %eax, %eax
    xorl %ebx, %ebx
    xorl %ecx, %ecx
    xorl %edx, %edx
    xorl %edi, %edi
    xorl %ebp, %ebp
    xorl %esp, %esp
    xorl %r8d, %r8d
    xorl %r9d, %r9d
    xorl %r10d, %r10d
    xorl %r11d, %r11d
    xorl %r12d, %r12d
    xorl %r13d, %r13d
    xorl %r14d, %r14d
    xorl %r15d, %r15d
    ljmpl *far_pointer(%rip)

enter_32_bit:
    movl 24(%rbx), %eax
    movl %eax, entry_operand(%rip)
    leaq protected_mode(%rip), %rax
    movl %eax, far_pointer(%rip)
    movl $CODE_32, 4 + far_pointer(%rip)
    movl 32(%rbx), %ebx
    ljmpl *far_pointer(%rip)

    .code32
protected_mode:
    /* Paging off leaves long mode; then EFER and CR4 may be cleared. */
    movl $CR0_PE_ET, %eax
    movl %eax, %cr0
    movl $MSR_EFER, %ecx
    xorl %eax, %eax
    xorl %edx, %edx
    wrmsr
    movl %eax, %cr4
    movl %eax, %cr3
    movl $TASK, %eax
    ltr %ax
    xorl %eax, %eax
    xorl %ecx, %ecx
    xorl %esi, %esi
    xorl %edi, %edi
    xorl %ebp, %ebp
    xorl %esp, %esp
    /* ljmp $CODE_32, $entry: no register is left for the address. */
    .byte 0xea
entry_operand:
    .long 0
    .word CODE_32
    .code64

    .p2align 3
segments:
    .quad 0
    .quad 0
    .quad 0x00af9b000000ffff
    .quad 0x00cf93000000ffff
    .quad 0x00cf9b000000ffff
    .quad 0x0000890000000067
segments_pointer:
    .word 6 * 8 - 1
    .quad 0
no_exceptions:
    .word 0
    .quad 0
    .p2align 2
far_pointer:
    .long 0
    .word 0, 0
    .p2align 3
    .globl hvm_trampoline_fields
hvm_trampoline_fields:
    .skip 80
    .globl hvm_trampoline_end
hvm_trampoline_end:

    .section .note.GNU-stack, "", @progbits
