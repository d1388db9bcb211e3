# SPDX-License-Identifier: GPL-2.0-or-later
"""Unified kernel images, made from systemd's stub."""

from __future__ import annotations

import struct
import subprocess
import tempfile
from pathlib import Path

from .initrds import small_initrd
from .kernels import stock
from .paths import LabError
from .suites import Kernel

STUB = Path("/usr/lib/systemd/boot/efi/linuxx64.efi.stub")


def unified(kernel: Kernel, cmdline: str) -> bytes:
    """Kernel, ramdisk and command line as one PE file, made by objcopy from systemd's stub."""
    with tempfile.TemporaryDirectory() as folder:
        parts = {
            ".osrel": b"ID=debian\n",
            ".cmdline": cmdline.encode(),
            ".initrd": small_initrd(kernel),
            ".linux": stock(kernel),
        }
        command = ["objcopy"]
        address = 0x1000_0000
        for name, data in parts.items():
            file = Path(folder) / name.strip(".")
            file.write_bytes(data)
            command += ["--add-section", f"{name}={file}"]
            command += ["--change-section-vma", f"{name}={address:#x}"]
            address += (len(data) + 0xFFFFF) & ~0xFFFFF
        result = Path(folder) / "uki.efi"
        subprocess.run([*command, str(STUB), str(result)], check=True, capture_output=True)
        return result.read_bytes()


def with_sections(image: bytes, sections: list[tuple[str, bytes]]) -> bytes:
    """A PE file with more sections at its end, as ukify adds them: objcopy takes no name twice."""
    start = struct.unpack_from("<I", image, 0x3C)[0]
    count, optional = struct.unpack_from("<H12xH", image, start + 6)
    table = start + 24 + optional + 40 * count
    head_end = struct.unpack_from("<I", image, start + 24 + 60)[0]
    if table + 40 * len(sections) > head_end:
        raise LabError("the stub's header has no room for the sections")
    result = bytearray(image.ljust((len(image) + 511) & ~511, b"\0"))
    address = 0x1000_0000
    for index, (name, data) in enumerate(sections):
        struct.pack_into(
            "<8sIIII12xI", result, table + 40 * index, name.encode(), len(data), address,
            (len(data) + 511) & ~511, len(result), 0x4000_0040)
        result += data.ljust((len(data) + 511) & ~511, b"\0")
        address += (len(data) + 0xFFFFF) & ~0xFFFFF
    struct.pack_into("<H", result, start + 6, count + len(sections))
    struct.pack_into("<I", result, start + 24 + 56, address)
    return bytes(result)


def unified_with_profiles(kernel: Kernel) -> bytes:
    """A unified kernel image whose second profile is not for every day."""
    line = b"root=/dev/xvda2 ro console=hvc0 lab="
    return with_sections(STUB.read_bytes(), [
        (".osrel", b"ID=debian\nVERSION_ID=13\nPRETTY_NAME=Debian\n"),
        (".cmdline", line + b"esp-profiles"),
        (".initrd", small_initrd(kernel)),
        (".linux", stock(kernel)),
        (".profile", b"ID=main\n"),
        (".profile", b"ID=zz\nTITLE=Factory reset\n"),
        (".cmdline", line + b"factory-reset"),
    ])
