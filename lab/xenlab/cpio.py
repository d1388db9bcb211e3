# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes "newc" cpio archives, the form of Linux's initramfs.

Format: Linux, Documentation/driver-api/early-userspace/buffer-format.rst.
Written here, not by cpio(1), so that device nodes need no root and two runs
give the same bytes.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import BinaryIO

S_IFDIR, S_IFREG, S_IFLNK, S_IFCHR = 0o040000, 0o100000, 0o120000, 0o020000


class CpioWriter:
    """Collects members in order; parents are made when first needed."""

    def __init__(self, out: BinaryIO) -> None:
        self.out = out
        self.inode = 0
        self.seen: set[str] = set()

    def _member(
        self, path: str, mode: int, data: bytes = b"", rdev: tuple[int, int] = (0, 0)
    ) -> None:
        name = path.strip("/")
        self._parents(name)
        if name in self.seen:
            if mode & 0o170000 == S_IFDIR:
                return
            raise ValueError(f"{name} is in the archive twice")
        self.seen.add(name)
        self._raw(name, mode, data, rdev)

    def _raw(self, name: str, mode: int, data: bytes, rdev: tuple[int, int]) -> None:
        self.inode += 1
        encoded = name.encode() + b"\0"
        fields = (self.inode, mode, 0, 0, 1, 0, len(data), 0, 0, rdev[0], rdev[1], len(encoded), 0)
        head = b"070701" + b"".join(b"%08X" % value for value in fields) + encoded
        self.out.write(head + b"\0" * (-len(head) % 4))
        self.out.write(data)
        self.out.write(b"\0" * (-len(data) % 4))

    def _parents(self, name: str) -> None:
        for parent in reversed(PurePosixPath(name).parents):
            text = str(parent)
            if text != "." and text not in self.seen:
                self.seen.add(text)
                self._raw(text, S_IFDIR | 0o755, b"", (0, 0))

    def directory(self, path: str) -> None:
        self._member(path, S_IFDIR | 0o755)

    def file(self, path: str, data: bytes, mode: int = 0o644) -> None:
        self._member(path, S_IFREG | mode, data)

    def symlink(self, path: str, target: str) -> None:
        self._member(path, S_IFLNK | 0o777, target.encode())

    def character_device(self, path: str, major: int, minor: int) -> None:
        self._member(path, S_IFCHR | 0o600, b"", (major, minor))

    def close(self) -> None:
        """Writes the trailer; archives may follow one another after it."""
        self._raw("TRAILER!!!", 0, b"", (0, 0))
