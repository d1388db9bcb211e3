#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# GRUB 2.06 (Debian 2.06-13+deb12u2): an extent of a UDF file that is neither recorded nor allocated
# (ECMA-167, 4/14.14.1.1, type 2) reads as the first blocks of the partition, without a message. It
# should read as zeros, as a sparse file does.
# Guessed: zeros. Run on Debian 12 in November 2026.
set -eu
fetch=$(dirname "$(realpath "$0")")/fetch
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$fetch" bookworm root genisoimage=9:1.1.11-3.4 grub-common=2.06-13+deb12u2
mkdir tree
head -c 2048 /dev/zero | tr '\0' A >tree/file
root/usr/bin/genisoimage -quiet -udf -o disk.iso tree
# The file's only extent becomes a hole, with the checksums that go with it.
python3 - <<'PYTHON'
import struct

data = bytearray(open("disk.iso", "rb").read())
for start in range(257 * 2048, len(data), 2048):
    if data[start:start + 2] == b"\5\1" and data[start + 27] == 5:
        attributes, size = struct.unpack_from("<II", data, start + 168)
        place = start + 176 + attributes
        length = struct.unpack_from("<I", data, place)[0]
        struct.pack_into("<II", data, place, length | 2 << 30, 0)
        state = 0
        for byte in data[start + 16:start + 16 + struct.unpack_from("<H", data, start + 10)[0]]:
            state ^= byte << 8
            for _ in range(8):
                state = (state << 1 ^ 0x1021 if state & 0x8000 else state << 1) & 0xFFFF
        struct.pack_into("<H", data, start + 8, state)
        data[start + 4] = (sum(data[start:start + 16]) - data[start + 4]) & 0xFF
open("disk.iso", "wb").write(data)
open("first-block", "wb").write(data[257 * 2048:258 * 2048])
PYTHON
root/usr/bin/grub-fstest disk.iso cat '(loop0)/file' >read
od -A d -t x1 read | head -2
cmp read first-block
echo "as found: the hole reads as the partition's first block"
