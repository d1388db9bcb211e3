# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes guest disks from recipes, without root: mke2fs -d, sfdisk, mkfs.fat, mkfs.xfs, xorriso."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
import uuid
from pathlib import Path

from . import hostile, modules, paths, products, suites, workshop
from .model import Disk, DiskRecipe, Scenario
from .paths import LabError
from .suites import Kernel
from .tools import run_tool

PARTITION_START = 1 << 20
MIB = 1 << 20
BOOT_MIB = 64
NAMESPACE = uuid.UUID("6f1d2a52-5f0b-4ac1-9a3e-0c4f1f0d7a11")


def uuid_of(recipe: DiskRecipe) -> str:
    return str(uuid.uuid5(NAMESPACE, recipe.name))


def boot_uuid_of(recipe: DiskRecipe) -> str:
    """The identifier of a partition for /boot that has one of its own."""
    return str(uuid.uuid5(NAMESPACE, recipe.name + " /boot"))


def serial_of(recipe: DiskRecipe) -> str:
    """The serial number of a FAT, as blkid and GRUB write it."""
    digits = uuid_of(recipe)[:8].upper()
    return f"{digits[:4]}-{digits[4:]}"


def marker_of(recipe: DiskRecipe) -> bytes:
    """The content of a file that no other disk has: its checksum proves which disk was mounted."""
    return hashlib.shake_256(recipe.name.encode()).digest(100_000)


def release_of(recipe: DiskRecipe) -> str:
    """The release of the kernel that is on the disk, or else of the guests'."""
    return modules.kernel_release(suites.kernel_of(recipe.kernel))


def kernel_of(scenario: Scenario) -> Kernel:
    """The kernel that the scenario's guest runs in the end."""
    if scenario.boot == "direct":
        return suites.kernel_of(scenario.kernel)
    recipes = [disk.recipe for disk in scenario.disks if disk.recipe and disk.recipe.kernel]
    return suites.kernel_of(recipes[0].kernel if recipes else "")


def on_disk(name: str, kernel: str) -> Path:
    """A product for a disk that has this kernel: ramdisks go with it."""
    fits = name.startswith("initrd") and name in products.FROM_KERNEL
    return products.product(f"{name}@{suites.kernel_of(kernel).name}" if fits else name)


def fill_in(text: str, recipe: DiskRecipe) -> str:
    for name, value in (
        ("{release}", release_of(recipe)),
        ("{root}", recipe.root),
        ("{uuid}", uuid_of(recipe)),
        ("{boot_uuid}", boot_uuid_of(recipe)),
        ("{serial}", serial_of(recipe)),
    ):
        text = text.replace(name, value)
    return text


def _stage(recipe: DiskRecipe, folder: Path) -> None:
    """The files of the disk, in a folder of this machine."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "boot").mkdir(parents=True)
    release = release_of(recipe)
    for kind, name in ((recipe.kernel, "vmlinuz"), (recipe.initrd, "initrd.img")):
        if kind:
            os.link(on_disk(kind, recipe.kernel), folder / "boot" / f"{name}-{release}")
    (folder / "marker").write_bytes(marker_of(recipe))
    for path, text in recipe.menus + recipe.texts:
        file = folder / fill_in(path, recipe).strip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(fill_in(text, recipe))
    for path, name, length in recipe.cuts:
        (folder / path.strip("/")).write_bytes(on_disk(name, recipe.kernel).read_bytes()[:length])
    for path, name in recipe.files:
        file = folder / path.strip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(on_disk(name, recipe.kernel).read_bytes())


def _partition(recipe: DiskRecipe, image: Path) -> int:
    """Writes the partition table; the offset in bytes of the file system."""
    if recipe.layout == "whole":
        return 0
    if recipe.layout in BOOT_PARTITIONS:
        kind = "c" if recipe.layout == "mbr-fat" else "83"
        boot = recipe.boot_mib or BOOT_MIB
        rest = (recipe.size_mib - boot - 2) * 2048
        run_tool("/sbin/sfdisk", "--quiet", str(image), stdin=(
            f"label: dos\nstart=2048, size={boot * 2048}, type={kind}, bootable\n"
            f"start={2048 + boot * 2048}, size={rest}, type=83\n"))
        return PARTITION_START + boot * MIB
    if recipe.layout == "gpt-4096":
        # In a file, sfdisk only knows sectors of 512 bytes.
        run_tool("/sbin/fdisk", "-b", "4096", str(image), stdin=(
            f"g\nn\n1\n{PARTITION_START // 4096}\n+{(recipe.size_mib - 2) * 256 - 1}\nw\n"))
        return PARTITION_START
    label, kind = {"mbr": ("dos", "83"), "gpt": ("gpt", "linux")}[recipe.layout]
    size = (recipe.size_mib - 2) * 2048
    script = f"label: {label}\nstart=2048, size={size}, type={kind}, bootable\n"
    if label == "gpt":
        script = script.replace(", bootable", "")
    run_tool("/sbin/sfdisk", "--quiet", str(image), stdin=script)
    return PARTITION_START


def cut_in_initrd(recipe: DiskRecipe, image: Path) -> None:
    """Cuts the image inside the ramdisk: its last blocks are beyond the disk's end.

    The recipe has no ramdisk of its own: written last, it lies behind all else.
    """
    release = release_of(recipe)
    path = f"/boot/initrd.img-{release}"
    source = on_disk("initrd-small", recipe.kernel)
    run_tool("/sbin/debugfs", "-w", "-R", f"write {source} {path}", str(image))
    blocks = run_tool("/sbin/debugfs", "-R", f"blocks {path}", str(image)).split()
    kernel = f"/boot/vmlinuz-{release}"
    others = run_tool("/sbin/debugfs", "-R", f"blocks {kernel}", str(image)).split()
    middle = int(blocks[len(blocks) // 2])
    if len(blocks) < 100 or max(int(block) for block in others) >= middle:
        raise LabError(f"{recipe.name}: the kernel lies behind the ramdisk, cannot cut")
    with image.open("r+b") as file:
        file.truncate(middle * 4096)


def wild_initrd(recipe: DiskRecipe, image: Path) -> None:
    """Points the ramdisk's only extent beyond the end of the file system.

    The inode's block[] holds the extent tree: three words of header, then
    ee_block, ee_len and ee_start_hi, ee_start_lo (Linux, ext4/dynamic.rst).
    """
    path = f"/boot/initrd.img-{release_of(recipe)}"
    run_tool("/sbin/debugfs", "-w", "-R", f"set_inode_field {path} block[5] 0x7ffff0", str(image))
    shown = run_tool("/sbin/debugfs", "-R", f"blocks {path}", str(image)).split()
    if not shown or int(shown[0]) != 0x7FFFF0:
        raise LabError(f"debugfs did not move the extent of {path}")


def rot_in_kernel(recipe: DiskRecipe, image: Path) -> None:
    """Overwrites one block of the kernel's data, four fifths through the file."""
    path = f"/boot/vmlinuz-{release_of(recipe)}"
    blocks = run_tool("/sbin/debugfs", "-R", f"blocks {path}", str(image)).split()
    if not blocks:
        raise LabError(f"debugfs shows no blocks of {path}")
    with image.open("r+b") as file:
        file.seek(int(blocks[len(blocks) * 4 // 5]) * 4096)
        file.write(b"\x55" * 4096)


def dirty_journal(recipe: DiskRecipe, image: Path) -> None:
    """As after a power failure: /boot/grub/menu.new became menu.lst, and the kernel has a new name,
    but only in the journal. Without a replay the disk is as it was before.
    """
    release = release_of(recipe)
    changed = image.with_suffix(".changed")
    shutil.copyfile(image, changed)
    for request in (
        "rm /boot/grub/menu.lst", "ln /boot/grub/menu.new /boot/grub/menu.lst",
        "unlink /boot/grub/menu.new", f"ln /boot/vmlinuz-{release} /boot/vmlinuz-installed",
        f"unlink /boot/vmlinuz-{release}",
    ):
        run_tool("/sbin/debugfs", "-w", "-R", request, str(changed))
    old, new = image.read_bytes(), changed.read_bytes()
    changed.unlink()
    blocks = [n for n in range(len(old) // 4096)
              if old[n * 4096:(n + 1) * 4096] != new[n * 4096:(n + 1) * 4096]]
    data = image.with_suffix(".journal")
    data.write_bytes(b"".join(new[n * 4096:(n + 1) * 4096] for n in blocks))
    numbers = ",".join(str(n) for n in blocks)
    run_tool("/sbin/debugfs", "-w", "-f", "-", str(image),
             stdin=f"jo -c -v 3\njw -b {numbers} {data}\njc\n")
    data.unlink()
    if "needs_recovery" not in run_tool("/sbin/dumpe2fs", "-h", str(image)):
        raise LabError(f"debugfs wrote no journal on {image}")


DAMAGES = {
    "cut_in_initrd": cut_in_initrd, "wild_initrd": wild_initrd, "rot_in_kernel": rot_in_kernel,
    "dirty_journal": dirty_journal,
} | hostile.DAMAGES


def _make_iso(recipe: DiskRecipe, folder: Path, image: Path) -> None:
    """ISO 9660 with Rock Ridge and Joliet, as installers have it."""
    partition = ["-partition_offset", "16"] if recipe.layout == "iso-hybrid" else []
    run_tool(
        "/usr/bin/xorriso", "-as", "mkisofs", "-quiet", "-r", "-J", "-joliet-long", *partition,
        "-V", recipe.label or recipe.name[:32], "--modification-date=2026010203040500", "-o", str(image),
        str(folder),
    )


def _make_fat(recipe: DiskRecipe, boot: Path, image: Path) -> None:
    """Moves what is in /boot into a FAT32 at the first partition's place."""
    offset = PARTITION_START
    run_tool(
        "/sbin/mkfs.fat", "-F", "32", "-s", "1", "-n", "BOOT", "-i", uuid_of(recipe)[:8],
        "--offset", str(offset // 512), str(image), str(BOOT_MIB * 1024),
    )
    files = sorted(str(path) for path in boot.iterdir())
    run_tool("/usr/bin/mcopy", "-s", "-i", f"{image}@@{offset}", *files, "::")
    shutil.rmtree(boot)


def _prototype(folder: Path) -> str:
    """A folder and everything below it as mkfs.xfs's prototype file. Names must not have blanks."""
    lines = ""
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            lines += f"{path.name} d--755 0 0\n{_prototype(path)}$\n"
        else:
            lines += f"{path.name} ---644 0 0 {path}\n"
    return lines


def _make_xfs(recipe: DiskRecipe, boot: Path, image: Path) -> None:
    """Moves what is in /boot into an XFS at the first partition's place."""
    prototype = image.with_suffix(".prototype")
    prototype.write_text(f"none\n0 0\nd--755 0 0\n{_prototype(boot)}$\n")
    volume = image.with_suffix(".xfs")
    volume.unlink(missing_ok=True)
    with volume.open("wb") as file:
        file.truncate(BOOT_MIB * MIB)
    # mkfs.xfs calls less than 300 MiB unsupported.
    run_tool(
        "/sbin/mkfs.xfs", "-q", "--unsupported", "-L", "boot", "-m", f"uuid={boot_uuid_of(recipe)}",
        "-p", str(prototype), str(volume),
    )
    with image.open("r+b") as file:
        file.seek(PARTITION_START)
        file.write(volume.read_bytes())
    prototype.unlink()
    volume.unlink()
    shutil.rmtree(boot)


def _twins(recipe: DiskRecipe, image: Path) -> list[Path]:
    """The recipe's other disks: a first partition as on `image`, and nothing else."""
    others = []
    for number in range(1, recipe.twins):
        other = twin_of(image, number)
        other.unlink(missing_ok=True)
        with other.open("wb") as file:
            file.truncate((recipe.boot_mib + 2) * MIB)
        run_tool("/sbin/sfdisk", "--quiet", str(other), stdin=(
            f"label: dos\nstart=2048, size={recipe.boot_mib * 2048}, type=fd\n"))
        others.append(other)
    return others


def _make_in_workshop(recipe: DiskRecipe, boot: Path, image: Path) -> None:
    """Lets the recipe's script put what is in /boot on the first partition."""
    images = [image, *_twins(recipe, image)]
    workshop.work(images, fill_in(recipe.workshop, recipe), boot)
    shutil.rmtree(boot)


def twin_of(image: Path, number: int) -> Path:
    """The disk of this number that was made beside `image`, which is number 0."""
    return image.with_name(f"{image.stem}-{number}.img") if number else image


# Layouts with a partition for what belongs in /boot, and a second one for the rest.
BOOT_PARTITIONS = {"mbr-fat": _make_fat, "mbr-xfs": _make_xfs, "workshop": _make_in_workshop}


def _make(recipe: DiskRecipe, image: Path) -> None:
    folder = disks_folder() / f"{recipe.name}.files"
    _stage(recipe, folder)
    image.unlink(missing_ok=True)
    if recipe.layout.startswith("iso"):
        _make_iso(recipe, folder, image)
        shutil.rmtree(folder)
        return
    with image.open("wb") as file:
        file.truncate(recipe.size_mib * MIB)
    offset = _partition(recipe, image)
    if recipe.layout in BOOT_PARTITIONS:
        BOOT_PARTITIONS[recipe.layout](recipe, folder / "boot", image)
    blocks = (recipe.size_mib * MIB - offset - (MIB if offset else 0)) // 4096
    identity = uuid_of(recipe)
    run_tool(
        "/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-m", "0", "-L", recipe.name[:16],
        "-U", identity, "-d", str(folder),
        "-E", f"offset={offset},hash_seed={identity},root_owner=0:0", str(image), str(blocks),
    )
    if recipe.damage:
        DAMAGES[recipe.damage](recipe, image)
    shutil.rmtree(folder)


def disks_folder() -> Path:
    """Where the disks of this run's guests are: they hold this run's kernels."""
    folder = suites.choice.folder / "disks"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def image_of(recipe: DiskRecipe) -> Path:
    """The disk of the recipe as a raw file, made if missing or old."""
    image = disks_folder() / f"{recipe.name}.img"
    names = [recipe.kernel, recipe.initrd] + [name for _, name, _ in recipe.cuts]
    names += [name for _, name in recipe.files]
    inputs = [on_disk(name, recipe.kernel) for name in names if name]
    stamps = [path.with_name(path.name + ".key").read_text() for path in inputs]
    key = paths.key_of(
        json.dumps(dataclasses.asdict(recipe)), Path(__file__), Path(workshop.__file__),
        Path(hostile.__file__),
        suites.dom0_key(), release_of(recipe), *stamps
    )
    if not paths.is_current(image, key):
        _make(recipe, image)
        for number in range(1, recipe.twins):
            paths.mark_current(twin_of(image, number), key)
        paths.mark_current(image, key)
    return image


def file_of(disk: Disk) -> Path | None:
    """The file behind a guest's disk: raw, or qcow2 made from it."""
    if disk.recipe is None:
        return None
    raw = twin_of(image_of(disk.recipe), disk.twin)
    if disk.backend != "qdisk-qcow2":
        return raw
    packed = raw.with_suffix(".qcow2")
    key = raw.with_name(raw.name + ".key").read_text()
    if not paths.is_current(packed, key):
        run_tool("qemu-img", "convert", "-f", "raw", "-O", "qcow2", str(raw), str(packed))
        paths.mark_current(packed, key)
    return packed


def pack(files: list[Path], name: str) -> Path:
    """One ext4 with all these files at its top: dom0's /disks. Programs that may run at the same
    time have packs of different names."""
    image = suites.choice.folder / f"{name}-pack.img"
    names = sorted(set(files))
    stamps = [path.with_name(path.name + ".key").read_text() for path in names]
    key = paths.key_of(*(str(path) for path in names), *stamps)
    if paths.is_current(image, key):
        return image
    folder = disks_folder() / f"{name}.files"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path in names:
        os.link(path, folder / path.name)
    used = sum(path.stat().st_size for path in names)
    image.unlink(missing_ok=True)
    with image.open("wb") as file:
        file.truncate(used + used // 8 + 256 * MIB)
    run_tool("/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-m", "0", "-O", "^has_journal",
             "-d", str(folder), str(image))
    shutil.rmtree(folder)
    paths.mark_current(image, key)
    return image
