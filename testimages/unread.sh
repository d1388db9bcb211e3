#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# File systems that are named and not read, by their own makers. The second argument says which one.
image=$1
kind=$2
work=$(mktemp -d "$image.XXXXXX")
trap 'rm -rf "$work"' EXIT

mkdir "$work/tree"
echo text >"$work/tree/file"
case $kind in
  f2fs) truncate -s 64M "$image"; mkfs.f2fs -q "$image" ;;
  nilfs2) truncate -s 160M "$image"; mkfs.nilfs2 -q "$image" ;;
  reiserfs) truncate -s 40M "$image"; mkreiserfs -qff "$image" ;;
  jfs) truncate -s 16M "$image"; mkfs.jfs -q "$image" ;;
  hfs) truncate -s 4M "$image"; HOME=$work hformat -l Label "$image" ;;
  ufs | ufs2) makefs -s 2m -t ffs -o version="$((${kind#ufs} + 0 == 2 ? 2 : 1))" "$image" "$work/tree" ;;
  ufs-big | ufs2-big)
    makefs -s 2m -B be -t ffs -o version="$([[ $kind == ufs2* ]] && echo 2 || echo 1)" \
      "$image" "$work/tree"
    ;;
  minix1) truncate -s 4M "$image"; mkfs.minix -1 "$image" ;;
  minix2) truncate -s 4M "$image"; mkfs.minix -2 "$image" ;;
  minix3) truncate -s 4M "$image"; mkfs.minix -3 "$image" ;;
  bfs) truncate -s 4M "$image"; mkfs.bfs "$image" ;;
  cramfs) mkfs.cramfs "$work/tree" "$image" ;;
  swap) truncate -s 4M "$image"; mkswap "$image" ;;
  swap-64k) truncate -s 4M "$image"; mkswap -p 65536 "$image" ;;
  *) exit 1 ;;
esac
