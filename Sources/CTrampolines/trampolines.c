/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the trampolines are in the image: Swift does not touch C globals. */
#include "CTrampolines.h"

extern const uint8_t pv_trampoline_start[], pv_trampoline_fields[], pv_trampoline_end[];
extern const uint8_t hvm_trampoline_start[], hvm_trampoline_fields[], hvm_trampoline_end[];

struct trampoline_code pv_trampoline(void)
{
    return (struct trampoline_code){
        pv_trampoline_start, (uint64_t)(pv_trampoline_end - pv_trampoline_start),
        (uint64_t)(pv_trampoline_fields - pv_trampoline_start) };
}

struct trampoline_code hvm_trampoline(void)
{
    return (struct trampoline_code){
        hvm_trampoline_start, (uint64_t)(hvm_trampoline_end - hvm_trampoline_start),
        (uint64_t)(hvm_trampoline_fields - hvm_trampoline_start) };
}
