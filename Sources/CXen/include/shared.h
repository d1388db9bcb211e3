/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory that another domain reads and writes at the same time: barriers, and accesses that the
   compiler makes exactly once. Addresses must be aligned to the size of the access. */
#ifndef CXEN_SHARED_H
#define CXEN_SHARED_H

#include <stdint.h>

/* Everything before it is visible to the other side before anything after it, loads too. */
static inline void xen_mb(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

/* Loads before it are done before loads after it. */
static inline void xen_rmb(void) { __atomic_thread_fence(__ATOMIC_ACQUIRE); }

/* Stores before it are visible before stores after it. */
static inline void xen_wmb(void) { __atomic_thread_fence(__ATOMIC_RELEASE); }

#define CXEN_ACCESS(bits)                                                                          \
  static inline uint##bits##_t xen_load_u##bits(const void *address) {                             \
    return __atomic_load_n((const uint##bits##_t *)address, __ATOMIC_ACQUIRE);                     \
  }                                                                                                \
  static inline void xen_store_u##bits(void *address, uint##bits##_t value) {                      \
    __atomic_store_n((uint##bits##_t *)address, value, __ATOMIC_RELEASE);                          \
  }                                                                                                \
  /* Stores `value` if `*address` is `expected`; nonzero if it was. */                             \
  static inline int xen_exchange_u##bits(                                                          \
      void *address, uint##bits##_t expected, uint##bits##_t value) {                              \
    return __atomic_compare_exchange_n(                                                            \
        (uint##bits##_t *)address, &expected, value, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);       \
  }

CXEN_ACCESS(8)
CXEN_ACCESS(16)
CXEN_ACCESS(32)
CXEN_ACCESS(64)

#undef CXEN_ACCESS

#endif
