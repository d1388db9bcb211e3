#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# exFAT by exfat.py, judged by fsck.exfat. The second argument says which one. IMAGE.tree is the
# directory that it was made of.
image=$1
variant=$2
tree=$image.tree
work=$(mktemp -d "$image.XXXXXX")
trap 'rm -rf "$work"' EXIT
recipes=$(dirname "$0")

# A bit of everything.
fill() {
  mkdir -p "$tree/boot/grub" "$tree/EFI/Linux" "$tree/deep/with/some/More/DIRECTORIES" \
    "$tree/many" "$tree/empty-directory"
  printf 'set timeout=3\nmenuentry "Debian" { linux /boot/vmlinuz }\n' >"$tree/boot/grub/grub.cfg"
  : >"$tree/empty"
  printf x >"$tree/ONE.TXT"
  seq 1 60000 | head -c 100001 >"$tree/boot/vmlinuz-6.1.0-13-amd64"
  seq 1 90000 | head -c 250000 >"$tree/pieces"
  head -c 4096 "$tree/pieces" >"$tree/deep/with/some/More/DIRECTORIES/4096"
  printf long >"$tree/$(printf 'n%.0s' {1..250})"
  printf utf-8 >"$tree/deep/größe — 漢字.txt"
  printf clef >"$tree/deep/𝄞 clef.txt"
  printf georgian >"$tree/deep/ąčę ωΩ я Ꙁ.txt"
  printf fifteen >"$tree/fifteen-letters"
  printf sixteen >"$tree/sixteen--letters"
  { seq 1 3000; head -c 30000 /dev/zero; } >"$tree/preallocated"
  for number in $(seq 1 400); do printf '%s' "$number" >"$tree/many/entry-$number"; done
  touch -d '2021-03-04 05:06:07 UTC' "$tree/boot/vmlinuz-6.1.0-13-amd64"
  touch -d '2024-02-29 23:59:58 UTC' "$tree/ONE.TXT"
  chmod 444 "$tree/ONE.TXT"
}

fill_small() {
  mkdir -p "$tree/boot/grub" "$tree/row"
  printf 'timeout=3\n' >"$tree/boot/grub/grub.cfg"
  seq 1 9000 >"$tree/numbers"
  seq 1 9000 >"$tree/row/more-numbers"
  { seq 1 1000; head -c 5000 /dev/zero; } >"$tree/preallocated"
}

make() {
  truncate -s 8M "$work/capitals"
  mkfs.exfat "$work/capitals" >/dev/null
  python3 "$recipes/exfat.py" "$image" "$tree" capitals="$work/capitals" "$@"
}

case $variant in
  # What mkfs.exfat itself writes, without files.
  made)
    truncate -s 16M "$image"
    mkfs.exfat -L 'Größe 11 漢' "$image" >/dev/null
    exit
    ;;
  small) fill_small; make size=1048576 sector=9 cluster=9 label='A label' ;;
  plain) fill; make label='TEST LABEL' ;;
  scattered) fill; make scatter=1 size=16777216 ;;
  clusters) fill; make cluster=9 size=4194304 label='elevenunits' ;;
  large-clusters) fill; make cluster=15 size=33554432 ;;
  4k) fill; make sector=12 cluster=12 size=16777216 label='4k' ;;
  two-tables) fill; make tables=2 ;;
  *) exit 1 ;;
esac
# fsck.exfat knows no second table; that of Debian 12 (1.2.0) no other sectors than those of the
# file, and it takes a set of entries that leaves a cluster of 512 bytes for damaged (1.4.3 does
# not).
case $variant in 4k | two-tables | clusters) ;; *) fsck.exfat -n "$image" ;; esac
