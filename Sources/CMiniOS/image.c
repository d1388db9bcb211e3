/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where things are in the image, told to Swift through functions: Swift does not touch C globals. */
#include "CMiniOS.h"

static uint64_t free_ranges[MINIOS_FREE_RANGE_MAX * 2];
static uint64_t table_frames[MINIOS_TABLE_FRAME_MAX];
static uint64_t page_bitmap[MINIOS_HEAP_PAGE_MAX / 64];
static uint64_t update_buffer[MINIOS_UPDATE_MAX * 2];
static uint64_t frame_buffer[MINIOS_UPDATE_MAX];
static struct hvm_memmap_table_entry memory_map[MINIOS_MEMORY_MAP_MAX];

uint64_t *minios_free_ranges(void) { return free_ranges; }
uint64_t *minios_table_frames(void) { return table_frames; }
uint64_t *minios_page_bitmap(void) { return page_bitmap; }
uint64_t *minios_update_buffer(void) { return update_buffer; }
uint64_t *minios_frame_buffer(void) { return frame_buffer; }
struct hvm_memmap_table_entry *minios_memory_map(void) { return memory_map; }

#if !defined(__linux__)

#define PAGE 4096
#define PAGE_ALIGNED __attribute__((aligned(PAGE)))

static uint8_t scratch_page[PAGE] PAGE_ALIGNED;
static uint8_t shared_info_page[PAGE] PAGE_ALIGNED;
static uint8_t thread_page[PAGE] PAGE_ALIGNED;
uint64_t minios_scratch_page(void) { return (uint64_t)scratch_page; }
uint64_t minios_shared_info_page(void) { return (uint64_t)shared_info_page; }
uint64_t minios_thread_page(void) { return (uint64_t)thread_page; }

extern uint64_t start_info_address;
extern const uint64_t saved_registers[MINIOS_SAVED_REGISTER_COUNT];
extern const uint32_t saved_fpu[MINIOS_SAVED_FPU_COUNT];
extern uint32_t is_pvh;
extern uint64_t boot_tables[];
extern uint8_t hypercall_page[];
extern uint8_t image_text_start[], image_text_end[], image_rodata_end[], image_end[];
extern uint8_t boot_stack_guard[], boot_stack_top[];
extern const uint64_t trap_stubs[32];

uint64_t minios_start_info(void) { return start_info_address; }
int minios_is_pvh(void) { return is_pvh != 0; }
uint64_t *minios_boot_tables(void) { return boot_tables; }
uint64_t minios_hypercall_page(void) { return (uint64_t)hypercall_page; }
const uint64_t *minios_saved_registers(void) { return saved_registers; }
const uint32_t *minios_saved_fpu(void) { return saved_fpu; }
uint64_t minios_text_start(void) { return (uint64_t)image_text_start; }
uint64_t minios_text_end(void) { return (uint64_t)image_text_end; }
uint64_t minios_rodata_end(void) { return (uint64_t)image_rodata_end; }
uint64_t minios_image_end(void) { return (uint64_t)image_end; }
uint64_t minios_stack_guard(void) { return (uint64_t)boot_stack_guard; }
uint64_t minios_stack_top(void) { return (uint64_t)boot_stack_top; }
uint64_t minios_trap_stub(uint32_t vector) { return vector < 32 ? trap_stubs[vector] : 0; }

#endif
