#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# LVM's cached volumes, which GRUB reads since 2.14: it takes the slow volume behind the cache, in
# mode `writeback` too, where the newest blocks are on the fast one alone (lvmcache(7)). So /boot may
# read as it was before the last update, without a message.
# Guessed: it reads `writethrough`, and says that it can't read `writeback`.
# Run in November 2026: GRUB 2.14-4 of Debian sid; 2.06-13+deb12u2 does not show such a volume. pvck
# 2.03.16 of Debian 12 takes the metadata, and lvs 2.03.31 shows it as a cache in mode writeback.
# Needs apt with Debian's sources for bookworm and sid, python3. Half a minute.
set -eu
fetch=$(dirname "$(realpath "$0")")/fetch
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$fetch" bookworm old grub-common=2.06-13+deb12u2 lvm2=2.03.16-2 squashfs-tools=1:4.5.1-1
"$fetch" sid new grub2-common=2.14-4 libc6 libdevmapper1.02.1 libselinux1 libudev1 libpcre2-8-0
library=$PWD/new/usr/lib/x86_64-linux-gnu

mkdir tree
echo "what is on the slow volume" >tree/vmlinuz
old/usr/bin/mksquashfs tree origin -quiet -no-progress
# A physical volume of 16 MiB: a label, a header of metadata and its text, then three volumes of
# extents of 1 MiB: a cache with its origin and its fast volume.
cat >make.py <<'PYTHON'
import struct, sys

def checksum(data):
    state = 0xF597A6CF
    for byte in data:
        state ^= byte
        for _ in range(8):
            state = state >> 1 ^ (0xEDB88320 if state & 1 else 0)
    return struct.pack("<I", state)

def identity(letter):
    return "-".join(letter * count for count in (6, 4, 4, 4, 4, 4, 6))

def volume(name, letter, status, segment):
    return f"""
{name} {{
id = "{identity(letter)}"
status = [{status}]
flags = []
segment_count = 1
segment1 {{
start_extent = 0
extent_count = 4
{segment}
}}
}}"""

def linear(extent):
    return f'type = "striped"\nstripe_count = 1\nstripes = ["pv0", {extent}]'

cache = f"""type = "cache+CACHE_USES_CACHEVOL"
cache_pool = "fast_cvol"
origin = "boot_corig"
metadata_format = 2
chunk_size = 128
cache_mode = "writeback"
policy = "smq"
metadata_start = 0
metadata_len = 2048
data_start = 2048
data_len = 6144
metadata_id = "{identity("M")}"
data_id = "{identity("D")}\""""
text = f"""vg {{
id = "{identity("G")}"
seqno = 1
format = "lvm2"
status = ["RESIZEABLE", "READ", "WRITE"]
flags = []
extent_size = 2048
max_lv = 0
max_pv = 0
metadata_copies = 0
physical_volumes {{
pv0 {{
id = "{identity("P")}"
device = "/dev/none"
status = ["ALLOCATABLE"]
flags = []
dev_size = 32768
pe_start = 2048
pe_count = 15
}}
}}
logical_volumes {{{volume("boot", "B", '"READ", "WRITE", "VISIBLE"', cache)}
{volume("boot_corig", "O", '"READ", "WRITE"', linear(0))}
{volume("fast_cvol", "F", '"READ", "WRITE", "CACHE_VOL"', linear(4))}
}}
}}
contents = "Text Format Volume Group"
version = 1
description = ""
creation_host = "x"
creation_time = 1
\0""".encode()
header = b" LVM2 x[5A%r0N*>" + struct.pack("<IQQ", 1, 4096, 1044480)
header += struct.pack("<QQ", 512, len(text)) + checksum(text) + bytes(4)
header = (checksum(header.ljust(508, b"\0")) + header).ljust(512, b"\0")
# The list of data areas, then that of metadata, each with an empty one at its end; no extension.
areas = struct.pack("<QQQQQQQQ", 1 << 20, 0, 0, 0, 4096, 1044480, 0, 0)
label = struct.pack("<I8s", 32, b"LVM2 001") + b"P" * 32 + struct.pack("<Q", 16 << 20) + areas
label = label.ljust(492, b"\0")
disk = bytearray(16 << 20)
disk[512:1024] = b"LABELONE" + struct.pack("<Q", 1) + checksum(label) + label
disk[4096:4608], disk[4608:4608 + len(text)] = header, text
data = open("origin", "rb").read()
disk[1 << 20:(1 << 20) + len(data)] = data
open("disk", "wb").write(disk)
PYTHON
python3 make.py
LD_LIBRARY_PATH=$PWD/old/lib/x86_64-linux-gnu old/sbin/lvm pvck --dump metadata disk 2>&1 |
  grep -a -m 1 'metadata text at'
older=$(old/usr/bin/grub-fstest "$PWD/disk" ls | tr ' ' '\n' | grep -x '(lvm/vg-boot)' || echo nothing)
newer=$("$library/ld-linux-x86-64.so.2" --library-path "$library" new/usr/bin/grub-fstest "$PWD/disk" \
  cat '(lvm/vg-boot)/vmlinuz' 2>&1 || true)
printf 'GRUB 2.06: %s\nGRUB 2.14: %s\n' "$older" "$newer"
[ "$older" = nothing ] && [ "$newer" = "what is on the slow volume" ] ||
  { echo "it has changed" >&2; exit 1; }
