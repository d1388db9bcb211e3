/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The allocator's names as Swift's runtime and the prebuilt decoders call them. */
#if !defined(__linux__)

#include <stddef.h>
#include <stdint.h>

void *minios_heap_allocate(size_t byte_count, size_t alignment);
void minios_heap_free(void *memory);
void minios_out_of_memory(void) __attribute__((noreturn));
void *memset(void *to, int value, size_t count);

/* For C decoders, which can live with NULL. */
void *malloc(size_t byte_count) { return minios_heap_allocate(byte_count, 16); }

void *calloc(size_t count, size_t byte_count)
{
    size_t total;
    if (__builtin_mul_overflow(count, byte_count, &total)) {
        return NULL;
    }
    void *memory = malloc(total);
    return memory ? memset(memory, 0, total) : NULL;
}

void free(void *memory)
{
    if (memory) {
        minios_heap_free(memory);
    }
}

/* For Swift, which can't. */
int posix_memalign(void **result, size_t alignment, size_t byte_count)
{
    void *memory = minios_heap_allocate(byte_count, alignment);
    if (!memory) {
        minios_out_of_memory();
    }
    *result = memory;
    return 0;
}

/* Hash seeds. No table of ours is keyed by what an attacker chooses at length. */
void arc4random_buf(void *memory, size_t count)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    uint64_t state = (uint64_t)high << 32 | low;
    for (size_t i = 0; i < count; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        ((uint8_t *)memory)[i] = (uint8_t)(state >> 56);
    }
}

#endif
