/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the last code of a PVH domain is in the image. */
#include "hvm_trampoline.h"

#if !defined(__linux__)

extern const uint8_t hvm_trampoline_start[], hvm_trampoline_fields[], hvm_trampoline_end[];

uint64_t minios_hvm_trampoline_code(void) { return (uint64_t)hvm_trampoline_start; }
uint64_t minios_hvm_trampoline_byte_count(void)
{
    return (uint64_t)(hvm_trampoline_end - hvm_trampoline_start);
}
uint64_t minios_hvm_trampoline_fields_offset(void)
{
    return (uint64_t)(hvm_trampoline_fields - hvm_trampoline_start);
}

#else /* The host builds these modules for their types only. */

uint64_t minios_hvm_trampoline_code(void) { return 0; }
uint64_t minios_hvm_trampoline_byte_count(void) { return 0; }
uint64_t minios_hvm_trampoline_fields_offset(void) { return 0; }

#endif
