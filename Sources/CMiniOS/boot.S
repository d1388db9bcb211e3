/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PV entry: Xen's notes (xen/include/public/elfnote.h) and the first instructions.
 * boot32.S has the PVH entry. */
#if !defined(__linux__)

/* Numbers as in elfnote.h, which has C comments only and is included for them. */
#include <xen/elfnote.h>

    .macro note_string type, text
    .p2align 2
    .long 4, 2f - 1f, \type
    .asciz "Xen"
1:  .asciz "\text"
2:  .p2align 2
    .endm

    .macro note_number type, value
    .p2align 2
    .long 4, 8, \type
    .asciz "Xen"
    .quad \value
    .p2align 2
    .endm

    .section .note.Xen, "a", @note
    note_string XEN_ELFNOTE_GUEST_OS, "MiniOS"
    note_string XEN_ELFNOTE_XEN_VERSION, "xen-3.0"
    note_string XEN_ELFNOTE_LOADER, "generic"
    note_number XEN_ELFNOTE_VIRT_BASE, 0
    note_number XEN_ELFNOTE_PADDR_OFFSET, 0
    note_number XEN_ELFNOTE_ENTRY, _start
    note_number XEN_ELFNOTE_INIT_P2M, 0x8000000000
    note_number XEN_ELFNOTE_MOD_START_PFN, 1

    .section .text.start, "ax", @progbits
    .globl _start
    .type _start, @function
_start:
    call minios_save_registers
    cld
    movq %rsi, start_info_address(%rip)
    leaq boot_stack_top(%rip), %rsp
    /* Xen 4.20 starts a domain with all x87 exceptions unmasked, as a processor after RESET. */
    fninit
    ldmxcsr initial_mxcsr(%rip)
    xorl %ebp, %ebp
    call main
    ud2
    .size _start, . - _start

    .section .data
    .p2align 3
    .globl start_info_address
start_info_address:
    .quad 0

    .section .bss.stack, "aw", @nobits
    .p2align 12
    .globl boot_stack_guard
boot_stack_guard:
    .skip 4096
    .skip 256 * 1024
    .globl boot_stack_top
boot_stack_top:

#endif
    .section .note.GNU-stack, "", @progbits
