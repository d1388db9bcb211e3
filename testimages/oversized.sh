#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A guest whose kernel and ramdisk are sparse files larger than any memory: what made dom0's loaders
# fill its disk or its memory.
work=$(mktemp -d "$1.XXXXXX")
mkdir -p "$work/boot/grub"
truncate -s 1T "$work/boot/vmlinuz"
truncate -s 2T "$work/boot/initrd"
printf 'default 0\ntitle big\nroot (hd0)\nkernel /boot/vmlinuz\ninitrd /boot/initrd\n' \
  >"$work/boot/grub/menu.lst"
mke2fs -q -F -t ext4 -d "$work" "$1" 16M
rm -rf "$work"
