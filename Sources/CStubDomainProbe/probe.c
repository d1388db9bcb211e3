/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "CStubDomainProbe.h"

#if !defined(__linux__)

extern const uint8_t probe_hypercall_page[4096];

int probe_page_is_filled(void) { return probe_hypercall_page[0] != 0xcc; }

uint64_t probe_version_by_page(void)
{
    uint64_t number = 17 /* __HYPERVISOR_xen_version */, command = 0 /* XENVER_version */;
    uint64_t argument = 0, result;
    __asm__ volatile("call *%[stub]"
                     : "=a"(result), "+D"(command), "+S"(argument)
                     : [stub] "r"(&probe_hypercall_page[number * 32])
                     : "rcx", "rdx", "r8", "r10", "r11", "memory");
    return result;
}

#else /* The host builds these modules for their types only. */

int probe_page_is_filled(void) { return 0; }
uint64_t probe_version_by_page(void) { return 0; }

#endif
