/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Privileged instructions, for a PVH domain. */
#ifndef CMINIOS_PROCESSOR_H
#define CMINIOS_PROCESSOR_H

#include <stdint.h>

/* The fields of CPUID leaf `leaf`. */
struct minios_cpuid {
    uint32_t eax, ebx, ecx, edx;
};

#if defined(__linux__) /* host.c: a process may not, so its tests say what happens. */

struct minios_cpuid minios_cpuid(uint32_t leaf);
void minios_write_msr(uint32_t number, uint64_t value);
void minios_halt(void) __attribute__((noreturn));
void minios_write_port(uint16_t port, uint8_t value);
uint64_t minios_fault_address(void);
void minios_flush_page(uint64_t address);
void minios_flush_all(void);

#else

static inline struct minios_cpuid minios_cpuid(uint32_t leaf)
{
    struct minios_cpuid result;
    __asm__ volatile("cpuid"
                     : "=a"(result.eax), "=b"(result.ebx), "=c"(result.ecx), "=d"(result.edx)
                     : "a"(leaf), "c"(0));
    return result;
}

/* Writes a model-specific register. */
static inline void minios_write_msr(uint32_t number, uint64_t value)
{
    __asm__ volatile("wrmsr" : : "c"(number), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                     : "memory");
}

/* Stops for good. */
static inline void __attribute__((noreturn)) minios_halt(void)
{
    for (;;) {
        __asm__ volatile("cli; hlt");
    }
}

/* Writes a byte to an I/O port. */
static inline void minios_write_port(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

/* The address of the last page fault. */
static inline uint64_t minios_fault_address(void)
{
    uint64_t address;
    __asm__ volatile("mov %%cr2, %0" : "=r"(address));
    return address;
}

/* Forgets the translation of one page, or of all. */
static inline void minios_flush_page(uint64_t address)
{
    __asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

static inline void minios_flush_all(void)
{
    uint64_t base;
    __asm__ volatile("mov %%cr3, %0; mov %0, %%cr3" : "=r"(base) : : "memory");
}

#endif

#endif
