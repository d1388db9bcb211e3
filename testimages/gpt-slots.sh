#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A disk laid out as Flatcar's: an ext4 of 1 MiB as partition 1, and two systems' partitions, 3 and
# 4, each given as PRIORITY:TRIES:SUCCESSFUL. Pairs of a path and the file's contents follow; with =
# in front, a file to copy.
image=$1 slots=("$2" "$3")
shift 3
tree=$(mktemp -d "$image.XXXXXX")
while [ $# -ge 2 ]; do
  mkdir -p "$(dirname "$tree$1")"
  case $2 in
    =*) cp "${2#=}" "$tree$1" ;;
    *) printf '%s' "$2" >"$tree$1" ;;
  esac
  shift 2
done
mke2fs -q -F -t ext4 -b 1024 -m 0 -O ^has_journal,^resize_inode -d "$tree" "$image.ext4" 1M
usr=5dfbf5f4-2848-4bac-aa5e-0d9a20b745a6
options=(-a 1 -n 1:64:2111 -c 1:EFI-SYSTEM
  -n 3:2112:2239 -c 3:USR-A -t 3:$usr -u 3:7130c94a-213a-4e5a-8e26-6cce9662f132
  -n 4:2240:2367 -c 4:USR-B -t 4:$usr -u 4:e03dd35c-7c2d-4a47-b3fe-27f15780a57c)
for index in 0 1; do
  IFS=: read -r priority tries successful <<<"${slots[index]}"
  value=$((priority | tries << 4 | successful << 8))
  for bit in 0 1 2 3 4 5 6 7 8; do
    [ $((value >> bit & 1)) = 0 ] || options+=(-A $((index + 3)):set:$((48 + bit)))
  done
done
truncate -s 2M "$image"
sgdisk "${options[@]}" "$image"
dd if="$image.ext4" of="$image" bs=512 seek=64 conv=notrunc status=none
rm -rf "$tree" "$image.ext4"
