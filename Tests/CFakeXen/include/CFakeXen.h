/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hypercalls that end in a function of the test, by the register convention of Xen. */
#ifndef PVGRUB_CFAKEXEN_H
#define PVGRUB_CFAKEXEN_H

#include <stdint.h>

typedef int64_t (*fake_xen_function)(
    uint64_t number, uint64_t arg1, uint64_t arg2, uint64_t arg3, uint64_t arg4);

/* From now on all hypercalls of this process go to `function`, as those of a PV domain. */
void fake_xen_start(fake_xen_function _Nonnull function);

/* The address of a page of stubs, 32 bytes apart, as Xen fills it for a PVH domain. */
uint64_t fake_xen_hypercall_page(void);

#endif
