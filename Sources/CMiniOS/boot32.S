/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PVH entry (xen docs/misc/pvh.pandoc): 32-bit protected mode without paging, flat segments, no
 * stack, ebx = physical address of struct hvm_start_info. It goes to 64-bit mode on page tables
 * that map everything below 4 GiB to itself, and on to `main`. An address is a physical address all
 * the way, since the image is linked where it lies. */
#if !defined(__linux__)

#include "segments.h"
#include <xen/elfnote.h>

#define CR0_PE_MP_ET_NE_WP_PG 0x80010033
#define CR4_PAE_OSFXSR_OSXMMEXCPT 0x620
#define MSR_EFER 0xc0000080
#define EFER_LME_NXE 0x900
#define PRESENT_WRITABLE 0x3
#define PRESENT_WRITABLE_LARGE 0x83

    .section .note.Xen, "a", @note
    .p2align 2
    .long 4, 8, XEN_ELFNOTE_PHYS32_ENTRY
    .asciz "Xen"
    .quad _start32
    .p2align 2

    .section .text.start, "ax", @progbits
    .code32
    .globl _start32
    .type _start32, @function
_start32:
    cld
    movl %ebx, start_info_address
    movl $1, is_pvh

    /* 2048 large pages in four L2 tables. */
    movl $boot_tables + 2 * 4096, %edi
    movl $PRESENT_WRITABLE_LARGE, %eax
    movl $2048, %ecx
1:  movl %eax, (%edi)
    addl $8, %edi
    addl $0x200000, %eax
    loop 1b
    movl $boot_tables + 2 * 4096 + PRESENT_WRITABLE, %eax
    movl %eax, boot_tables + 4096
    addl $4096, %eax
    movl %eax, boot_tables + 4096 + 8
    addl $4096, %eax
    movl %eax, boot_tables + 4096 + 16
    addl $4096, %eax
    movl %eax, boot_tables + 4096 + 24
    movl $boot_tables + 4096 + PRESENT_WRITABLE, %eax
    movl %eax, boot_tables

    movl $boot_tables, %eax
    movl %eax, %cr3
    movl $CR4_PAE_OSFXSR_OSXMMEXCPT, %eax
    movl %eax, %cr4
    movl $MSR_EFER, %ecx
    movl $EFER_LME_NXE, %eax
    xorl %edx, %edx
    wrmsr
    movl $CR0_PE_MP_ET_NE_WP_PG, %eax
    movl %eax, %cr0
    lgdt segments_pointer
    ljmp $MINIOS_CODE_SEGMENT, $1f

    .code64
1:  movl $MINIOS_DATA_SEGMENT, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    stmxcsr saved_fpu+28(%rip)
    fnstenv saved_fpu(%rip)
    fninit
    leaq boot_stack_top(%rip), %rsp
    ldmxcsr initial_mxcsr(%rip)
    xorl %ebp, %ebp
    call main
    ud2
    .size _start32, . - _start32

    .section .rodata
    .p2align 2
    .globl initial_mxcsr
initial_mxcsr:
    .long 0x1f80
segments_pointer:
    .word 5 * 8 - 1
    .long segments

    /* Null, 64-bit code, data, and two words for the task state, which exceptions.c fills. */
    .section .data
    .p2align 3
    .globl segments
segments:
    .quad 0
    .quad 0x00af9b000000ffff
    .quad 0x00cf93000000ffff
    .quad 0, 0
    .globl is_pvh
is_pvh:
    .long 0

    /* L4, L3 and four L2 tables of the entry; behind them those that MiniOS fills. */
    .section .bss.tables, "aw", @nobits
    .p2align 12
    .globl boot_tables
boot_tables:
    .skip MINIOS_BOOT_TABLE_COUNT * 4096

    /* Xen writes its stubs here, one each 32 bytes; nothing of it is in the file. The linker's search for
     * equal functions reads sections that nobody writes, and stumbles over one without contents. */
    .section .hypercalls, "awx", @nobits
    .p2align 12
    .globl hypercall_page
hypercall_page:
    .skip 4096

#endif
    .section .note.GNU-stack, "", @progbits
