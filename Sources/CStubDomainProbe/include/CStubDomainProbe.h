/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The probe's hypercall page. */
#ifndef CSTUBDOMAINPROBE_H
#define CSTUBDOMAINPROBE_H

#include <stdint.h>

/* Whether somebody filled the page. */
int probe_page_is_filled(void);

/* Xen's version, major << 16 | minor, asked through the page. */
uint64_t probe_version_by_page(void);

#endif
