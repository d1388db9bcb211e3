# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernels and ramdisks for the guests' disks, each made once."""

from __future__ import annotations

import gzip
import hashlib
import io
import lzma
import struct
import subprocess
import tempfile
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


# As the kernel's build packs its payload (scripts/Makefile.lib), but for zstd, which is quicker
# here with the same window of 128 MiB, and the checksum that gzip has in itself.
PACKERS = {
    "gzip": ["gzip", "-n", "-9"],
    "bzip2": ["bzip2", "-9"],
    "lzma": ["xz", "--format=lzma", "-9"],
    "lzo": ["lzop", "-9"],
    "lz4": ["lz4", "-l", "-9", "-", "-"],
    "zstd": ["zstd", "-15", "--long=27"],
}


def pack(data: bytes, kind: str) -> bytes:
    """What the packer makes of `data`; a pipe, so that it can't write the size in front."""
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
    offset, _ = _setup_header(stock)
    setup_bytes = ((stock[0x1F1] or 4) + 1) * 512
    image = bytearray(stock[:offset] + payload_bytes)
    image += b"\0" * (-len(image) % 16)
    struct.pack_into("<I", image, 0x1F4, (len(image) - setup_bytes) // 16)
    struct.pack_into("<I", image, 0x24C, len(payload_bytes))
    return bytes(image)


def repacked(kind: str) -> bytes:
    """The stock kernel as a kernel built with CONFIG_KERNEL_<kind> has it."""
    stock = modules.kernel_image().read_bytes()
    return bzimage(stock, payload(stock, kind))


def zstd_cut() -> bytes:
    """A zstd kernel whose payload ends in its middle; its header tells the truth of that."""
    stock = modules.kernel_image().read_bytes()
    whole = payload(stock, "zstd")
    return bzimage(stock, whole[: len(whole) // 2] + whole[-4:])


def zstd_lying(byte_count: int) -> bytes:
    """A zstd kernel that tells another unpacked size."""
    stock = modules.kernel_image().read_bytes()
    return bzimage(stock, payload(stock, "zstd")[:-4] + struct.pack("<I", byte_count))


def unified(cmdline: str) -> bytes:
    """Kernel, ramdisk and command line as one PE file, made by objcopy from systemd's stub."""
    stub = Path("/usr/lib/systemd/boot/efi/linuxx64.efi.stub")
    if not stub.exists():
        raise LabError(f"{stub} is missing: run tools/install")
    with tempfile.TemporaryDirectory() as folder:
        parts = {
            ".osrel": b"ID=debian\n",
            ".cmdline": cmdline.encode(),
            ".initrd": product("initrd-small").read_bytes(),
            ".linux": product("kernel-zstd").read_bytes(),
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
        subprocess.run([*command, str(stub), str(result)], check=True, capture_output=True)
        return result.read_bytes()


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
    "kernel-gzip": lambda: repacked("gzip"),
    "kernel-bzip2": lambda: repacked("bzip2"),
    "kernel-lzma": lambda: repacked("lzma"),
    "kernel-lzo": lambda: repacked("lzo"),
    "kernel-lz4": lambda: repacked("lz4"),
    "kernel-zstd": lambda: repacked("zstd"),
    "kernel-zstd-cut": zstd_cut,
    "kernel-zstd-short": lambda: zstd_lying(40_000_000),
    "kernel-zstd-bomb": lambda: zstd_lying(0xFFFF_0000),
    # vmlinux.gz, and a gzip file around the stock bzImage.
    "kernel-elf-gzip": lambda: pack(kernel_elf(modules.kernel_image().read_bytes()), "gzip"),
    "kernel-xz-gzip": lambda: pack(modules.kernel_image().read_bytes(), "gzip"),
    "kernel-unified": lambda: unified("root=/dev/xvda ro console=hvc0 lab=unified"),
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
