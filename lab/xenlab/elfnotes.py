# SPDX-License-Identifier: GPL-2.0-or-later
"""Xen's notes in an ELF file (xen/include/public/elfnote.h)."""

from __future__ import annotations

import struct


def notes(elf: bytearray) -> dict[int, int]:
    """Where the types of Xen's notes are in an ELF file, by type."""
    found = {}
    for index in range(struct.unpack_from("<H", elf, 56)[0]):
        header = struct.unpack_from("<Q", elf, 32)[0] + index * 56
        kind, _, offset, _, _, size = struct.unpack_from("<IIQQQQ", elf, header)
        end = offset + size
        while kind == 4 and offset < end:
            name_size, content_size, note = struct.unpack_from("<III", elf, offset)
            if elf[offset + 12 : offset + 15] == b"Xen":
                found[note] = offset + 8
            offset += 12 + (name_size + 3) // 4 * 4 + (content_size + 3) // 4 * 4
    return found
