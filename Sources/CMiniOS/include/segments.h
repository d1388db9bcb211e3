/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers that boot32.S and C share: selectors of the PVH segment table, and its page tables. */
#ifndef CMINIOS_SEGMENTS_H
#define CMINIOS_SEGMENTS_H

#define MINIOS_CODE_SEGMENT 0x08
#define MINIOS_DATA_SEGMENT 0x10
#define MINIOS_TASK_SEGMENT 0x18

/* Pages at boot_tables: L4, an L3 and four L2 of the entry, which map all below 4 GiB by large
 * pages; then an L3, an L2 and three L1, which map the image alone, by small ones. */
#define MINIOS_BOOT_TABLE_COUNT 11

#endif
