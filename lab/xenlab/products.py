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

from . import cpio, dom0image, modules, paths, registers
from .paths import DEFAULT_LOADER, LAB, PROBE, PRODUCTS, ROOT, LabError

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


def kernel_elf(stock: bytes) -> bytes:
    """The vmlinux inside the stock bzImage."""
    offset, length = setup_header(stock)
    payload = stock[offset : offset + length]
    if not payload.startswith(b"\xfd7zXZ\0"):
        raise LabError("the stock kernel's payload is not xz")
    return lzma.LZMADecompressor().decompress(payload)


# As the kernel's build packs its payload (scripts/Makefile.lib), except zstd: a faster level here,
# with the same window of 128 MiB.
PACKERS = {
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


def repacked(kind: str) -> bytes:
    """The stock kernel as a kernel built with CONFIG_KERNEL_<kind> has it."""
    stock = modules.kernel_image().read_bytes()
    return bzimage(stock, payload(stock, kind))


def zstd_cut() -> bytes:
    """A zstd kernel whose payload ends in its middle; its header agrees with that."""
    stock = modules.kernel_image().read_bytes()
    whole = payload(stock, "zstd")
    return bzimage(stock, whole[: len(whole) // 2] + whole[-4:])


def zstd_lying(byte_count: int) -> bytes:
    """A zstd kernel that claims another unpacked size."""
    stock = modules.kernel_image().read_bytes()
    return bzimage(stock, payload(stock, "zstd")[:-4] + struct.pack("<I", byte_count))


STUB = Path("/usr/lib/systemd/boot/efi/linuxx64.efi.stub")


def unified(cmdline: str) -> bytes:
    """Kernel, ramdisk and command line as one PE file, made by objcopy from systemd's stub."""
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


def unified_with_profiles() -> bytes:
    """A unified kernel image whose second profile is not for every day."""
    line = b"root=/dev/xvda2 ro console=hvc0 lab="
    return with_sections(STUB.read_bytes(), [
        (".osrel", b"ID=debian\nVERSION_ID=13\nPRETTY_NAME=Debian\n"),
        (".cmdline", line + b"esp-profiles"),
        (".initrd", product("initrd-small").read_bytes()),
        (".linux", product("kernel-zstd").read_bytes()),
        (".profile", b"ID=main\n"),
        (".profile", b"ID=zz\nTITLE=Factory reset\n"),
        (".cmdline", line + b"factory-reset"),
    ])


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
    archive.file("bin/registers", registers.program(), 0o755)
    archive.close()
    return gzip.compress(plain.getvalue(), 9, mtime=0)


def filler() -> bytes:
    """Incompressible bytes, the same in every run."""
    data = _filler_start(FILLER_BYTES)
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


def three_initrds() -> bytes:
    """The three as the loader is to join them: each from a page of its own, zeros between."""
    joined = b""
    for part in (early_initrd(), small_initrd(), third_initrd()):
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
    "kernel-unified-2": lambda: unified("root=/dev/xvda2 ro console=hvc0 lab=esp-unified"),
    "kernel-unified-profiles": unified_with_profiles,
    "kernel-elf": lambda: kernel_elf(modules.kernel_image().read_bytes()),
    "initrd-small": small_initrd,
    "initrd-large": large_initrd,
    "initrd-early": early_initrd,
    "initrd-third": third_initrd,
    "initrd-three": three_initrds,
    "initrd-host": host_initrd,
    "initrd-empty": lambda: gzip.compress(b"", 9, mtime=0),
    "host-menu": lambda: HOST_MENU.format(release=modules.kernel_release()).encode(),
    "probe": lambda: PROBE.read_bytes(),
    "probe-gzip": lambda: gzip.compress(PROBE.read_bytes(), 9, mtime=0),
    "probe-mapped": probe_mapped,
    "probe-sections": probe_sections,
    "probe-words": probe_words,
    "loader": lambda: loader.read_bytes(),
    "xen": lambda: next(ROOT.glob("boot/xen-*.gz")).read_bytes(),
    "pvgrub2": lambda: (ROOT / "usr/lib/grub-xen/grub-x86_64-xen.bin").read_bytes(),
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
    """The named kernel or ramdisk as a file, made if it is missing or old."""
    PRODUCTS.mkdir(parents=True, exist_ok=True)
    path = PRODUCTS / name
    sources = [LAB / "guest/init", LAB / "guest/poweroff", LAB / "xenlab/cpio.py",
               registers.SOURCE]
    sources += _builds(name)
    key = paths.key_of(paths.packages_key(), Path(__file__), *sources, str(ROOT.exists()))
    if not paths.is_current(path, key):
        path.write_bytes(MAKERS[name]())
        paths.mark_current(path, key)
    return path
