#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `mksquashfs TREE - -stream >IMAGE` (squashfs-tools 4.7) leaves the superblock at the end, and HSQS in
# place of hsqs in front. unsquashfs 4.7 calls the superblock valid and unpacks the image, so a test
# of a backup by it succeeds; blkid 2.42 sees nothing at all, GRUB 2.14 and Linux 6.18 do not read it,
# until `mksquashfs -fix IMAGE`.
# Guessed: whatever unsquashfs reads can be mounted.
# Run in November 2026: squashfs-tools 1:4.7.5-1, util-linux 2.42.4-1, GRUB 2.14-4 of Debian sid.
# Needs apt with Debian's source for sid. A few seconds.
set -eu
fetch=$(dirname "$(realpath "$0")")/fetch
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$fetch" sid new squashfs-tools=1:4.7.5-1 util-linux=2.42.4-1 grub2-common=2.14-4 libc6 libblkid1 \
  libdevmapper1.02.1 libselinux1 libudev1 libpcre2-8-0 zlib1g liblzo2-2 liblz4-1 liblzma5 libzstd1 \
  libxxhash0
run() { "${fetch%/*}/run" new "$@" 2>&1; }
mkdir tree
seq 100000 >tree/vmlinuz
"${fetch%/*}/run" new mksquashfs tree - -stream \
  -no-progress >image 2>log
judge() {
  unsquashfs=$(run unsquashfs -s image | head -n 1)
  rm -rf out
  run unsquashfs -q -n -d out image >/dev/null
  cmp out/vmlinuz tree/vmlinuz
  blkid=$(run blkid -p -o value -s TYPE image || true)
  grub="not read"
  run grub-fstest "$PWD/image" cat '(loop0)/vmlinuz' | cmp -s - tree/vmlinuz && grub=read
  echo "unsquashfs: $unsquashfs; blkid: ${blkid:-nothing}; GRUB: $grub"
}
before=$(judge)
run mksquashfs -fix image >/dev/null
after=$(judge)
printf '%s\nafter -fix: %s\n' "$before" "$after"
[[ $before == *"valid SQUASHFS 4:0 superblock"*"blkid: nothing; GRUB: not read" ]] &&
  [[ $after == *"blkid: squashfs; GRUB: read" ]] || { echo "it has changed" >&2; exit 1; }
