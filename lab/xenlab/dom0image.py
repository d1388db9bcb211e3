# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds dom0's base ramdisk: busybox, the Xen toolstack, QEMU's qdisk."""

from __future__ import annotations

import subprocess
from pathlib import Path

from . import cpio, modules, paths, registers, sharedlibs
from .paths import BUILD, LAB, ROOT

DOM0_MODULES = [
    "xen_privcmd", "xen_evtchn", "xen_gntdev", "xen_gntalloc", "xen_blkback", "loop", "xenfs",
    "virtio_pci", "virtio_blk", "virtio_console", "crc32c_generic", "ext4",
]
XEN_BIN = "usr/lib/xen-4.17/bin"
XEN_SHIM = "usr/lib/xen-4.17/boot/xen-shim"
PROGRAMS = [
    f"{XEN_BIN}/xl", f"{XEN_BIN}/xenstored", f"{XEN_BIN}/oxenstored", f"{XEN_BIN}/xenconsoled", f"{XEN_BIN}/xenconsole",
    f"{XEN_BIN}/xen-init-dom0", f"{XEN_BIN}/libxl-save-helper", f"{XEN_BIN}/lsevtchn",
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
    product = BUILD / "xen.elf"
    key = paths.packages_key()
    if not paths.is_current(product, key):
        import gzip

        packed = sorted(ROOT.glob("boot/xen-*-amd64.gz"))[-1]
        product.write_bytes(gzip.decompress(packed.read_bytes()))
        paths.mark_current(product, key)
    return product


def busybox_applets() -> list[str]:
    answer = subprocess.run(
        [str(ROOT / "bin/busybox"), "--list"], capture_output=True, text=True, check=True
    )
    return [name for name in answer.stdout.split() if name != "busybox"]


def add_busybox(archive: cpio.CpioWriter) -> None:
    """busybox with a link for every applet in /bin, and /sbin for the kernel's sake."""
    archive.file("bin/busybox", (ROOT / "bin/busybox").read_bytes(), 0o755)
    for applet in busybox_applets():
        archive.symlink(f"bin/{applet}", "busybox")


def add_modules(archive: cpio.CpioWriter, wanted: list[str]) -> None:
    """The modules as /modules/NAME.ko and their load order in /modules/order."""
    order = modules.load_order(wanted)
    for path in order:
        archive.file(f"modules/{path.name}", path.read_bytes())
    archive.file("modules/order", "".join(f"{path.name}\n" for path in order).encode())


def _add_programs(archive: cpio.CpioWriter) -> None:
    programs = [ROOT / name for name in PROGRAMS]
    for name, path in zip(PROGRAMS, programs):
        archive.file(name, path.read_bytes(), 0o755)
        if name.startswith(XEN_BIN) and path.name in ("xl", "lsevtchn"):
            archive.symlink(f"usr/bin/{path.name}", f"/{name}")
    libraries = sharedlibs.libraries_of(programs)
    # libxl loads libgcc_s at thread cancellation, by dlopen.
    libraries.setdefault("libgcc_s.so.1", ROOT / "lib/x86_64-linux-gnu/libgcc_s.so.1")
    for soname, path in sorted(libraries.items()):
        where = "lib64" if soname.startswith("ld-linux") else "lib/x86_64-linux-gnu"
        archive.file(f"{where}/{soname}", path.read_bytes(), 0o755)


def base_ramdisk() -> Path:
    """build/lab/dom0.cpio, built anew only when one of its inputs changed."""
    product = BUILD / "dom0.cpio"
    sources = sorted((LAB / "dom0").iterdir()) + sorted((LAB / "xenlab").glob("*.py"))
    key = paths.key_of(paths.packages_key(), registers.SOURCE, *sources)
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
        add_modules(archive, DOM0_MODULES)
        _add_programs(archive)
        archive.file("etc/xen/xl.conf", b"")
        archive.file("etc/xen/oxenstored.conf", (LAB / "dom0/oxenstored.conf").read_bytes())
        archive.file(XEN_SHIM, (ROOT / XEN_SHIM).read_bytes())
        archive.file("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n")
        archive.file("etc/group", b"root:x:0:\n")
        # QEMU's -vnc none wants a keymap all the same.
        archive.file("usr/share/qemu/keymaps/en-us", b"# no keyboard\n")
        archive.file("init", (LAB / "dom0/init").read_bytes(), 0o755)
        archive.file("etc/xen/scripts/blk", (LAB / "dom0/blk").read_bytes(), 0o755)
        archive.file("lab/registers", registers.program(), 0o755)
        archive.file("lab/guest.sh", (LAB / "dom0/guest.sh").read_bytes())
        archive.close()
    paths.mark_current(product, key)
    return product
