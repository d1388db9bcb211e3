/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The image's own memory functions, under names that a host's program can have beside libc's. */
#ifndef PVGRUB_CMEMORY_H
#define PVGRUB_CMEMORY_H

#include <stddef.h>

void *tested_memcpy(void *to, const void *from, size_t count);
void *tested_memmove(void *to, const void *from, size_t count);
void *tested_memset(void *to, int value, size_t count);

#endif
