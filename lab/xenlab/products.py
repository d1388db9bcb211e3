# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernels and ramdisks for the guests' disks, each made once."""

from __future__ import annotations

import gzip
import hashlib
import io
import struct
import subprocess
import tempfile
from pathlib import Path

from . import cpio, dom0image, modules, paths, registers, suites
from .paths import DEFAULT_LOADER, LAB, PROBE, PRODUCTS, LabError
from .suites import Kernel

# The image that is tested: a guest's disk may hold it too.
loader = DEFAULT_LOADER

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


STUB = Path("/usr/lib/systemd/boot/efi/linuxx64.efi.stub")


def unified(kernel: Kernel, cmdline: str) -> bytes:
    """Kernel, ramdisk and command line as one PE file, made by objcopy from systemd's stub."""
    with tempfile.TemporaryDirectory() as folder:
        parts = {
            ".osrel": b"ID=debian\n",
            ".cmdline": cmdline.encode(),
            ".initrd": product(f"initrd-small@{kernel.name}").read_bytes(),
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
        (".initrd", product(f"initrd-small@{kernel.name}").read_bytes()),
        (".linux", stock(kernel)),
        (".profile", b"ID=main\n"),
        (".profile", b"ID=zz\nTITLE=Factory reset\n"),
        (".cmdline", line + b"factory-reset"),
    ])


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


def large_initrd(kernel: Kernel) -> bytes:
    """The small one, and behind it an uncompressed archive of 99 MiB."""
    small = small_initrd(kernel)
    plain = io.BytesIO()
    archive = cpio.CpioWriter(plain)
    archive.file("filler", filler())
    archive.close()
    return small + b"\0" * (-len(small) % 4) + plain.getvalue()


FILLED_BYTES = 2 << 20
FILLED_MD5 = hashlib.md5(_filler_start(FILLED_BYTES)).hexdigest()


def filled_initrd(kernel: Kernel) -> bytes:
    """The small one, and behind it two MiB whose checksum the guest prints."""
    small = small_initrd(kernel)
    plain = io.BytesIO()
    archive = cpio.CpioWriter(plain)
    archive.file("filler", _filler_start(FILLED_BYTES))
    archive.close()
    return small + b"\0" * (-len(small) % 4) + plain.getvalue()


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


def _notes(elf: bytearray) -> dict[int, int]:
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
    places = _notes(elf)
    entry = struct.unpack_from("<Q", elf, places[18] + 8)[0]
    struct.pack_into("<Q", elf, places[18] + 8, entry + distance)
    struct.pack_into("<I", elf, places[19] + 12, 0x200_0000)
    return pack(bytes(elf), "gzip")


def probe_mapped() -> bytes:
    """The probe without INIT_P2M and MOD_START_PFN: both must lie in its first mapping."""
    elf = bytearray(PROBE.read_bytes())
    places = _notes(elf)
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


def host_menu(kernel: Kernel) -> bytes:
    return HOST_MENU.format(release=modules.kernel_release(kernel)).encode()


def _of_dom0(pattern: str) -> bytes:
    """A file of the packages that dom0 is made of."""
    return sorted(suites.dom0_root().glob(pattern))[0].read_bytes()


# What is made from a kernel. "kernel" is the guests' own, as it is.
FROM_KERNEL = {
    "kernel": stock,
    "kernel-xz": lambda kernel: real(kernel, "xz"),
    "kernel-lz4": lambda kernel: real(kernel, "lz4"),
    "kernel-zstd": lambda kernel: real(kernel, "zstd"),
    "kernel-gzip": lambda kernel: repacked(kernel, "gzip"),
    "kernel-bzip2": lambda kernel: repacked(kernel, "bzip2"),
    "kernel-lzma": lambda kernel: repacked(kernel, "lzma"),
    "kernel-lzo": lambda kernel: repacked(kernel, "lzo"),
    "kernel-zstd-cut": zstd_cut,
    "kernel-zstd-moved": zstd_moved,
    "kernel-zstd-short": lambda kernel: zstd_lying(kernel, 40_000_000),
    "kernel-zstd-bomb": lambda kernel: zstd_lying(kernel, 0xFFFF_0000),
    # vmlinux.gz, and a gzip file around the stock bzImage.
    "kernel-elf-gzip": lambda kernel: pack(kernel_elf(stock(kernel)), "gzip"),
    "kernel-stock-gzip": lambda kernel: pack(stock(kernel), "gzip"),
    "kernel-unified": lambda kernel: unified(kernel, "root=/dev/xvda ro console=hvc0 lab=unified"),
    "kernel-unified-2": lambda kernel: unified(
        kernel, "root=/dev/xvda2 ro console=hvc0 lab=esp-unified"),
    "kernel-unified-profiles": unified_with_profiles,
    "kernel-elf": lambda kernel: kernel_elf(stock(kernel)),
} | {
    # The guests' kernel in each format, to compare formats with.
    f"packed-{kind}": lambda kernel, kind=kind: packed(kernel, kind) for kind in PACKERS
} | {
    "packed-elf": lambda kernel: kernel_elf(stock(kernel)),
    "initrd-small": small_initrd,
    "initrd-large": large_initrd,
    "initrd-filled": filled_initrd,
    "initrd-three": three_initrds,
    "host-menu": host_menu,
}
# What is made from dom0's packages, or from files that this project builds.
OTHERS = {
    "initrd-early": early_initrd,
    "initrd-third": third_initrd,
    "initrd-host": host_initrd,
    "initrd-empty": lambda: gzip.compress(b"", 9, mtime=0),
    "probe": lambda: PROBE.read_bytes(),
    "probe-gzip": lambda: gzip.compress(PROBE.read_bytes(), 9, mtime=0),
    "probe-mapped": probe_mapped,
    "probe-sections": probe_sections,
    "probe-words": probe_words,
    "loader": lambda: loader.read_bytes(),
    "xen": lambda: _of_dom0("boot/xen-*.gz"),
    "pvgrub2": lambda: _of_dom0("usr/lib/grub-xen/grub-x86_64-xen.bin"),
}


def _builds(name: str) -> list[Path]:
    """The files of this build that the product is made from."""
    if name == "loader":
        return [loader]
    if name.startswith("probe"):
        if not PROBE.exists():
            raise LabError(f"no {PROBE} (make probe)")
        return [PROBE]
    return []


def product(name: str) -> Path:
    """The named kernel or ramdisk as a file, made if it is missing or old.

    What is made from a kernel may be named `NAME@KERNEL` (suites.kernel_of).
    """
    PRODUCTS.mkdir(parents=True, exist_ok=True)
    sources = [LAB / "guest/init", LAB / "guest/poweroff", LAB / "xenlab/cpio.py",
               registers.SOURCE]
    plain = name.partition("@")[0]
    if plain in FROM_KERNEL:
        kernel = suites.kernel_of(name)
        path = PRODUCTS / f"{plain}@{kernel.name}"
        stamp = kernel.packages.key()
        if plain.startswith(("initrd", "kernel-unified")):
            # Their busybox is dom0's.
            path = path.with_name(f"{path.name}-on-{suites.choice.suite.name}")
            stamp += suites.dom0_key()
        make = lambda: FROM_KERNEL[plain](kernel)
    else:
        path = PRODUCTS / f"{name}@{suites.choice.suite.name}"
        stamp = suites.dom0_key()
        make = OTHERS[name]
    key = paths.key_of(stamp, Path(__file__), *sources, *_builds(name))
    if not paths.is_current(path, key):
        path.write_bytes(make())
        paths.mark_current(path, key)
    return path
