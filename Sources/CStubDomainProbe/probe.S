/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A HYPERCALL_PAGE note, beside the notes that CMiniOS has: a page that whoever starts this domain
 * is to fill with stubs. MiniOS itself needs none; the probe calls through it to see that it
 * works. */
#if !defined(__linux__)

#include <xen/elfnote.h>

    .section .note.Xen, "a", @note
    .p2align 2
    .long 4, 8, XEN_ELFNOTE_HYPERCALL_PAGE
    .asciz "Xen"
    .quad probe_hypercall_page

    .section .text.probe_hypercall_page, "ax", @progbits
    .p2align 12
    .globl probe_hypercall_page
probe_hypercall_page:
    .skip 4096, 0xcc

#endif
    .section .note.GNU-stack, "", @progbits
