#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A mirror (md, RAID 1) one of whose disks was away during an update and is back: its superblock says
# that it saw fewer changes, and Linux does not use it. GRUB reads the counter of changes and never
# looks at it: it takes member 0 of the array, in whatever order the disks are, so if that is the one
# it boots the old kernel with the old menu.
# Guessed: the member with the most changes, as mdadm does.
# Run in November 2026: GRUB 2.14-4 of Debian sid and 2.06-13+deb12u2; mdadm 4.2-5 shows the counters.
# Needs apt with Debian's sources for bookworm and sid, python3. Half a minute.
set -eu
fetch=$(dirname "$(realpath "$0")")/fetch
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$fetch" bookworm old grub-common=2.06-13+deb12u2 mdadm=4.2-5 squashfs-tools=1:4.5.1-1
"$fetch" sid new grub2-common=2.14-4 libc6 libdevmapper1.02.1 libselinux1 libudev1 libpcre2-8-0
library=$PWD/new/usr/lib/x86_64-linux-gnu

mkdir tree
for age in old new; do
  echo "$age kernel" >tree/vmlinuz
  old/usr/bin/mksquashfs tree "$age.fs" -quiet -no-progress
done
cat >make.py <<'PYTHON'
import struct

def member(number, events, file):
    data = open(file, "rb").read().ljust(1 << 20, b"\0")
    sectors = len(data) // 512
    block = bytearray(256 + 2 * 2)
    struct.pack_into("<IIII16s32sQIIQII", block, 0, 0xA92B4EFC, 1, 0, 0, b"A" * 16, b"host:boot",
                     1, 1, 0, sectors, 0, 2)
    struct.pack_into("<QQQQI4x16s", block, 128, 2048, sectors, 8, 0, number, bytes([number + 1]) * 16)
    # Time, changes, place of a resync (none), checksum, roles.
    struct.pack_into("<QQQII", block, 192, events, events, 0xFFFFFFFFFFFFFFFF, 0, 2)
    struct.pack_into("<HH", block, 256, 0, 1)
    total = sum(struct.unpack(f"<{len(block) // 4}I", block))
    struct.pack_into("<I", block, 216, (total & 0xFFFFFFFF) + (total >> 32) & 0xFFFFFFFF)
    disk = bytearray(2048 * 512)
    disk[4096:4096 + len(block)] = block
    open(f"disk{number}", "wb").write(disk + data)

import sys
stale = int(sys.argv[1])
member(stale, 15, "old.fs")
member(1 - stale, 20, "new.fs")
PYTHON
results=
for stale in 0 1; do
  python3 make.py "$stale"
  for number in 0 1; do
    old/sbin/mdadm --examine "disk$number" | grep -E 'Events|Checksum|Role' | tr -s ' ' | tr '\n' ' '
    echo
  done
  for disks in "disk0 disk1" "disk1 disk0"; do
    for grub in "old/usr/bin/grub-fstest" \
      "$library/ld-linux-x86-64.so.2 --library-path $library new/usr/bin/grub-fstest"; do
      # shellcheck disable=SC2086
      text=$($grub -c 2 $PWD/${disks/ / $PWD/} cat '(md/boot)/vmlinuz' 2>&1 || true)
      echo "$disks, ${grub##* }: $text"
      results="$results ${text% kernel}"
    done
  done
done
[ "$results" = " old old old old new new new new" ] || { echo "it has changed" >&2; exit 1; }
