#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# GRUB reads bytes of an exFAT file that were never written to it.
#
# A file's entry has its size and how much of that is valid; what is after that is to be read as
# zeros (Microsoft's exFAT specification, 7.6.5). Programs that reserve room for a file make such.
# Guess: GRUB gives zeros, as Linux does (fs/exfat/inode.c).
# Seen with GRUB 2.06-13+deb12u2 (Debian 12): it gives what lay on the disk before. fsck.exfat 1.2.0
# finds the file system in order.
#
# Needs apt with Debian's source for bookworm, python3. A few seconds.
set -eu
fetch=$(dirname "$(realpath "$0")")/fetch
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$fetch" bookworm old exfatprogs=1.2.0-1+deb12u1 grub-common=2.06-13+deb12u2
truncate -s 4M disk
old/usr/sbin/mkfs.exfat disk >/dev/null
# Puts a file of 12 bytes, of which 5 are valid, into the root directory.
python3 - <<'PYTHON'
import struct

disk = bytearray(open("disk", "rb").read())
sector, cluster = 1 << disk[108], 1 << disk[108] + disk[109]
fat, = struct.unpack_from("<I", disk, 80)
heap, count, root = struct.unpack_from("<III", disk, 88)

def place(number):
    return heap * sector + (number - 2) * cluster

own = root + 1
struct.pack_into("<I", disk, fat * sector + 4 * own, 0xFFFFFFFF)
end = place(root)
while disk[end]:
    if disk[end] == 0x81:
        bitmap = place(struct.unpack_from("<I", disk, end + 20)[0])
        disk[bitmap + (own - 2) // 8] |= 1 << (own - 2) % 8
    end += 32
disk[place(own):place(own) + 12] = b"helloPRIVATE"

def turned(data, skipped=()):
    total = 0
    for index, byte in enumerate(data):
        if index not in skipped:
            total = ((total << 15 | total >> 1) + byte) & 0xFFFF
    return total

name = "FILE".encode("utf-16-le")
stamp = 45 << 25 | 1 << 21 | 1 << 16
entries = bytearray(
    struct.pack("<BBHHHIIIBBBBB7x", 0x85, 2, 0, 0x20, 0, stamp, stamp, stamp, 0, 0, 0x80, 0x80, 0x80)
    + struct.pack("<BBBBHHQIIQ", 0xC0, 1, 0, 4, turned(name), 0, 5, 0, own, 12)
    + b"\xC1\0" + name.ljust(30, b"\0"))
struct.pack_into("<H", entries, 2, turned(entries, (2, 3)))
disk[end:end + 96] = entries
open("disk", "wb").write(disk)
PYTHON
old/usr/sbin/fsck.exfat -n disk
read=$(old/usr/bin/grub-fstest "$PWD/disk" cat '(loop0)/FILE' | tr '\0' .)
echo "GRUB 2.06: $read"
[ "$read" = helloPRIVATE ] || { echo "it has changed" >&2; exit 1; }
