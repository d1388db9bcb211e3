#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A btrfs of pairs of arguments, a path and the file's contents, as the only file system of a disk.
image=$1
shift
tree=$(mktemp -d "$image.XXXXXX")
while [ $# -ge 2 ]; do
  mkdir -p "$(dirname "$tree$1")"
  printf '%s' "$2" >"$tree$1"
  shift 2
done
truncate -s 24M "$image"
mkfs.btrfs -q --mixed -m single -d single -U 01234567-89ab-cdef-0123-456789abcdef \
  --rootdir "$tree" "$image"
rm -rf "$tree"
