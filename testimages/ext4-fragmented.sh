#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A file in more than 500 pieces, so that its extent tree has index blocks, and a preallocated one
# with blocks never written. Free space is broken up by removing every other small file.
. "$(dirname "$0")/ext4-tree.bash"
work=$(mktemp -d "$1.XXXXXX")
mkdir "$work/small"
for n in $(seq 1 1200); do head -c 1024 /dev/zero | tr '\0' x >"$work/small/$n"; done
seq 1 400000 | head -c 1100000 >"$work.big"
mke2fs -q -F -t ext4 -b 1024 -O ^has_journal -N 2000 -d "$work" "$1" 3500K
{
  for n in $(seq 1 2 1200); do echo "rm small/$n"; done
  echo "write $work.big big"
  echo "write $work/small/1 preallocated"
  echo "fallocate preallocated 2 5"
  echo "sif preallocated size 7000"
} >"$work.commands"
debugfs -w -f "$work.commands" "$1" 2>&1
e2fsck -f -n "$1"
rm -rf "$work" "$work.big" "$work.commands"
