#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# EROFS images. The second argument says which tree, what follows are options of mkfs.erofs.
image=$1
kind=$2
shift 2
work=$(mktemp -d "$image.XXXXXX")
trap 'rm -rf "$work"' EXIT
tree=$work/tree

# A bit of everything. Files end in the middle of blocks and at their end; some pack well, some not.
fill() {
  mkdir -p "$tree/boot/grub" "$tree/dir/with/some/depth" "$tree/empty directory"
  printf 'set timeout=3\nmenuentry "Debian" { linux /boot/vmlinuz }\n' >"$tree/boot/grub/grub.cfg"
  : >"$tree/empty"
  printf x >"$tree/one-byte.TXT"
  seq 1 160000 | head -c 1000001 >"$tree/boot/vmlinuz"
  seq 1 60000 | head -c 131072 >"$tree/many-blocks"
  seq 1 60000 | head -c 4096 >"$tree/one-block"
  seq 1 60000 | head -c 4097 >"$tree/one-byte-more"
  head -c 400000 /bin/bash >"$tree/program"
  seq 1 90000 | xz -q -6 | head -c 40001 >"$tree/noise"
  { seq 1 9999; xz -q <"$tree/program" | head -c 20000; seq 1 9999; } >"$tree/noise-in-the-middle"
  { seq 1 9999; head -c 3000000 /dev/zero; seq 1 9999; } >"$tree/zeros"
  head -c 262144 /dev/zero >"$tree/only-zeros"
  chmod 4751 "$tree/program"
  ln -s boot/vmlinuz "$tree/vmlinuz"
  ln -s /boot/grub/grub.cfg "$tree/absolute"
  ln -s ../../dir/./with//some "$tree/dir/with/link"
  ln -s "$(printf '/dir%.0s' {1..1000})" "$tree/link-4000"
  ln "$tree/noise" "$tree/dir/same-noise"
  mkfifo "$tree/fifo"
  # mkfs.erofs 1.5 takes no longer name.
  printf longest >"$tree/$(printf 'm%.0s' {1..254})"
  printf utf-8 >"$tree/dir/größe — 漢字.txt"
  touch -d '2021-03-04 05:06:07 UTC' "$tree/boot/vmlinuz"
  touch -d '1999-12-31 23:59:59 UTC' "$tree/one-byte.TXT"
}

# A directory of many blocks.
fill_many() {
  fill
  mkdir -p "$tree/many"
  for number in $(seq 1 2000); do
    printf '%s' "$number" >"$tree/many/an-entry-with-quite-a-long-name-$number"
  done
}

fill_small() {
  mkdir -p "$tree/boot/grub" "$tree/many"
  printf 'timeout=3\n' >"$tree/boot/grub/grub.cfg"
  seq 1 20000 >"$tree/numbers"
  seq 1 900 >"$tree/end"
  ln -s boot/grub/grub.cfg "$tree/link"
  mkfifo "$tree/fifo"
  for number in $(seq 1 150); do : >"$tree/many/an-entry-with-quite-a-long-name-$number"; done
}

case $kind in
  all) fill ;;
  many) fill_many ;;
  small) fill_small ;;
  *) exit 1 ;;
esac
mkfs.erofs --all-root -U 01234567-89ab-4cde-8f01-23456789abcd "$@" "$image" "$tree"
