# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds dom0's base ramdisk: busybox, the Xen toolstack, QEMU's qdisk."""

from __future__ import annotations

import gzip
import subprocess
from pathlib import Path

from . import cpio, paths, registers, sharedlibs, suites
from .modules import Modules
from .paths import BUILD, LAB
from .suites import Kernel

DOM0_MODULES = [
    "xen_privcmd", "xen_evtchn", "xen_gntdev", "xen_gntalloc", "xen_blkback", "loop", "xenfs",
    "virtio_pci", "virtio_blk", "virtio_console", "crc32c_generic", "ext4",
]
# In the folder of this version of Xen.
XEN_PROGRAMS = ["xl", "xenstored", "oxenstored", "xenconsoled", "xenconsole", "xen-init-dom0",
                "libxl-save-helper", "lsevtchn"]
PROGRAMS = [
    "usr/bin/xenstore-ls", "usr/bin/xenstore-read", "usr/bin/xenstore-write",
    "usr/bin/xenstore-list", "usr/bin/xenstore-watch", "usr/bin/xenstore-rm",
    "usr/libexec/xen-qemu-system-i386", "sbin/losetup", "usr/bin/script",
]
DIRECTORIES = [
    "proc", "sys", "dev", "run", "tmp", "disks", "var/lock", "var/log/xen", "var/lib/xen",
    "var/lib/xenstored", "etc/xen/scripts", "lab", "root",
]


def xen_elf() -> Path:
    """Xen as the ELF file that `qemu -kernel` starts by multiboot."""
    product = BUILD / f"xen-{suites.choice.suite.name}.elf"
    key = suites.dom0_key()
    if not paths.is_current(product, key):
        packed = sorted(suites.dom0_root().glob("boot/xen-*-amd64.gz"))[-1]
        product.write_bytes(gzip.decompress(packed.read_bytes()))
        paths.mark_current(product, key)
    return product


def busybox_applets() -> list[str]:
    answer = subprocess.run(
        [str(suites.dom0_root() / "bin/busybox"), "--list"],
        capture_output=True, text=True, check=True)
    return [name for name in answer.stdout.split() if name != "busybox"]


def add_busybox(archive: cpio.CpioWriter) -> None:
    """busybox with a link for every applet in /bin, and /sbin for the kernel's sake."""
    archive.file("bin/busybox", (suites.dom0_root() / "bin/busybox").read_bytes(), 0o755)
    for applet in busybox_applets():
        archive.symlink(f"bin/{applet}", "busybox")


def add_modules(archive: cpio.CpioWriter, kernel: Kernel, wanted: list[str]) -> None:
    """The modules as /modules/NAME.ko and their load order in /modules/order."""
    modules = Modules(kernel)
    names = modules.load_order(wanted)
    for name in names:
        archive.file(f"modules/{modules.file_name(name)}", modules.content(name))
    order = "".join(f"{modules.file_name(name)}\n" for name in names)
    archive.file("modules/order", order.encode())


def _add_programs(archive: cpio.CpioWriter) -> None:
    root, xen = suites.dom0_root(), f"{suites.choice.suite.xen_folder}/bin"
    names = [f"{xen}/{name}" for name in XEN_PROGRAMS] + PROGRAMS
    for name in names:
        archive.file(name, (root / name).read_bytes(), 0o755)
    for name in ("xl", "lsevtchn"):
        archive.symlink(f"usr/bin/{name}", f"/{xen}/{name}")
    archive.symlink("xen", f"/{xen}")
    libraries = sharedlibs.libraries_of([root / name for name in names])
    # libxl loads libgcc_s at thread cancellation, by dlopen.
    libraries.setdefault("libgcc_s.so.1", root / "lib/x86_64-linux-gnu/libgcc_s.so.1")
    for soname, path in sorted(libraries.items()):
        where = "lib64" if soname.startswith("ld-linux") else "lib/x86_64-linux-gnu"
        archive.file(f"{where}/{soname}", path.read_bytes(), 0o755)


def base_ramdisk() -> Path:
    """build/lab/dom0-SUITE.cpio, built anew only when one of its inputs changed."""
    product = BUILD / f"dom0-{suites.choice.suite.name}.cpio"
    sources = sorted((LAB / "dom0").iterdir()) + sorted((LAB / "xenlab").glob("*.py"))
    key = paths.key_of(suites.dom0_key(), registers.SOURCE, *sources)
    if paths.is_current(product, key):
        return product
    with product.open("wb") as out:
        archive = cpio.CpioWriter(out)
        for name in DIRECTORIES:
            archive.directory(name)
        archive.symlink("var/run", "/run")
        archive.character_device("dev/console", 5, 1)
        archive.character_device("dev/null", 1, 3)
        add_busybox(archive)
        add_modules(archive, suites.choice.suite.kernel, DOM0_MODULES)
        _add_programs(archive)
        archive.file("etc/xen/xl.conf", b"")
        archive.file("etc/xen/oxenstored.conf", (LAB / "dom0/oxenstored.conf").read_bytes())
        shim = f"{suites.choice.suite.xen_folder}/boot/xen-shim"
        archive.file(shim, (suites.dom0_root() / shim).read_bytes())
        archive.file("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n")
        archive.file("etc/group", b"root:x:0:\n")
        # QEMU's -vnc none wants a keymap all the same.
        archive.file("usr/share/qemu/keymaps/en-us", b"# no keyboard\n")
        archive.file("init", (LAB / "dom0/init").read_bytes(), 0o755)
        for name in ("blk", "block"):
            archive.file(f"etc/xen/scripts/{name}", (LAB / "dom0/blk").read_bytes(), 0o755)
        archive.file("lab/registers", registers.program(), 0o755)
        archive.file("lab/guest.sh", (LAB / "dom0/guest.sh").read_bytes())
        archive.close()
    paths.mark_current(product, key)
    return product
