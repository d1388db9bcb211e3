/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hypercalls of a 64-bit domain as inline functions: number in rax, arguments in rdi, rsi, rdx,
 * r10 and r8 (xen/include/public/arch-x86/xen-x86_64.h). `syscall` destroys rcx and r11, and a
 * debug build of Xen poisons the argument registers too.
 *
 * A PV domain makes them by `syscall`, a PVH domain by the stubs that Xen writes into a page of it,
 * 32 bytes apart: Xen picks the instruction that suits the processor. */
#ifndef CXEN_HYPERCALLS_H
#define CXEN_HYPERCALLS_H

#include "public.h"

/* Where the code for hypercall `number` is: at `base` + `number` * `stride`. Initially one
 * `syscall` for all; set by xen_use_hypercall_page. `count`: how many were made. */
struct xen_hypercall_stubs {
    uint64_t base, stride, count;
};
extern struct xen_hypercall_stubs xen_hypercall_stubs;

/* Makes all later hypercalls through the page at `address`, which Xen has filled. */
void xen_use_hypercall_page(uint64_t address);

/* The image has no red zone under the stack pointer; the host has, and a call would overwrite it. */
#if defined(__linux__)
#define CXEN_ENTER "leaq -128(%%rsp), %%rsp; "
#define CXEN_LEAVE "; leaq 128(%%rsp), %%rsp"
#else
#define CXEN_ENTER ""
#define CXEN_LEAVE ""
#endif

/* Makes hypercall `number`; the result is negative for an error of xen/errno.h. */
static inline int64_t xen_hypercall(
    uint64_t number, uint64_t arg1, uint64_t arg2, uint64_t arg3, uint64_t arg4)
{
    uint64_t result = number;
    xen_hypercall_stubs.count++;
    uint64_t stub = xen_hypercall_stubs.base + number * xen_hypercall_stubs.stride;
    register uint64_t r10 __asm__("r10") = arg4;
    register uint64_t r8 __asm__("r8") = 0;
    __asm__ volatile(CXEN_ENTER "call *%[stub]" CXEN_LEAVE
                     : "+a"(result), "+D"(arg1), "+S"(arg2), "+d"(arg3), "+r"(r10), "+r"(r8)
                     : [stub] "r"(stub)
                     : "rcx", "r11", "memory");
    return (int64_t)result;
}

/* How many hypercalls were made. */
static inline uint64_t xen_hypercall_count(void) { return xen_hypercall_stubs.count; }

/* The same with a structure as second argument. A pointer must stay a pointer until here: if Swift
 * turned it into a number, its target would look unused there and be optimised away. */
static inline int64_t xen_hypercall_structure(
    uint64_t number, uint64_t command, void *argument, uint64_t count)
{
    return xen_hypercall(number, command, (uint64_t)argument, count, 0);
}

/* The same with a list of structures as first argument. */
static inline int64_t xen_hypercall_list(
    uint64_t number, const void *list, uint64_t count, uint64_t arg3, uint64_t arg4)
{
    return xen_hypercall(number, (uint64_t)list, count, arg3, arg4);
}

/* Writes to Xen's own log. */
static inline int64_t xen_console_write(const void *bytes, uint64_t count)
{
    return xen_hypercall(__HYPERVISOR_console_io, CONSOLEIO_write, count, (uint64_t)bytes, 0);
}

/* GNTTABOP_setup_table for this domain: the machine frames of a table of `count` frames. The
 * result is Xen's error or the operation's status. */
static inline int64_t xen_setup_grant_table(uint32_t count, unsigned long *frames)
{
    struct gnttab_setup_table table = { .dom = DOMID_SELF, .nr_frames = count };
    set_xen_guest_handle(table.frame_list, frames);
    int64_t result =
        xen_hypercall_structure(__HYPERVISOR_grant_table_op, GNTTABOP_setup_table, &table, 1);
    return result < 0 ? result : table.status;
}

/* XENMEM_memory_map: fills `entries`, room for `count` of 20 bytes each, and tells how many. */
static inline int64_t xen_memory_map(void *entries, uint32_t *count)
{
    struct xen_memory_map map = { .nr_entries = *count };
    set_xen_guest_handle(map.buffer, entries);
    int64_t result = xen_hypercall_structure(__HYPERVISOR_memory_op, XENMEM_memory_map, &map, 0);
    *count = map.nr_entries;
    return result;
}

/* SCHEDOP_poll on `count` ports until system time `deadline` in nanoseconds. */
static inline int64_t xen_poll(uint32_t *ports, uint32_t count, uint64_t deadline)
{
    struct sched_poll poll = { .nr_ports = count, .timeout = deadline };
    set_xen_guest_handle(poll.ports, ports);
    return xen_hypercall_structure(__HYPERVISOR_sched_op, SCHEDOP_poll, &poll, 0);
}

/* The processor's time stamp counter, read after all earlier loads. */
static inline uint64_t xen_time_stamp(void)
{
    uint32_t low, high;
    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

/* Clears bit `bit` of `word` in one locked instruction: Xen sets its neighbours meanwhile. */
static inline void xen_clear_bit(uint64_t *word, uint64_t bit)
{
    __asm__ volatile("lock; btrq %1, %0" : "+m"(*word) : "r"(bit) : "cc", "memory");
}

#endif
