# SPDX-License-Identifier: GPL-2.0-or-later
"""What is measured: who starts which kernel with which ramdisk, from which disk."""

from __future__ import annotations

import gzip
import io
import zlib
from dataclasses import dataclass

from . import cpio, dom0image, initrds, products
from .model import DiskRecipe
from .suites import SUITES, Kernel, choice

KERNELS = ("xz", "zstd", "lz4", "gzip", "elf")
# MiB; the smallest ramdisk is busybox, modules and the lab's init, some 1.6 MiB.
RAMDISKS = (1, 32, 128)
LOADERS = ("toolstack", "pvgrub2", "ours")
# GRUB of each suite, and pygrub of dom0's Xen.
PEERS = (*(f"grub-{name}" for name in SUITES), "pygrub")
LINE = "root=/dev/xvda ro console=hvc0 nokaslr lab=bench"
FIRST_LINE = "Linux version"
GUEST_MIB = 768
MENU = "GNU GRUB"
READING = "BENCH: start|BENCH: end"
# What the guest that reads its disk with dd reads.
DD_MIB = 128
DD_INIT = f"""#!/bin/sh
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
dmesg -n 1
while read -r module; do insmod "/modules/$module"; done </modules/order
until [ -b /dev/xvda ]; do usleep 50000; done
usleep 500000
echo "BENCH: start"
dd if=/dev/xvda of=/dev/null bs=1M count={DD_MIB} 2>/dev/null
echo "BENCH: end"
poweroff -f
"""


def ramdisk(kernel: Kernel, mib: int) -> bytes:
    """The small ramdisk, and behind it an archive of bytes that nothing compresses."""
    small = initrds.small_initrd(kernel)
    if mib == 1:
        return small
    count = (mib << 20) - len(small) - 4096
    return initrds.with_filler(small, (initrds.filler() * 2)[:count])


def ramdisk_name(mib: int) -> str:
    return f"initrd-bench-{mib}"


def reading_ramdisk(kernel: Kernel) -> bytes:
    """A ramdisk whose init reads the disk through Linux's own frontend, and says when."""
    plain = io.BytesIO()
    archive = cpio.CpioWriter(plain)
    for name in ("proc", "sys", "dev"):
        archive.directory(name)
    archive.character_device("dev/console", 5, 1)
    dom0image.add_busybox(archive)
    dom0image.add_modules(archive, kernel, ["xen_blkfront"])
    archive.file("init", DD_INIT.encode(), 0o755)
    archive.close()
    return gzip.compress(plain.getvalue(), 9, mtime=0)


# Named after what it does, for it to be made anew when that changes.
DD_RAMDISK = f"initrd-dd-{zlib.crc32(DD_INIT.encode()):08x}"
products.FROM_KERNEL[DD_RAMDISK] = reading_ramdisk
for _mib in RAMDISKS:
    products.FROM_KERNEL[ramdisk_name(_mib)] = lambda kernel, mib=_mib: ramdisk(kernel, mib)

# One disk with all kernels and ramdisks; its menu is written for each guest.
DISK = DiskRecipe(
    "bench", kernel="", initrd="", size_mib=320,
    menus=(("/boot/grub/grub.cfg", "# the bench's\n"),),
    files=tuple((f"/boot/kernel-{kind}", f"packed-{kind}") for kind in KERNELS)
    + tuple((f"/boot/initrd-{mib}", ramdisk_name(mib)) for mib in RAMDISKS),
)


@dataclass(frozen=True)
class Case:
    """One guest to be measured.

    disk: "memory" (a file in dom0's memory behind blkback), "qdisk" (the same behind QEMU), or
    nanoseconds that each request takes, as text ("100000").
    initrd: another ramdisk than that of `ramdisk` MiB.
    text: what is waited for on the console, several divided by `|`.
    """

    loader: str
    type: str = "pv"
    kernel: str = "xz"
    ramdisk: int = 1
    disk: str = "memory"
    memory: int = GUEST_MIB
    timeout: int = 0
    text: str = FIRST_LINE
    initrd: str = ""

    @property
    def name(self) -> str:
        parts = [self.loader, self.type, self.kernel, str(self.ramdisk), self.disk, str(self.memory)]
        kind = {FIRST_LINE: "", MENU: "-menu", READING: "-dd"}[self.text]
        return "-".join(parts) + kind

    @property
    def menu(self) -> str:
        # In quotation marks: pygrub sees no others.
        return (f"set default=0\nset timeout={self.timeout}\nmenuentry 'bench' {{\n"
                f"linux /boot/kernel-{self.kernel} {LINE}\ninitrd /boot/initrd-{self.ramdisk}\n}}\n")


def can(loader: str, type_: str, kernel: str) -> bool:
    """Whether the loader can start such a kernel at all (`lab/matrix` tries it)."""
    if loader.startswith("grub-"):
        return kernel in SUITES[loader.removeprefix("grub-")].grub_unpacks
    if loader != "pvgrub2":
        return True
    # In PVH the kernel unpacks itself, and of the lab's only the stock one has the program for that.
    return kernel in choice.suite.grub_unpacks if type_ == "pv" else kernel == choice.kernel.compression


def matrix(type_: str) -> list[Case]:
    """The table of the first page: loaders, compressions, ramdisks."""
    return [
        Case(loader, type_, kernel, mib)
        for kernel in KERNELS for mib in RAMDISKS for loader in LOADERS
        if can(loader, type_, kernel)
    ]


# Nanoseconds a request; the first is what the disk's own work costs.
LATENCIES = ("1", "100000", "1000000")


def others() -> list[Case]:
    """Slow disks, QEMU's backend, guests of other sizes, and the peers' menu."""
    found = [Case("ours", kernel=kernel, ramdisk=32, disk=disk)
             for disk in (*LATENCIES, "qdisk") for kernel in ("lz4", "gzip", "xz")]
    # A ramdisk that is to come while the kernel is unpacked.
    found += [Case("ours", kernel=kernel, ramdisk=128, disk=disk)
              for disk in (LATENCIES[0], LATENCIES[-1]) for kernel in ("gzip", "xz")]
    found += [Case("pvgrub2", kernel="gzip", ramdisk=32, disk=disk) for disk in (*LATENCIES, "qdisk")]
    found += [Case("ours", kernel="lz4", memory=mib) for mib in (128, 1024)]
    found.append(Case("pvgrub2", timeout=-1, text=MENU))
    found.append(Case("toolstack", text=READING, initrd=DD_RAMDISK))
    return found


PEERS_MIB = 32


def peers() -> list[Case]:
    """Every release of a peer, beside ours, with one ramdisk."""
    return [Case(loader, kernel=kernel, ramdisk=PEERS_MIB)
            for kernel in KERNELS for loader in PEERS if can(loader, "pv", kernel)]


def all_cases() -> list[Case]:
    return matrix("pv") + others() + peers() + matrix("pvh")
