/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The code that runs last, when nothing of the loader is left but the page that it is copied into.
 * It is position independent. The host has it too: tests copy it and look at its fields. */
#ifndef CTRAMPOLINES_H
#define CTRAMPOLINES_H

#include <stdint.h>

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif

/* Where one of them is, and where in it its fields are. */
struct trampoline_code {
    const void *start;
    uint64_t byte_count;
    uint64_t fields_offset;
};

/* The fields of the PV trampoline; pv_trampoline.S has the same order. All addresses are virtual
 * but for the page-table base frames. */
struct pv_trampoline_fields {
    uint64_t page_address;       /* of the trampoline page in both address spaces */
    uint64_t page_entry;         /* the page-table entry that maps it there */
    uint64_t stack_pointer;      /* of the new kernel */
    uint64_t start_info;         /* for rsi */
    uint64_t entry;              /* of the new kernel */
    uint64_t base_operations[6]; /* two mmuext_op: NEW_BASEPTR, UNPIN_TABLE */
    uint32_t fpu[8];             /* for fldenv, then mxcsr */
};

/* To be copied to the start of the frame that becomes the new kernel's boot stack. */
struct trampoline_code pv_trampoline(void);

/* The fields of the PVH trampoline; hvm_trampoline.S has the same order. All addresses are physical
 * and below 4 GiB. */
struct hvm_trampoline_fields {
    uint64_t root;       /* of page tables that map the first 4 GiB at their own addresses */
    uint64_t moves;      /* array of struct hvm_trampoline_move */
    uint64_t move_count;
    uint64_t entry;      /* of the new kernel */
    uint64_t argument;   /* for ebx in 32-bit mode, for rsi in 64-bit mode */
    uint64_t is_64_bit;  /* how the kernel is entered */
    uint32_t fpu[8];     /* for fldenv, then mxcsr */
};

/* Whole pages; no source is inside a target. */
struct hvm_trampoline_move {
    uint64_t target;
    uint64_t source;     /* all ones for zeros */
    uint64_t byte_count;
};

/* To be copied to the start of a page below 4 GiB that is mapped at its own address, writable and
 * executable: it moves what the loader itself was in the way of, and enters the new kernel. */
struct trampoline_code hvm_trampoline(void);

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif

#endif
