#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A guest's disk that is one ext4 of 8 MiB, made of pairs of arguments: a path, and the file's
# contents, a file to copy with = in front, or what a symbolic link says with > in front.
work=$(mktemp -d "$1.XXXXXX")
image=$1
shift
while [ $# -ge 2 ]; do
  mkdir -p "$(dirname "$work$1")"
  case $2 in
    \>*) ln -s "${2#>}" "$work$1" ;;
    =*) cp "${2#=}" "$work$1" ;;
    *) printf '%s' "$2" >"$work$1" ;;
  esac
  shift 2
done
mke2fs -q -F -t ext4 -b 4096 -m 0 -O ^has_journal,^resize_inode -L guest \
  -U 01234567-89ab-cdef-0123-456789abcdef -d "$work" "$image" 8M
rm -rf "$work"
