/* SPDX-License-Identifier: GPL-2.0-or-later */
#undef __linux__
#define memcpy tested_memcpy
#define memmove tested_memmove
#define memset tested_memset
#define memcmp tested_memcmp
#define memchr tested_memchr
#define strlen tested_strlen
#include "../../Sources/CMiniOS/memory.c"
