# SPDX-License-Identifier: GPL-2.0-or-later
"""A Linux of its own that makes what only a kernel can make: RAIDs, logical volumes, subvolumes.

Debian's kernel and tools run in QEMU, so that no root and no loop device of this machine is needed
and the images are what a guest's own kernel would have written.
"""

from __future__ import annotations

import subprocess
import tarfile
import tempfile
from pathlib import Path

from . import cpio, dom0image, modules, paths, sharedlibs, suites
from .paths import BUILD, LabError

MODULES = [
    "virtio_pci", "virtio_blk", "crc32c_generic", "ext4", "xfs", "btrfs", "md_mod", "raid0",
    "raid1", "raid10", "raid456", "dm_mod", "dm_mirror", "dm_raid", "vfat", "nls_cp437", "nls_ascii",
]
PROGRAMS = {
    "mdadm": "sbin/mdadm", "lvm": "sbin/lvm", "mkfs.btrfs": "sbin/mkfs.btrfs", "btrfs": "bin/btrfs",
    "mkfs.xfs": "sbin/mkfs.xfs", "mke2fs": "sbin/mke2fs",
}
LINE = "console=ttyS0 quiet panic=-1"
LIMIT = 300
INIT = """\
#!/bin/sh
export PATH=/bin:/sbin HOME=/ LVM_SUPPRESS_FD_WARNINGS=1
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /run
dmesg -n 1
while read -r module; do insmod "/modules/$module" || echo "WORKSHOP: insmod $module failed"; done \
  </modules/order
mkdir -p /files /mnt /etc/lvm
cd /files && tar xf /dev/vda && cd / && sh -e /files/script && sync && echo "WORKSHOP: done"
poweroff -f
"""
# No udev here, and no daemon.
LVM_CONF = """\
devices { use_devicesfile = 0 scan = [ "/dev" ] obtain_device_list_from_udev = 0 }
activation { udev_sync = 0 udev_rules = 0 monitoring = 0 }
global { use_lvmpolld = 0 use_lvmlockd = 0 event_activation = 0 }
"""


def _ramdisk() -> Path:
    """build/lab/workshop-SUITE.cpio, built anew only when one of its inputs changed."""
    product = BUILD / f"workshop-{suites.choice.suite.name}.cpio"
    key = paths.key_of(suites.dom0_key(), Path(__file__), Path(dom0image.__file__))
    if paths.is_current(product, key):
        return product
    programs = {name: _program(path) for name, path in PROGRAMS.items()}
    libraries = sharedlibs.libraries_of(list(programs.values()))
    with product.open("wb") as out:
        archive = cpio.CpioWriter(out)
        for name in ("proc", "sys", "dev", "run", "tmp", "sbin"):
            archive.directory(name)
        archive.character_device("dev/console", 5, 1)
        archive.character_device("dev/null", 1, 3)
        archive.file("bin/busybox", (suites.dom0_root() / "bin/busybox").read_bytes(), 0o755)
        for applet in dom0image.busybox_applets():
            if applet not in programs:
                archive.symlink(f"bin/{applet}", "busybox")
        dom0image.add_modules(archive, suites.choice.suite.kernel, MODULES)
        for name, path in programs.items():
            archive.file(f"sbin/{name}", path.read_bytes(), 0o755)
        for soname, path in sorted(libraries.items()):
            where = "lib64" if soname.startswith("ld-linux") else "lib/x86_64-linux-gnu"
            archive.file(f"{where}/{soname}", path.read_bytes(), 0o755)
        archive.file("etc/lvm/lvm.conf", LVM_CONF.encode())
        archive.file("etc/mke2fs.conf", (suites.dom0_root() / "etc/mke2fs.conf").read_bytes())
        archive.file("init", INIT.encode(), 0o755)
        archive.close()
    paths.mark_current(product, key)
    return product


def _program(path: str) -> Path:
    candidate = suites.dom0_root() / path
    if not candidate.exists():
        raise LabError(f"{path} is in none of the unpacked packages")
    return candidate


def work(images: list[Path], script: str, folder: Path) -> None:
    """Runs `script` over `images`, which are /dev/vdb, /dev/vdc, ...; what is in `folder` is in
    /files/tree. The script's first command that fails ends it."""
    with tempfile.TemporaryDirectory(dir=BUILD) as temporary:
        archive = Path(temporary) / "files.tar"
        with tarfile.open(archive, "w") as files:
            files.add(folder, "tree")
            (Path(temporary) / "script").write_text(script)
            files.add(Path(temporary) / "script", "script")
        with archive.open("r+b") as file:
            file.truncate(-(-archive.stat().st_size // (1 << 20)) << 20)
        drives = [f"file={path},format=raw,if=virtio" for path in [archive, *images]]
        command = [
            "qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-m", "1024", "-smp", "1",
            "-display", "none", "-nic", "none", "-no-reboot", "-monitor", "none",
            "-serial", "stdio", "-append", LINE,
            "-kernel", str(modules.kernel_image(suites.choice.suite.kernel)), "-initrd", str(_ramdisk()),
        ]
        for drive in drives:
            command += ["-drive", drive]
        try:
            answer = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise LabError(f"the workshop's QEMU: {error}") from error
    words = answer.stdout.decode(errors="replace")
    if "WORKSHOP: done" not in words:
        raise LabError(f"the workshop failed:\n{words[-3000:]}{answer.stderr.decode()[-500:]}")
