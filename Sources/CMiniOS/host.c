/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host has in place of the image and of ring 0: see host.h. */
#if defined(__linux__)

#include "CMiniOS.h"

static struct minios_host host;
static const uint64_t registers[MINIOS_SAVED_REGISTER_COUNT];

struct minios_host *minios_host(void) { return &host; }

uint64_t minios_start_info(void) { return host.start_info; }
int minios_is_pvh(void) { return host.is_pvh; }
uint64_t *minios_boot_tables(void) { return (uint64_t *)host.boot_tables; }
uint64_t minios_hypercall_page(void) { return host.hypercall_page; }
void minios_start_exceptions(void) {}
const uint64_t *minios_saved_registers(void) { return registers; }
const uint32_t *minios_saved_fpu(void) { return host.saved_fpu; }
uint64_t minios_text_start(void) { return host.text_start; }
uint64_t minios_text_end(void) { return host.text_end; }
uint64_t minios_rodata_end(void) { return host.rodata_end; }
uint64_t minios_image_end(void) { return host.image_end; }
uint64_t minios_stack_guard(void) { return host.stack_guard; }
uint64_t minios_stack_top(void) { return host.stack_top; }
uint64_t minios_scratch_page(void) { return host.scratch_page; }
uint64_t minios_shared_info_page(void) { return host.shared_info_page; }
uint64_t minios_thread_page(void) { return host.thread_page; }
uint64_t minios_trap_stub(uint32_t vector) { return host.text_start + 16 * vector; }
uint64_t minios_fault_address(void) { return host.fault_address; }

struct minios_cpuid minios_cpuid(uint32_t leaf)
{
    return host.cpuid ? host.cpuid(leaf) : (struct minios_cpuid) { 0, 0, 0, 0 };
}

void minios_write_msr(uint32_t number, uint64_t value)
{
    if (host.write_msr) {
        host.write_msr(number, value);
    }
}

void minios_write_port(uint16_t port, uint8_t value)
{
    if (host.write_port) {
        host.write_port(port, value);
    }
}

void minios_flush_page(uint64_t address)
{
    if (host.flush) {
        host.flush(address);
    }
}

void minios_flush_all(void) { minios_flush_page(~(uint64_t)0); }

void minios_jump(uint64_t address)
{
    if (host.leave) {
        host.leave(address);
    }
    __builtin_trap();
}

void minios_halt(void) { minios_jump(0); }

#endif
