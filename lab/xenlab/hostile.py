# SPDX-License-Identifier: GPL-2.0-or-later
"""Disks that ask for work or memory without end. Each is a valid start that is made to multiply:
sizes are sound one by one. A loader must give such a disk up, say so, and boot from the next one."""

from __future__ import annotations

import os
import struct
import sys
from pathlib import Path

from . import paths
from .model import DiskRecipe
from .tools import run_tool

BLOCK = 4096
POINTERS = BLOCK // 4
# Whole indirect blocks of a directory: 124 MiB of names.
INDIRECT_COUNT = 31
# What fits into the longest path that Linux follows.
LINK_STEPS = 2030
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIRECTORY = "/loader/entries"


def _names(inode: int) -> bytes:
    """A block of the shortest names there are."""
    count = BLOCK // 12
    block = b""
    for index in range(count):
        size = 12 if index + 1 < count else BLOCK - 12 * index
        name = (LETTERS[index % 52] + LETTERS[index // 52]).encode()
        block += (struct.pack("<IHBB", inode, size, 2, 2) + name).ljust(size, b"\0")
    return block


def _one_name(name: bytes, inode: int) -> bytes:
    return (struct.pack("<IHBB", inode, BLOCK, len(name), 2) + name).ljust(BLOCK, b"\0")


def _format(recipe: DiskRecipe, image: Path) -> None:
    """Formats the disk again, without checksums, indexes and extents; the menu is a link through the
    directory that is to be endless."""
    folder = image.parent / f"{recipe.name}.files"
    (folder / "pad").write_bytes(bytes(range(256)) * (16 * 8))
    (folder / DIRECTORY.strip("/")).mkdir(parents=True, exist_ok=True)
    (folder / "boot" / "grub").mkdir(parents=True, exist_ok=True)
    os.symlink(DIRECTORY + "/d" * LINK_STEPS, folder / "boot" / "grub" / "grub.cfg")
    run_tool(
        "/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-b", str(BLOCK), "-m", "0", "-N", "64",
        "-O", "^has_journal,^resize_inode,^metadata_csum,^64bit,^dir_index,^flex_bg,^extent",
        "-d", str(folder), str(image), str(recipe.size_mib * 256))


def _blocks(path: str, image: Path) -> list[int]:
    return [int(word) for word in run_tool("/sbin/debugfs", "-R", f"blocks {path}", str(image)).split()]


def _inode(path: str, image: Path) -> int:
    shown = run_tool("/sbin/debugfs", "-R", f"stat {path}", str(image))
    return int(shown.split("Inode:")[1].split()[0])


def endless_directory(recipe: DiskRecipe, image: Path) -> None:
    """Makes /loader/entries 124 MiB long: all its blocks are one block, full of names, but for the
    last, which has the name `d`: the directory itself. The menu is a link through it, which looks at
    all names again for each `d`.
    """
    _format(recipe, image)
    names, last, indirect, last_indirect, double = _blocks("/pad", image)[:5]
    number = _inode(DIRECTORY, image)
    request = f"sif {DIRECTORY} size {(12 + INDIRECT_COUNT * POINTERS) * BLOCK}\n"
    for index in range(12):
        request += f"sif {DIRECTORY} block[{index}] {names}\n"
    request += f"sif {DIRECTORY} block[IND] {indirect}\nsif {DIRECTORY} block[DIND] {double}\n"
    run_tool("/sbin/debugfs", "-w", "-f", "-", str(image), stdin=request)
    rows = [indirect] * (INDIRECT_COUNT - 2) + [last_indirect]
    with image.open("r+b") as file:
        for block, content in (
            (names, _names(number)), (last, _one_name(b"d", number)),
            (indirect, struct.pack("<I", names) * POINTERS),
            (last_indirect, struct.pack("<I", names) * (POINTERS - 1) + struct.pack("<I", last)),
            (double, struct.pack(f"<{len(rows)}I", *rows).ljust(BLOCK, b"\0")),
        ):
            file.seek(block * BLOCK)
            file.write(content)


def fan_out(_recipe: DiskRecipe, image: Path) -> None:
    """A physical volume whose logical volumes stand on each other, four deep, each of many pieces
    that are the whole of the next one.
    """
    sys.path.insert(0, str(paths.PROJECT / "testimages"))
    import lvm  # pylint: disable=import-outside-toplevel,import-error

    pieces = 40
    group = lvm.Group(1, {})
    group.allocate(0, bytes(lvm.EXTENT))
    size = 1
    for level in (3, 2, 1, 0):
        below = '"pv0", 0' if level == 3 else f'"wide{level + 1}", 0'
        text = f'type="striped"\nstripe_count=1\nstripes=[\n{below}\n]'
        group.volume(f"wide{level}", [(size, text)] * pieces)
        size *= pieces
    image.write_bytes(group.image(0))


DAMAGES = {"endless_directory": endless_directory, "fan_out": fan_out}
