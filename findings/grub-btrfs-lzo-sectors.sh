#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# btrfs with sectors over 4 KiB (hosts with larger pages made such by default until btrfs-progs 6.7):
# GRUB reads files that are packed with zstd or zlib or not at all, and none packed with LZO. Its
# pieces of LZO may not cross a sector, and GRUB has 4096 for that written in.
# Guessed: GRUB reads all or none. `btrfs restore` reads all.
# Run in November 2026: GRUB 2.14-4 and btrfs-progs 7.3-1 of Debian sid.
# Needs apt with Debian's source for sid. Half a minute.
set -eu
fetch=$(dirname "$(realpath "$0")")/fetch
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$fetch" sid new grub2-common=2.14-4 libdevmapper1.02.1 libselinux1 libpcre2-8-0 \
  btrfs-progs=7.3-1 libc6 libuuid1 libblkid1 libudev1 zlib1g liblzo2-2 libzstd1
run() { "${fetch%/*}/run" new "$@" 2>&1; }

mkdir tree
seq 90000 >tree/vmlinuz
results=
for options in "4096 lzo" "16384 no" "16384 zlib" "16384 zstd" "16384 lzo"; do
  read -r sector packing <<<"$options"
  rm -rf disk out
  truncate -s 200M disk
  mkdir out
  run mkfs.btrfs -q -s "$sector" -n 16384 --compress "$packing" --rootdir tree disk >/dev/null
  run btrfs restore disk out >/dev/null
  cmp out/vmlinuz tree/vmlinuz
  run grub-fstest "$PWD/disk" cat '(loop0)/vmlinuz' >read || true
  if cmp -s read tree/vmlinuz; then result=read; else result=$(sed 's/.*: //' read); fi
  echo "sectors of $sector, packing $packing: $result"
  results="$results $result"
done
[ "$results" = " read read read read premature end of compressed." ] ||
  { echo "it has changed" >&2; exit 1; }
