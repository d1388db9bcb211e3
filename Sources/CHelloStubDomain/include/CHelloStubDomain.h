/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sample's hypercall page. */
#ifndef CHELLOSTUBDOMAIN_H
#define CHELLOSTUBDOMAIN_H

#include <stdint.h>

/* Whether somebody filled the page. */
int hello_page_is_filled(void);

/* Xen's version, major << 16 | minor, asked through the page. */
uint64_t hello_version_by_page(void);

#endif
