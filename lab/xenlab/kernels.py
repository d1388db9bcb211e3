# SPDX-License-Identifier: GPL-2.0-or-later
"""A stock kernel in other formats, and with something wrong."""

from __future__ import annotations

import struct
import subprocess

from . import modules
from .elfnotes import notes
from .paths import LabError
from .suites import Kernel


def setup_header(image: bytes) -> tuple[int, int]:
    """Where the payload of a bzImage lies in the file: (offset, length).

    Linux, Documentation/arch/x86/boot.rst: payload_offset (0x248) counts from the
    end of the setup sectors.
    """
    if image[0x202:0x206] != b"HdrS":
        raise LabError("the stock kernel is not a bzImage")
    setup_sectors = image[0x1F1] or 4
    offset, length = struct.unpack_from("<II", image, 0x248)
    return (setup_sectors + 1) * 512 + offset, length


# How Linux's build packs a payload (scripts/Makefile.lib), and what takes it apart.
UNPACKERS = {
    b"\xfd7zXZ\0": ("xz", "-dc"), b"\x02\x21\x4c\x18": ("lz4", "-dc"),
    b"\x28\xb5\x2f\xfd": ("zstd", "-dc", "--long=27"),
}


def kernel_elf(stock: bytes) -> bytes:
    """The vmlinux inside a bzImage."""
    offset, length = setup_header(stock)
    packed = stock[offset : offset + length]
    for magic, command in UNPACKERS.items():
        if packed.startswith(magic):
            # The last four bytes are the unpacked size; lz4 takes them for another block.
            answer = subprocess.run(command, input=packed[:-4], capture_output=True)
            size = struct.unpack("<I", packed[-4:])[0]
            if len(answer.stdout) != size:
                raise LabError(f"{' '.join(command)}: {len(answer.stdout)} bytes, not {size}")
            return answer.stdout
    raise LabError(f"the stock kernel's payload begins with {packed[:6].hex()}")


# As the kernel's build packs its payload (scripts/Makefile.lib), except zstd: a faster level here,
# with the same window of 128 MiB.
PACKERS = {
    "xz": ["xz", "--check=crc32", "--x86", "--lzma2=dict=32MiB"],
    "gzip": ["gzip", "-n", "-9"],
    "bzip2": ["bzip2", "-9"],
    "lzma": ["xz", "--format=lzma", "-9"],
    "lzo": ["lzop", "-9"],
    "lz4": ["lz4", "-l", "-9", "-", "-"],
    "zstd": ["zstd", "-15", "--long=27"],
}


def pack(data: bytes, kind: str) -> bytes:
    """`data`, packed. Through a pipe, so that the packer can't write the size into its header."""
    answer = subprocess.run(PACKERS[kind], input=data, capture_output=True)
    if answer.returncode != 0:
        raise LabError(f"{' '.join(PACKERS[kind])}: {answer.stderr.decode().strip()}")
    return answer.stdout


def payload(stock: bytes, kind: str) -> bytes:
    """The packed vmlinux, with its size behind unless the format ends in it."""
    elf = kernel_elf(stock)
    packed = pack(elf, kind)
    return packed if kind == "gzip" else packed + struct.pack("<I", len(elf))


def bzimage(stock: bytes, payload_bytes: bytes) -> bytes:
    """The stock kernel with another payload.

    What followed the old payload (the decompressor, which only a bare machine runs)
    is left out.
    """
    offset, _ = setup_header(stock)
    setup_bytes = ((stock[0x1F1] or 4) + 1) * 512
    image = bytearray(stock[:offset] + payload_bytes)
    image += b"\0" * (-len(image) % 16)
    struct.pack_into("<I", image, 0x1F4, (len(image) - setup_bytes) // 16)
    struct.pack_into("<I", image, 0x24C, len(payload_bytes))
    return bytes(image)


def stock(kernel: Kernel) -> bytes:
    """Debian's bzImage as it is."""
    return modules.kernel_image(kernel).read_bytes()


def repacked(kernel: Kernel, kind: str) -> bytes:
    """The stock kernel as a kernel built with CONFIG_KERNEL_<kind> has it."""
    image = stock(kernel)
    return bzimage(image, payload(image, kind))


def real(kernel: Kernel, kind: str) -> bytes:
    """A kernel that Debian packs in this way."""
    if kernel.compression != kind:
        raise LabError(f"{kernel.name}'s kernel is packed with {kernel.compression}, not {kind}")
    return stock(kernel)


def packed(kernel: Kernel, kind: str) -> bytes:
    """The stock kernel in this format: as it is, if Debian packs it so."""
    return stock(kernel) if kernel.compression == kind else repacked(kernel, kind)


def zstd_cut(kernel: Kernel) -> bytes:
    """A zstd kernel whose payload ends in its middle; its header agrees with that."""
    image = stock(kernel)
    offset, length = setup_header(image)
    whole = image[offset : offset + length]
    return bzimage(image, whole[: len(whole) // 2] + whole[-4:])


def zstd_lying(kernel: Kernel, byte_count: int) -> bytes:
    """A zstd kernel that claims another unpacked size."""
    image = stock(kernel)
    offset, length = setup_header(image)
    return bzimage(image, image[offset : offset + length - 4] + struct.pack("<I", byte_count))


def zstd_moved(kernel: Kernel) -> bytes:
    """A kernel that wants to be at 512 MiB, which a small guest does not have, and by its note
    PHYS32_RELOC may be from 32 MiB on. It is not where it was linked then (16 MiB), and finds out.

    Notes behind the kernel say so. Those in it stay: Linux 7.x compares the address that it runs at
    with the one of its own PHYS32_ENTRY.
    """
    elf = bytearray(kernel_elf(stock(kernel)))
    distance = 0x1F00_0000
    for index in range(struct.unpack_from("<H", elf, 56)[0]):
        header = struct.unpack_from("<Q", elf, 32)[0] + index * 56
        kind, _, offset, _, address, size = struct.unpack_from("<IIQQQQ", elf, header)
        if kind == 1:
            struct.pack_into("<Q", elf, header + 24, address + distance)
        elif kind == 4:
            struct.pack_into("<Q", elf, header + 8, len(elf))
            elf += elf[offset : offset + size]
    # PHYS32_ENTRY and PHYS32_RELOC, behind the type and the name "Xen".
    places = notes(elf)
    entry = struct.unpack_from("<Q", elf, places[18] + 8)[0]
    struct.pack_into("<Q", elf, places[18] + 8, entry + distance)
    struct.pack_into("<I", elf, places[19] + 12, 0x200_0000)
    return pack(bytes(elf), "gzip")
