/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Linux's own headers, of libc's development package: what a kernel reads. */
#include <asm/bootparam.h>
