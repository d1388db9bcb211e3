#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A GPT as sgdisk makes it: three partitions with a gap in the numbers, a name beyond ASCII, one
# marked for booting by a BIOS.
truncate -s 8M "$1"
sgdisk -g -U 11111111-2222-3333-4444-555555555555 \
  -n 1:2048:4095 -t 1:EF00 -c 1:'EFI System' -u 1:AAAAAAAA-BBBB-CCCC-DDDD-EEEEEEEEEEEE \
  -n 2:4096:8191 -t 2:8300 -c 2:'größe 漢字' \
  -u 2:01234567-89AB-CDEF-0123-456789ABCDEF -A 2:set:2 \
  -n 5:8192:16350 -t 5:8300 -u 5:0FEDCBA9-8765-4321-0FED-CBA987654321 "$1"
