/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What libFuzzer and the C library are told in C. */
#include "CFuzz.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

__attribute__((section("__libfuzzer_extra_counters"))) static uint8_t scores[FUZZ_SCORE_COUNT];

void fuzz_score(uint32_t index) {
    if (index < FUZZ_SCORE_COUNT) scores[index] = 1;
}

uint64_t fuzz_nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void *run_body(void *body) {
    static uint8_t signal_stack[1 << 16];
    stack_t stack = {.ss_sp = signal_stack, .ss_size = sizeof signal_stack};
    sigaltstack(&stack, NULL);
    ((void (*)(void))(uintptr_t)body)();
    return NULL;
}

void fuzz_on_small_stack(size_t byte_count, void (*body)(void)) {
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setguardsize(&attributes, 1 << 16);
    pthread_attr_setstacksize(&attributes, byte_count + (1 << 16));
    if (pthread_create(&thread, &attributes, run_body, (void *)(uintptr_t)body) != 0) abort();
    pthread_join(thread, NULL);
}

static __thread int64_t used, most, end;

void fuzz_memory_begin(int64_t limit) {
    most = used;
    end = used + limit;
}

int64_t fuzz_memory_end(void) {
    end = 0;
    return most;
}

int64_t fuzz_memory_used(void) { return used; }

#ifdef PVGRUB_FUZZ
/* Comparisons are not followed: a third of the time goes into that, and the bases have the right
 * values already. The linker puts these in place of libFuzzer's own (--wrap). */
void __wrap___sanitizer_cov_trace_cmp1(uint8_t a, uint8_t b) { (void)a, (void)b; }
void __wrap___sanitizer_cov_trace_cmp2(uint16_t a, uint16_t b) { (void)a, (void)b; }
void __wrap___sanitizer_cov_trace_cmp4(uint32_t a, uint32_t b) { (void)a, (void)b; }
void __wrap___sanitizer_cov_trace_cmp8(uint64_t a, uint64_t b) { (void)a, (void)b; }
void __wrap___sanitizer_cov_trace_const_cmp1(uint8_t a, uint8_t b) { (void)a, (void)b; }
void __wrap___sanitizer_cov_trace_const_cmp2(uint16_t a, uint16_t b) { (void)a, (void)b; }
void __wrap___sanitizer_cov_trace_const_cmp4(uint32_t a, uint32_t b) { (void)a, (void)b; }
void __wrap___sanitizer_cov_trace_const_cmp8(uint64_t a, uint64_t b) { (void)a, (void)b; }
void __wrap___sanitizer_cov_trace_switch(uint64_t a, uint64_t *b) { (void)a, (void)b; }

/* The allocator of the C library under other names, so that its own can be counted. */
#include <errno.h>
#include <malloc.h>

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

static void *count(void *memory) {
    if (!memory) return memory;
    used += (int64_t)malloc_usable_size(memory);
    if (used > most) most = used;
    if (end && used > end) {
        static const char text[] = "memory: over the limit of an execution\n";
        end = 0;
        if (write(2, text, sizeof text - 1) < 0) _exit(1);
        abort();
    }
    return memory;
}

static void forget(void *memory) {
    if (memory) used -= (int64_t)malloc_usable_size(memory);
}

void *malloc(size_t size) { return count(__libc_malloc(size)); }
void *calloc(size_t number, size_t size) { return count(__libc_calloc(number, size)); }
void *memalign(size_t alignment, size_t size) { return count(__libc_memalign(alignment, size)); }
void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **memory, size_t alignment, size_t size) {
    *memory = memalign(alignment, size);
    return *memory ? 0 : ENOMEM;
}

void *realloc(void *memory, size_t size) {
    size_t before = memory ? malloc_usable_size(memory) : 0;
    void *result = __libc_realloc(memory, size);
    if (result || size == 0) used -= (int64_t)before;
    return count(result);
}

void free(void *memory) {
    forget(memory);
    __libc_free(memory);
}
#endif
