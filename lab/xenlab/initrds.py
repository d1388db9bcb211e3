# SPDX-License-Identifier: GPL-2.0-or-later
"""Ramdisks: the guests' own, and parts that are joined with it."""

from __future__ import annotations

import gzip
import hashlib
import io

from . import cpio, dom0image, modules, registers
from .paths import LAB, LabError
from .suites import Kernel

GUEST_MODULES = ["xen_blkfront", "crc32c_generic", "ext4"]
FILLER_BYTES = 99 << 20
# md5 of filler(); checked when the ramdisk is made.
FILLER_MD5 = "2a1239f3e2fface7da4d4dd3cd45556c"


def _filler_start(length: int) -> bytes:
    return hashlib.shake_256(b"pvgrub-swift lab").digest(length)


EARLY_BYTES, THIRD_BYTES, HOST_BYTES = 30_001, 50_003, 70_007
EARLY_MD5, THIRD_MD5, HOST_MD5 = (
    hashlib.md5(_filler_start(length)).hexdigest()
    for length in (EARLY_BYTES, THIRD_BYTES, HOST_BYTES)
)


def small_initrd(kernel: Kernel) -> bytes:
    """busybox, the disk's modules and our init, gzip'ed: one to two MiB."""
    plain = io.BytesIO()
    archive = cpio.CpioWriter(plain)
    for name in ("proc", "sys", "dev", "mnt", "root"):
        archive.directory(name)
    archive.character_device("dev/console", 5, 1)
    dom0image.add_busybox(archive)
    dom0image.add_modules(archive, kernel, GUEST_MODULES)
    archive.file("init", (LAB / "guest/init").read_bytes(), 0o755)
    archive.file("sbin/poweroff", (LAB / "guest/poweroff").read_bytes(), 0o755)
    archive.file("bin/registers", registers.program(), 0o755)
    archive.close()
    return gzip.compress(plain.getvalue(), 9, mtime=0)


def filler() -> bytes:
    """Incompressible bytes, the same in every run."""
    data = _filler_start(FILLER_BYTES)
    if hashlib.md5(data).hexdigest() != FILLER_MD5:
        raise LabError("FILLER_MD5 does not fit FILLER_BYTES")
    return data


def with_filler(small: bytes, data: bytes) -> bytes:
    """A ramdisk, and behind it an archive, not packed, with `data` in the file /filler."""
    plain = io.BytesIO()
    archive = cpio.CpioWriter(plain)
    archive.file("filler", data)
    archive.close()
    return small + b"\0" * (-len(small) % 4) + plain.getvalue()


def large_initrd(kernel: Kernel) -> bytes:
    """The small one, and behind it an uncompressed archive of 99 MiB."""
    return with_filler(small_initrd(kernel), filler())


FILLED_BYTES = 2 << 20
FILLED_MD5 = hashlib.md5(_filler_start(FILLED_BYTES)).hexdigest()


def filled_initrd(kernel: Kernel) -> bytes:
    """The small one, and behind it two MiB whose checksum the guest prints."""
    return with_filler(small_initrd(kernel), _filler_start(FILLED_BYTES))


def early_initrd() -> bytes:
    """What comes first on real machines: an archive, not packed, with microcode in it."""
    plain = io.BytesIO()
    archive = cpio.CpioWriter(plain)
    for name in ("kernel", "kernel/x86", "kernel/x86/microcode"):
        archive.directory(name)
    # No processor has this signature: a microcode driver takes none of it.
    archive.file("kernel/x86/microcode/GenuineIntel.bin", _filler_start(EARLY_BYTES))
    archive.close()
    return plain.getvalue()


def third_initrd() -> bytes:
    """One more packed archive, of a size that is no multiple of anything."""
    plain = io.BytesIO()
    archive = cpio.CpioWriter(plain)
    archive.file("third", _filler_start(THIRD_BYTES))
    archive.close()
    packed = gzip.compress(plain.getvalue(), 9, mtime=0)
    return packed if len(packed) % 2 else packed + b"\0"


def three_initrds(kernel: Kernel) -> bytes:
    """The three as the loader is to join them: each from a page of its own, zeros between."""
    joined = b""
    for part in (early_initrd(), small_initrd(kernel), third_initrd()):
        joined += b"\0" * (-len(joined) % 4096) + part
    return joined


def host_initrd() -> bytes:
    """A rescue archive of the host."""
    plain = io.BytesIO()
    archive = cpio.CpioWriter(plain)
    archive.file("host", _filler_start(HOST_BYTES))
    archive.close()
    return gzip.compress(plain.getvalue(), 9, mtime=0)


HOST_MENU = """\
timeout 1
title Menu of the host
kernel /boot/vmlinuz-{release} root=/dev/xvda ro console=hvc0 lab=host-menu
initrd /boot/initrd.img-{release}
"""


def host_menu(kernel: Kernel) -> bytes:
    return HOST_MENU.format(release=modules.kernel_release(kernel)).encode()
