#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Directories that fold case (casefold): the flag is set on /folding and not on /exact.
. "$(dirname "$0")/ext4-tree.bash"
mke2fs -q -F -t ext4 -b 1024 -O casefold,^metadata_csum -E encoding=utf8-12.1 "$1" 4M
printf x >"$1.x"
{
  printf 'mkdir %s\n' exact folding
  echo 'sif folding flags 0x40080000'
  for name in exact/Vmlinuz folding/Vmlinuz folding/ΑΣ folding/größe folding/a; do
    echo "write $1.x $name"
  done
  echo "write $1.x folding/A-too"
} >"$1.commands"
debugfs -w -f "$1.commands" "$1" 2>&1
rm "$1.x" "$1.commands"
