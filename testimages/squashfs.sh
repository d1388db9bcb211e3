#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SquashFS images. The second argument says which tree, what follows are options of mksquashfs.
image=$1
kind=$2
shift 2
work=$(mktemp -d "$image.XXXXXX")
trap 'rm -rf "$work"' EXIT
tree=$work/tree

# A bit of everything. Files end in the middle of blocks, at their end, and in holes.
fill() {
  mkdir -p "$tree/boot/grub" "$tree/dir/with/some/depth" "$tree/empty directory"
  printf 'set timeout=3\nmenuentry "Debian" { linux /boot/vmlinuz }\n' >"$tree/boot/grub/grub.cfg"
  : >"$tree/empty"
  printf x >"$tree/one-byte.TXT"
  seq 1 60000 | head -c 300001 >"$tree/boot/vmlinuz"
  seq 1 60000 | head -c 131072 >"$tree/one-block"
  head -c 40000 /bin/bash >"$tree/program"
  noise 70000 >"$tree/noise"
  { seq 1 9999; head -c 300000 /dev/zero; seq 1 9999; } >"$tree/holes"
  { seq 1 9999; head -c 300000 /dev/zero; } >"$tree/holes-at-the-end"
  head -c 262144 /dev/zero >"$tree/only-holes"
  chmod 4751 "$tree/program"
  ln -s boot/vmlinuz "$tree/vmlinuz"
  ln -s /boot/grub/grub.cfg "$tree/absolute"
  ln -s ../../dir/./with//some "$tree/dir/with/link"
  ln -s "$(printf '/dir%.0s' {1..250})" "$tree/link-1000"
  ln "$tree/noise" "$tree/dir/same-noise"
  mkfifo "$tree/fifo"
  printf longest >"$tree/$(printf 'm%.0s' {1..255})"
  printf utf-8 >"$tree/dir/größe — 漢字.txt"
  touch -d '2021-03-04 05:06:07 UTC' "$tree/boot/vmlinuz"
  touch -d '1999-12-31 23:59:59 UTC' "$tree/one-byte.TXT"
}

# The same noise each time: what no packer makes smaller.
noise() {
  awk -v count="$1" 'BEGIN { state = 7
    while (n < count) { state = (state * 16807) % 2147483647
      printf "%c", 1 + int(state / 256) % 127; n++ } }' | xz -q -6 --format=raw | head -c "$1"
}

# Directories of many blocks of metadata, which have an index.
fill_many() {
  fill
  mkdir -p "$tree/many"
  for number in $(seq 1 3000); do
    printf '%s' "$number" >"$tree/many/an-entry-with-quite-a-long-name-$number"
  done
}

fill_small() {
  mkdir -p "$tree/boot/grub" "$tree/many"
  printf 'timeout=3\n' >"$tree/boot/grub/grub.cfg"
  seq 1 5000 >"$tree/two-blocks"
  printf fragment >"$tree/fragment"
  { seq 1 999; head -c 30000 /dev/zero; } >"$tree/holes"
  ln -s boot/grub/grub.cfg "$tree/link"
  mkfifo "$tree/fifo"
  for number in $(seq 1 280); do : >"$tree/many/an-entry-with-quite-a-long-name-$number"; done
}

case $kind in
  all) fill ;;
  many) fill_many ;;
  small) fill_small ;;
  *) exit 1 ;;
esac
mksquashfs "$tree" "$image" -noappend -quiet -no-progress -all-root -processors 1 \
  -p 'null c 666 0 0 1 3' -p 'disk b 660 0 0 8 0' "$@"
