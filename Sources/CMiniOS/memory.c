/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory functions that compilers and decoders call. */
#if !defined(__linux__)

#include <stddef.h>
#include <stdint.h>

/* 16 bytes at any address. The loops below must stay loops: turned into calls of memcpy they would
 * call themselves. `rep movsb` would be shorter, and slower for the many short copies of decoders;
 * backwards it is slow for all. */
typedef uint8_t bytes16 __attribute__((vector_size(16), aligned(1), may_alias));
typedef uint64_t bytes8 __attribute__((aligned(1), may_alias));
typedef uint32_t bytes4 __attribute__((aligned(1), may_alias));
#define PLAIN_LOOPS __attribute__((no_builtin))

/* Up to 16 bytes: both ends are read before anything is written, so they may overlap. */
PLAIN_LOOPS static void move_short(uint8_t *to, const uint8_t *from, size_t count)
{
    if (count >= 8) {
        uint64_t first = *(const bytes8 *)from, last = *(const bytes8 *)(from + count - 8);
        *(bytes8 *)to = first;
        *(bytes8 *)(to + count - 8) = last;
    } else if (count >= 4) {
        uint32_t first = *(const bytes4 *)from, last = *(const bytes4 *)(from + count - 4);
        *(bytes4 *)to = first;
        *(bytes4 *)(to + count - 4) = last;
    } else if (count > 0) {
        uint8_t first = from[0], middle = from[count / 2], last = from[count - 1];
        to[0] = first;
        to[count / 2] = middle;
        to[count - 1] = last;
    }
}

/* More than 16 bytes, where `to` is not inside of what is still to be read: below `from`, or apart. */
PLAIN_LOOPS static void move_up(uint8_t *to, const uint8_t *from, size_t count)
{
    bytes16 last = *(const bytes16 *)(from + count - 16);
    uint8_t *end = to + count - 16;
    while (count > 64) {
        const bytes16 *in = (const bytes16 *)from;
        bytes16 *out = (bytes16 *)to;
        bytes16 a = in[0], b = in[1], c = in[2], d = in[3];
        out[0] = a, out[1] = b, out[2] = c, out[3] = d;
        from += 64, to += 64, count -= 64;
    }
    while (count > 16) {
        *(bytes16 *)to = *(const bytes16 *)from;
        from += 16, to += 16, count -= 16;
    }
    *(bytes16 *)end = last;
}

/* The same for `to` above `from`. */
PLAIN_LOOPS static void move_down(uint8_t *to, const uint8_t *from, size_t count)
{
    bytes16 first = *(const bytes16 *)from;
    uint8_t *start = to;
    from += count, to += count;
    while (count > 16) {
        from -= 16, to -= 16, count -= 16;
        *(bytes16 *)to = *(const bytes16 *)from;
    }
    *(bytes16 *)start = first;
}

PLAIN_LOOPS void *memcpy(void *restrict to, const void *restrict from, size_t count)
{
    if (count <= 16) {
        move_short(to, from, count);
    } else {
        move_up(to, from, count);
    }
    return to;
}

PLAIN_LOOPS void *memmove(void *to, const void *from, size_t count)
{
    if (count <= 16) {
        move_short(to, from, count);
    } else if ((uintptr_t)to - (uintptr_t)from >= count) {
        move_up(to, from, count);
    } else {
        move_down(to, from, count);
    }
    return to;
}

PLAIN_LOOPS void *memset(void *to, int value, size_t count)
{
    uint8_t *byte = to, fill = (uint8_t)value;
    if (count < 16) {
        for (size_t i = 0; i < count; i++) {
            byte[i] = fill;
        }
        return to;
    }
    bytes16 fills = { fill, fill, fill, fill, fill, fill, fill, fill,
                      fill, fill, fill, fill, fill, fill, fill, fill };
    uint8_t *end = byte + count - 16;
    while (count > 64) {
        bytes16 *out = (bytes16 *)byte;
        out[0] = fills, out[1] = fills, out[2] = fills, out[3] = fills;
        byte += 64, count -= 64;
    }
    while (count > 16) {
        *(bytes16 *)byte = fills;
        byte += 16, count -= 16;
    }
    *(bytes16 *)end = fills;
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
