/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* libFuzzer's entry, in the compiler's runtime; only a build for fuzzing is linked with it. */
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*callback)(const uint8_t *data, size_t size));

/* Counters that libFuzzer takes for coverage: an input that sets a new one is kept. It clears them
 * before each execution. */
enum { FUZZ_SCORE_COUNT = 2048 };
void fuzz_score(uint32_t index);

/* The bytes that this thread has allocated, and the most since `fuzz_memory_begin`. Over `limit`
 * bytes more than there were then, the program aborts. Counts in a build for fuzzing only. */
void fuzz_memory_begin(int64_t limit);
int64_t fuzz_memory_end(void);
int64_t fuzz_memory_used(void);

/* Calls `body` on a stack of so many bytes above an unmapped page, signals on another one. */
void fuzz_on_small_stack(size_t byte_count, void (*body)(void));

/* The processor time of this thread, in nanoseconds. */
uint64_t fuzz_nanoseconds(void);
