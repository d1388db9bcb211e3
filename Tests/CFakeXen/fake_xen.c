/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "CFakeXen.h"
#include "../../Sources/CXen/include/hypercalls.h"

extern char fake_xen_entry[], fake_xen_stubs[];
int64_t fake_xen_call(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);

static fake_xen_function called;

int64_t fake_xen_call(
    uint64_t number, uint64_t arg1, uint64_t arg2, uint64_t arg3, uint64_t arg4)
{
    return called(number, arg1, arg2, arg3, arg4);
}

void fake_xen_start(fake_xen_function function)
{
    called = function;
    xen_hypercall_stubs.base = (uint64_t)fake_xen_entry;
    xen_hypercall_stubs.stride = 0;
}

uint64_t fake_xen_hypercall_page(void) { return (uint64_t)fake_xen_stubs; }
