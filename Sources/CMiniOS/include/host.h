/* SPDX-License-Identifier: GPL-2.0-or-later */
/* On the host a test stands in for the image and the processor: it says where the parts of the
 * image are, and is called where an instruction would need ring 0. The image has none of this. */
#ifndef CMINIOS_HOST_H
#define CMINIOS_HOST_H

#if defined(__linux__)

#include "processor.h"

/* What the functions of CMiniOS.h and processor.h give; all zero at the start. */
struct minios_host {
    int is_pvh;
    uint64_t start_info, text_start, text_end, rodata_end, image_end, stack_guard, stack_top;
    uint64_t scratch_page, shared_info_page, thread_page, boot_tables, hypercall_page;
    uint64_t fault_address;
    uint32_t saved_fpu[8];
    struct minios_cpuid (*_Nullable cpuid)(uint32_t leaf);
    void (*_Nullable write_msr)(uint32_t number, uint64_t value);
    void (*_Nullable write_port)(uint16_t port, uint8_t value);
    /* One page, or all if the address is all ones. */
    void (*_Nullable flush)(uint64_t address);
    /* Stands for minios_jump and, with address 0, for minios_halt; it may not return. */
    void (*_Nullable leave)(uint64_t address);
};

struct minios_host *_Nonnull minios_host(void);

#endif

#endif
