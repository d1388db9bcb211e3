#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Debian 12's fsck.exfat takes a sound directory for damaged where clusters are of 512 bytes.
#
# Guess: fsck.exfat of both versions finds the file system in order, for entries of a file may go on
# in the directory's next cluster (Microsoft's exFAT specification, 6.3).
# Seen: 1.2.0 (Debian 12) says "the checksum of a file is wrong" of a name of 250 letters, whose 19
# entries are longer than a cluster, and offers to delete it; 1.4.3 (sid) says "clean". GRUB 2.06
# reads the file.
#
# Needs apt with Debian's sources for bookworm and sid, python3. A few seconds.
set -eu
fetch=$(dirname "$(realpath "$0")")/fetch
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$fetch" bookworm old exfatprogs=1.2.0-1+deb12u1 grub-common=2.06-13+deb12u2
"$fetch" sid new exfatprogs=1.4.3-1 libc6
truncate -s 8M disk
old/usr/sbin/mkfs.exfat -c 512 -b 512 disk >/dev/null
# Puts an empty file with a name of 250 letters into the root directory, which gets four clusters.
python3 - <<'PYTHON'
import struct

disk = bytearray(open("disk", "rb").read())
sector, cluster = 1 << disk[108], 1 << disk[108] + disk[109]
fat, = struct.unpack_from("<I", disk, 80)
heap, count, root = struct.unpack_from("<III", disk, 88)

def place(number):
    return heap * sector + (number - 2) * cluster

used = 0
for at in range(place(root), place(root) + cluster, 32):
    if disk[at] == 0x81:
        bitmap = place(struct.unpack_from("<I", disk, at + 20)[0])
    used += disk[at] != 0
for number, after in (
        (root, root + 1), (root + 1, root + 2), (root + 2, root + 3), (root + 3, 0xFFFFFFFF)):
    struct.pack_into("<I", disk, fat * sector + 4 * number, after)
    disk[bitmap + (number - 2) // 8] |= 1 << (number - 2) % 8

def turned(data, skipped=()):
    total = 0
    for index, byte in enumerate(data):
        if index not in skipped:
            total = ((total << 15 | total >> 1) + byte) & 0xFFFF
    return total

def entry_set(text):
    name = text.encode("utf-16-le")
    parts = (len(text) + 14) // 15
    stamp = 45 << 25 | 1 << 21 | 1 << 16
    result = bytearray(
        struct.pack("<BBHHHIIIBBBBB7x", 0x85, 1 + parts, 0, 0x20, 0, stamp, stamp, stamp, 0, 0,
                    0x80, 0x80, 0x80)
        + struct.pack("<BBBBHHQIIQ", 0xC0, 0, 0, len(text), turned(name), 0, 0, 0, 0, 0))
    for part in range(parts):
        result += b"\xC1\0" + name[30 * part:30 * part + 30].ljust(30, b"\0")
    struct.pack_into("<H", result, 2, turned(result, (2, 3)))
    return bytes(result)

# The long one begins at the end of the second cluster and goes through the third.
entries = b"".join(entry_set(letter) for letter in "ABCDEFGHI") + entry_set("N" * 250)
start = place(root) + 32 * used
disk[start:place(root) + 4 * cluster] = entries.ljust(place(root) + 4 * cluster - start, b"\0")
open("disk", "wb").write(disk)
PYTHON
library=$PWD/new/usr/lib/x86_64-linux-gnu
before=$(old/usr/sbin/fsck.exfat -n disk 2>&1 | grep -o 'the checksum of a file is wrong' | head -n 1)
after=$("$library/ld-linux-x86-64.so.2" --library-path "$library" new/usr/sbin/fsck.exfat -n disk 2>&1 |
  grep -o 'clean' | head -n 1)
grub=$(old/usr/bin/grub-fstest "$PWD/disk" ls '(loop0)/' | tr ' ' '\n' | tail -n 2 | tr -d '\n' | wc -c)
echo "fsck.exfat 1.2.0: $before"
echo "fsck.exfat 1.4.3: $after"
echo "GRUB 2.06: a name of $grub letters"
[ "$before" = "the checksum of a file is wrong" ] && [ "$after" = clean ] && [ "$grub" = 250 ] ||
  { echo "it has changed" >&2; exit 1; }
