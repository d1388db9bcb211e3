/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory functions that compilers and decoders call. String instructions: they are fast on
 * every processor that Xen 4.17 runs on, and one instruction under an instruction count. */
#if !defined(__linux__)

#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t count)
{
    void *result = to;
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
    return result;
}

void *memset(void *to, int value, size_t count)
{
    void *result = to;
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(count) : "a"(value) : "memory");
    return result;
}

void *memmove(void *to, const void *from, size_t count)
{
    if ((uintptr_t)to - (uintptr_t)from >= count) {
        return memcpy(to, from, count);
    }
    uint8_t *last_to = (uint8_t *)to + count - 1;
    const uint8_t *last_from = (const uint8_t *)from + count - 1;
    __asm__ volatile("std; rep movsb; cld"
                     : "+D"(last_to), "+S"(last_from), "+c"(count) : : "memory");
    return to;
}

int memcmp(const void *left, const void *right, size_t count)
{
    const uint8_t *a = left, *b = right;
    for (size_t i = 0; i < count; i++) {
        if (a[i] != b[i]) {
            return a[i] - b[i];
        }
    }
    return 0;
}

void *memchr(const void *bytes, int value, size_t count)
{
    const uint8_t *a = bytes;
    for (size_t i = 0; i < count; i++) {
        if (a[i] == (uint8_t)value) {
            return (void *)(a + i);
        }
    }
    return NULL;
}

size_t strlen(const char *text)
{
    size_t count = 0;
    while (text[count] != 0) {
        count++;
    }
    return count;
}

#endif
