#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# FAT file systems by mkfs.fat and mtools. The second argument says which one; the reason for each
# stands beside it.
image=$1
work=$(mktemp -d "$1.XXXXXX")
trap 'rm -rf "$work"' EXIT
export MTOOLS_SKIP_CHECK=1 TZ=UTC

# make SIZE OPTIONS...
make() {
  truncate -s "$1" "$image"
  shift
  mkfs.fat -n 'TEST LABEL' -i 1234abcd "$@" "$image" >/dev/null
}

# A bit of everything.
fill() {
  mkdir -p "$work/boot/grub" "$work/EFI/Linux" "$work/deep/with/some/More/DIRECTORIES" \
    "$work/loader/entries"
  printf 'timeout 3\n' >"$work/boot/grub/menu.lst"
  : >"$work/empty"
  printf x >"$work/ONE.TXT"
  seq 1 60000 | head -c 100001 >"$work/boot/vmlinuz-6.1.0-13-amd64"
  head -c 4096 "$work/boot/vmlinuz-6.1.0-13-amd64" >"$work/deep/with/some/More/DIRECTORIES/4096"
  printf long >"$work/$(printf 'n%.0s' {1..250})"
  printf title >"$work/loader/entries/0123456789abcdef-6.1.0.conf"
  printf utf-8 >"$work/deep/größe — 漢字.txt"
  printf clef >"$work/deep/𝄞 clef.txt"
  printf lower >"$work/lower.efi"
  printf mixed >"$work/UPPER.efi"
  printf thirteen >"$work/thirteen-long"
  touch -d '2021-03-04 05:06:08 UTC' "$work/boot/vmlinuz-6.1.0-13-amd64"
  mcopy -i "$image" -s -m -D o "$work"/* ::
}

# Every second of many small files is taken away again, and a large one goes into the gaps.
fragment() {
  mmd -i "$image" ::/gaps
  for number in $(seq 1 60); do head -c 5000 /dev/zero >"$work/gap-$number"; done
  mcopy -i "$image" "$work"/gap-* ::/gaps
  truncate -s "$(($(mdir -i "$image" :: | tr -d ' ' | sed -n 's/bytesfree//p') - 200000))" \
    "$work/rest"
  mcopy -i "$image" "$work/rest" ::/rest
  mdel -i "$image" ::/gaps/gap-*[13579]
  seq 1 90000 | head -c 250000 >"$work/pieces"
  mcopy -i "$image" "$work/pieces" ::/pieces
  mdel -i "$image" ::/rest
}

many() {
  mmd -i "$image" ::/many
  mkdir "$work/many"
  for number in $(seq 1 400); do
    printf '%s' "$number" >"$work/many/an-entry-with-quite-a-long-name-$number"
  done
  mcopy -i "$image" "$work"/many/* ::/many
}

case $2 in
  # What floppy disks have.
  fat12) make 1440K -F 12; fill ;;
  fat12-clusters) make 4M -F 12 -s 8; fill; fragment ;;
  fat16) make 10M -F 16; fill; fragment ;;
  # Neither a signature nor FAT's name in the boot sector.
  atari) make 8M -A; fill ;;
  fat16-one-table) make 32M -F 16 -f 1 -s 4; fill; many ;;
  fat32) make 34M -F 32 -s 1; fill; fragment; many ;;
  # What firmware and installers make.
  fat32-clusters) make 270M -F 32 -s 8; fill; many ;;
  # Sectors of 4096 bytes.
  fat32-4k) make 270M -F 32 -S 4096 -s 1; fill; many ;;
  # Small, to be damaged byte by byte.
  small12) make 128K -F 12 -s 1 -r 64; small=1 ;;
  small16) make 2200K -F 16 -s 1 -r 64; small=1 ;;
  small32) make 34M -F 32 -s 1; small=1 ;;
  *) exit 1 ;;
esac
if [ "${small:-}" ]; then
  mkdir -p "$work/boot/grub" "$work/a/b"
  printf 'timeout 3\n' >"$work/boot/grub/menu.lst"
  head -c 3000 /dev/zero >"$work/a/first"
  head -c 3000 /dev/zero >"$work/a/a-long-name-of-a-file"
  printf deep >"$work/a/b/deep.txt"
  mcopy -i "$image" -s "$work"/* ::
fi
