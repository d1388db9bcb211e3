/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What Swift can't say of a stub domain: where the image lies, the entry state, the traps. */
#ifndef CMINIOS_H
#define CMINIOS_H

#include <stddef.h>
#include <stdint.h>
#include <xen/arch-x86/hvm/start_info.h>

#include "host.h"
#include "processor.h"
#include "segments.h"

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif

/* Registers at an exception, in the order in which traps.S pushes them. */
struct minios_trap_frame {
    uint64_t r15, r14, r13, r12, rbp, rbx, r10, r9, r8, rax, rdx, rsi, rdi;
    uint64_t rcx, r11;
    uint64_t vector, error_code;
    uint64_t rip, cs, rflags, rsp, ss;
};

/* The address that the entry was given: in PV struct start_info, in PVH struct hvm_start_info. */
uint64_t minios_start_info(void);
/* Nonzero if the domain came in by the PVH entry. */
int minios_is_pvh(void);

/* PVH: the page tables in the image, MINIOS_BOOT_TABLE_COUNT of 512 entries (segments.h). */
uint64_t *minios_boot_tables(void);
/* PVH: a page of the image's code for Xen's hypercall stubs. */
uint64_t minios_hypercall_page(void);
/* PVH: the exception table, and a stack for page faults and double faults. */
void minios_start_exceptions(void);

/* The registers at the PV entry, as registers.S has them: rax, rbx, rcx, rdx, rsi, rdi, rbp, r8 to
 * r15, rsp, rflags, cs, ss, ds, es, fs, gs. */
enum { MINIOS_SAVED_REGISTER_COUNT = 23 };
const uint64_t *minios_saved_registers(void);

/* The floating-point state at the entry, PV or PVH: the 28 bytes of fnstenv in 64-bit mode, which
 * start with the control word, the status word and the tag word, 32 bits each; then mxcsr. */
enum { MINIOS_SAVED_FPU_COUNT = 8 };
const uint32_t *minios_saved_fpu(void);

/* Bounds of the image's parts; all page aligned. */
uint64_t minios_text_start(void);
uint64_t minios_text_end(void);
uint64_t minios_rodata_end(void);
uint64_t minios_image_end(void);

/* The page under the stack, to be unmapped. */
uint64_t minios_stack_guard(void);
uint64_t minios_stack_top(void);

/* A page of the image through which any frame can be seen for a moment. */
uint64_t minios_scratch_page(void);
/* A page of the image over which the shared info page is mapped. */
uint64_t minios_shared_info_page(void);
/* A page that FS base points to: the stack canary of prebuilt objects is at offset 0x28. */
uint64_t minios_thread_page(void);

/* Tables that must not come from the heap, since the heap stands on them; zero at the start. */
uint64_t *minios_free_ranges(void);       /* MINIOS_FREE_RANGE_MAX pairs: first frame, count */
uint64_t *minios_table_frames(void);      /* MINIOS_TABLE_FRAME_MAX frame numbers */
uint64_t *minios_page_bitmap(void);       /* MINIOS_HEAP_PAGE_MAX bits */
uint64_t *minios_update_buffer(void);     /* MINIOS_UPDATE_MAX struct mmu_update */
uint64_t *minios_frame_buffer(void);      /* MINIOS_UPDATE_MAX frame numbers */
struct hvm_memmap_table_entry *minios_memory_map(void); /* MINIOS_MEMORY_MAP_MAX entries */
enum {
    MINIOS_FREE_RANGE_MAX = 2048,
    MINIOS_TABLE_FRAME_MAX = 4096,
    MINIOS_HEAP_PAGE_MAX = 262144,
    MINIOS_UPDATE_MAX = 512,
    MINIOS_MEMORY_MAP_MAX = 128, /* E820MAX of xen/hvm/e820.h */
};

/* The address of the stub for exception `vector`, 0 to 31. */
uint64_t minios_trap_stub(uint32_t vector);

/* Jumps to `address` and never returns. */
void minios_jump(uint64_t address) __attribute__((noreturn));

/* The frame pointer of the caller, for a backtrace. */
static inline uint64_t minios_frame_pointer(void)
{
    return (uint64_t)__builtin_frame_address(0);
}

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif

#endif
