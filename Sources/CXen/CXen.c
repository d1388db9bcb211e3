// SPDX-License-Identifier: GPL-2.0-or-later
// How hypercalls are made, the only state here; and a check of the headers' layouts.
#include "hypercalls.h"
#include "layout.h"
#include "public.h"
#include "shared.h"

__attribute__((naked)) static void hypercall_by_syscall(void) { __asm__("syscall; ret"); }

struct xen_hypercall_stubs xen_hypercall_stubs = { (uint64_t)hypercall_by_syscall, 0, 0 };

void xen_use_hypercall_page(uint64_t address)
{
    xen_hypercall_stubs.base = address;
    xen_hypercall_stubs.stride = 32;
}
