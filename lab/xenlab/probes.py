# SPDX-License-Identifier: GPL-2.0-or-later
"""The stub-domain probe with other notes than it was linked with."""

from __future__ import annotations

import struct
import subprocess
import tempfile
from pathlib import Path

from .elfnotes import notes
from .paths import PROBE, LabError


def probe_mapped() -> bytes:
    """The probe without INIT_P2M and MOD_START_PFN: both must lie in its first mapping."""
    elf = bytearray(PROBE.read_bytes())
    places = notes(elf)
    for note in (15, 16):
        struct.pack_into("<I", elf, places[note], 0)
    return bytes(elf)


def _without_note_segments(elf: bytearray) -> bytearray:
    for index in range(struct.unpack_from("<H", elf, 56)[0]):
        header = struct.unpack_from("<Q", elf, 32)[0] + index * 56
        if struct.unpack_from("<I", elf, header)[0] == 4:
            struct.pack_into("<I", elf, header, 0)
    return elf


def probe_sections() -> bytes:
    """The probe without a segment of notes: they are found by the section headers."""
    return bytes(_without_note_segments(bytearray(PROBE.read_bytes())))


def probe_words() -> bytes:
    """The probe with the words of a legacy kernel in place of notes."""
    words = b"GUEST_OS=probe,XEN_VER=xen-3.0,VIRT_BASE=0x0,ELF_PADDR_OFFSET=0x0,LOADER=generic\0"
    with tempfile.TemporaryDirectory() as folder:
        section, image = Path(folder) / "words", Path(folder) / "probe"
        section.write_bytes(words)
        # The notes stay in the image as bytes, in a section that nobody takes for notes.
        answer = subprocess.run(
            ["objcopy", "--rename-section", ".note.Xen=.data.notes,alloc,load,readonly,data",
             "--set-section-flags", ".note.Xen=alloc,load,readonly,data",
             "--add-section", f"__xen_guest={section}", str(PROBE), str(image)],
            capture_output=True, text=True)
        if answer.returncode != 0:
            raise LabError(f"objcopy: {answer.stderr}")
        elf = _without_note_segments(bytearray(image.read_bytes()))
    start, count = struct.unpack_from("<Q", elf, 40)[0], struct.unpack_from("<H", elf, 60)[0]
    for header in range(start, start + count * 64, 64):
        if struct.unpack_from("<I", elf, header + 4)[0] == 7:
            struct.pack_into("<I", elf, header + 4, 1)
    return bytes(elf)
