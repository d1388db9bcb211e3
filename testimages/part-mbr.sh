#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# An MBR as sfdisk makes it: two primary partitions, the second one active, and three logical ones.
truncate -s 16M "$1"
sfdisk "$1" <<'TABLE'
label: dos
label-id: 0xdeadbeef
1 : start=2048, size=2048, type=83
2 : start=4096, size=2048, type=82, bootable
4 : start=6144, size=22528, type=f
5 : size=512, type=83
6 : size=512, type=8e
7 : size=4096, type=fd
TABLE
