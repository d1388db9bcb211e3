/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The exception table of a PVH domain (Intel SDM volume 3, 6.14). A page fault and a double fault
 * get a stack of their own, so that a used-up stack is reported too. */
#if !defined(__linux__)

#include "CMiniOS.h"
#include "processor.h"
#include "segments.h"

#define VECTOR_COUNT 32
#define INTERRUPT_GATE 0x8e00
#define TASK_STATE_AVAILABLE 0x89

struct gate {
    uint16_t offset_low, selector, stack_and_type, offset_middle;
    uint32_t offset_high, reserved;
};

/* Intel SDM volume 3, 8.7. */
struct __attribute__((packed)) task_state {
    uint32_t reserved;
    uint64_t stack[3], reserved2, interrupt_stack[7], reserved3;
    uint16_t reserved4, port_map_offset;
};

extern uint64_t segments[];
extern const uint64_t hardware_trap_stubs[VECTOR_COUNT];

static struct gate gates[VECTOR_COUNT];
static struct task_state task_state;
static uint8_t exception_stack[16384] __attribute__((aligned(16)));

void minios_start_exceptions(void)
{
    for (int vector = 0; vector < VECTOR_COUNT; vector++) {
        uint64_t address = hardware_trap_stubs[vector];
        uint16_t stack = vector == 8 || vector == 14 ? 1 : 0;
        gates[vector] = (struct gate) {
            (uint16_t)address, MINIOS_CODE_SEGMENT, (uint16_t)(INTERRUPT_GATE | stack),
            (uint16_t)(address >> 16), (uint32_t)(address >> 32), 0,
        };
    }
    task_state.interrupt_stack[0] = (uint64_t)(exception_stack + sizeof exception_stack);
    task_state.port_map_offset = sizeof task_state;
    uint64_t base = (uint64_t)&task_state;
    segments[3] = (sizeof task_state - 1) | (base & 0xffffff) << 16
        | (uint64_t)TASK_STATE_AVAILABLE << 40 | (base >> 24 & 0xff) << 56;
    segments[4] = base >> 32;
    struct __attribute__((packed)) { uint16_t limit; uint64_t base; } pointer = {
        sizeof gates - 1, (uint64_t)gates,
    };
    __asm__ volatile("lidt %0" : : "m"(pointer));
    __asm__ volatile("ltr %w0" : : "r"(MINIOS_TASK_SEGMENT));
}

#endif
