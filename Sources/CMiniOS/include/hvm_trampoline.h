/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The code that runs last in a PVH domain: it moves what the loader itself was in the way of, and
 * enters the new kernel. */
#ifndef CMINIOS_HVM_TRAMPOLINE_H
#define CMINIOS_HVM_TRAMPOLINE_H

#include <stdint.h>

/* Its fields; hvm_trampoline.S has the same order. All addresses are physical and below 4 GiB. */
struct minios_hvm_trampoline {
    uint64_t root;       /* of page tables that map the first 4 GiB where they are */
    uint64_t moves;      /* array of struct minios_hvm_move */
    uint64_t move_count;
    uint64_t entry;      /* of the new kernel */
    uint64_t argument;   /* for ebx in 32-bit mode, for rsi in 64-bit mode */
    uint64_t is_64_bit;  /* how the kernel is entered */
};

/* Whole pages; no source is inside of a target. */
struct minios_hvm_move {
    uint64_t target;
    uint64_t source;     /* all ones for zeros */
    uint64_t byte_count;
};

/* The code, to be copied to the start of a page below 4 GiB that is mapped where it is, writable
 * and executable. Its fields are at `fields_offset` bytes from its start. */
uint64_t minios_hvm_trampoline_code(void);
uint64_t minios_hvm_trampoline_byte_count(void);
uint64_t minios_hvm_trampoline_fields_offset(void);

#endif
