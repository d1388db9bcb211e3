#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# ext4 with `bigalloc` (blocks in clusters) is read by GRUB or not, by the size of the partition: on
# less than 512 MiB, such as a /boot, mke2fs takes blocks of 1 KiB and then, with bigalloc alone, calls
# block 0 the first one. GRUB looks for the group descriptors behind the first block, where the
# superblock is, and finds no file system. With blocks of 4 KiB it reads.
# Guessed: GRUB reads both, since it has no need of the clusters. Linux 6.18 mounts both.
# Run in November 2026: GRUB 2.14-4 of sid; 2.06-13+deb12u2 is the same. mke2fs 1.47.0-2+b2.
# Needs apt with Debian's sources for bookworm and sid. Half a minute.
set -eu
fetch=$(dirname "$(realpath "$0")")/fetch
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$fetch" bookworm old grub-common=2.06-13+deb12u2 e2fsprogs=1.47.0-2+b2
"$fetch" sid new grub2-common=2.14-4 libc6 libdevmapper1.02.1 libselinux1 libudev1 libpcre2-8-0
library=$PWD/new/usr/lib/x86_64-linux-gnu

mkdir tree
echo kernel >tree/vmlinuz
results=
for options in "-O ^bigalloc" "-O bigalloc" "-O bigalloc -b 4096"; do
  rm -f disk
  # shellcheck disable=SC2086
  old/sbin/mke2fs -q -t ext4 $options -d tree disk 300M 2>/dev/null
  old/sbin/e2fsck -fn disk >/dev/null 2>&1
  read -r block first < <(old/sbin/dumpe2fs -h disk 2>/dev/null |
    awk '/^Block size/ { b = $3 } /^First block/ { f = $3 } END { print b, f }')
  for grub in "old/usr/bin/grub-fstest" \
    "$library/ld-linux-x86-64.so.2 --library-path $library new/usr/bin/grub-fstest"; do
    text=$($grub "$PWD/disk" cat '(loop0)/vmlinuz' 2>&1 | sed 's/.*: //' || true)
    echo "$options: blocks of $block, the first is $first: ${grub##* }: $text"
    results="$results $text."
  done
done
wanted=" kernel. kernel. unknown filesystem. unknown filesystem. kernel. kernel."
[ "$(echo "$results" | sed 's/filesystem\.\./filesystem./g')" = "$wanted" ] ||
  { echo "it has changed" >&2; exit 1; }
