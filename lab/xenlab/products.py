# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernels and ramdisks for the guests' disks, each made once."""

from __future__ import annotations

import gzip
import hashlib
import io
import lzma
import struct
from pathlib import Path

from . import cpio, dom0image, modules, paths
from .paths import DEFAULT_LOADER, LAB, PRODUCTS, ROOT, LabError

GUEST_MODULES = ["xen_blkfront", "crc32c_generic", "ext4"]
FILLER_BYTES = 99 << 20
# md5 of filler(); checked when the ramdisk is made.
FILLER_MD5 = "2a1239f3e2fface7da4d4dd3cd45556c"


def _setup_header(image: bytes) -> tuple[int, int]:
    """Where the payload of a bzImage lies in the file: (offset, length).

    Linux, Documentation/arch/x86/boot.rst: payload_offset (0x248) counts from the
    end of the setup sectors.
    """
    if image[0x202:0x206] != b"HdrS":
        raise LabError("the stock kernel is not a bzImage")
    setup_sectors = image[0x1F1] or 4
    offset, length = struct.unpack_from("<II", image, 0x248)
    return (setup_sectors + 1) * 512 + offset, length


def kernel_elf(stock: bytes) -> bytes:
    """The vmlinux inside the stock bzImage."""
    offset, length = _setup_header(stock)
    payload = stock[offset : offset + length]
    if not payload.startswith(b"\xfd7zXZ\0"):
        raise LabError("the stock kernel's payload is not xz")
    return lzma.LZMADecompressor().decompress(payload)


def kernel_gzip(stock: bytes) -> bytes:
    """The stock kernel as a kernel built with CONFIG_KERNEL_GZIP has it.

    A gzip stream ends in its own length, so it needs no length word behind it as
    xz does. What followed the old payload (the decompressor, which only a bare
    machine runs) is left out.
    """
    offset, _ = _setup_header(stock)
    payload = gzip.compress(kernel_elf(stock), 6, mtime=0)
    setup_bytes = ((stock[0x1F1] or 4) + 1) * 512
    image = bytearray(stock[:offset] + payload)
    image += b"\0" * (-len(image) % 16)
    struct.pack_into("<I", image, 0x1F4, (len(image) - setup_bytes) // 16)
    struct.pack_into("<I", image, 0x24C, len(payload))
    return bytes(image)


def small_initrd() -> bytes:
    """busybox, the disk's modules and our init, gzip'ed: one to two MiB."""
    plain = io.BytesIO()
    archive = cpio.CpioWriter(plain)
    for name in ("proc", "sys", "dev", "mnt", "root"):
        archive.directory(name)
    archive.character_device("dev/console", 5, 1)
    dom0image.add_busybox(archive)
    dom0image.add_modules(archive, GUEST_MODULES)
    archive.file("init", (LAB / "guest/init").read_bytes(), 0o755)
    archive.file("sbin/poweroff", (LAB / "guest/poweroff").read_bytes(), 0o755)
    archive.close()
    return gzip.compress(plain.getvalue(), 9, mtime=0)


def filler() -> bytes:
    """Bytes that nothing compresses, the same in every run."""
    data = hashlib.shake_256(b"pvgrub-swift lab").digest(FILLER_BYTES)
    if hashlib.md5(data).hexdigest() != FILLER_MD5:
        raise LabError("FILLER_MD5 does not fit FILLER_BYTES")
    return data


def large_initrd() -> bytes:
    """The small one, and behind it an uncompressed archive of 99 MiB."""
    small = small_initrd()
    plain = io.BytesIO()
    archive = cpio.CpioWriter(plain)
    archive.file("filler", filler())
    archive.close()
    return small + b"\0" * (-len(small) % 4) + plain.getvalue()


MAKERS = {
    "kernel-xz": lambda: modules.kernel_image().read_bytes(),
    "kernel-gzip": lambda: kernel_gzip(modules.kernel_image().read_bytes()),
    "kernel-elf": lambda: kernel_elf(modules.kernel_image().read_bytes()),
    "initrd-small": small_initrd,
    "initrd-large": large_initrd,
    "loader": lambda: DEFAULT_LOADER.read_bytes(),
}
# Files that a product is made of besides the packages.
SOURCES = {"loader": [DEFAULT_LOADER]}


def product(name: str) -> Path:
    """The named kernel or ramdisk as a file, made if it is missing or old."""
    PRODUCTS.mkdir(parents=True, exist_ok=True)
    path = PRODUCTS / name
    sources = [LAB / "guest/init", LAB / "guest/poweroff", LAB / "xenlab/cpio.py"]
    sources += SOURCES.get(name, [])
    key = paths.key_of(paths.packages_key(), Path(__file__), *sources, str(ROOT.exists()))
    if not paths.is_current(path, key):
        path.write_bytes(MAKERS[name]())
        paths.mark_current(path, key)
    return path
