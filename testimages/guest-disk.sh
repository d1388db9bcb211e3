#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A guest's disk of 2 MiB with an ext4 of 1 MiB (label guest), made of pairs of arguments behind the
# layout: a path, and the file's contents, or the target of a link with @ in front, or a file to
# copy with = in front.
# Layouts: bare; msdos and gpt (the file system is partition 1, partition 2 is blank).
work=$(mktemp -d "$1.XXXXXX")
image=$1 layout=$2
shift 2
while [ $# -ge 2 ]; do
  mkdir -p "$(dirname "$work$1")"
  case $2 in
    @*) ln -s "${2#@}" "$work$1" ;;
    =*) cp "${2#=}" "$work$1" ;;
    *) printf '%s' "$2" >"$work$1" ;;
  esac
  shift 2
done
mke2fs -q -F -t ext4 -b 1024 -m 0 -O ^has_journal,^resize_inode,^metadata_csum,^64bit -L guest \
  -U 01234567-89ab-cdef-0123-456789abcdef -d "$work" "$image.ext4" 1M
case $layout in
  bare) cp "$image.ext4" "$image" ;;
  msdos)
    truncate -s 2M "$image"
    printf '%s\n' 'label: dos' 'label-id: 0xdeadbeef' '1 : start=64, size=2048, type=83' \
      '2 : start=2112, size=512, type=82' | sfdisk -q "$image"
    ;;
  gpt)
    truncate -s 2M "$image"
    sgdisk -a 1 -U 11111111-2222-3333-4444-555555555555 -n 1:64:2111 -t 1:8300 \
      -u 1:AAAAAAAA-BBBB-CCCC-DDDD-EEEEEEEEEEEE -n 2:2112:2623 -t 2:8200 "$image"
    ;;
esac
[ "$layout" = bare ] || dd if="$image.ext4" of="$image" bs=512 seek=64 conv=notrunc status=none
rm -rf "$work" "$image.ext4"
