# SPDX-License-Identifier: GPL-2.0-or-later
"""Building blocks of scenarios: expected lines, and kinds of guests."""

from __future__ import annotations

import recipes as disk
from recipes import line_of
from xenlab.model import Disk, DiskRecipe, Scenario
from xenlab.initrds import FILLER_MD5

# `make test` boots some guests on one Xen, and some on the other.
CI = ("full", "ci-bookworm")
CI_NEW = ("full", "ci-trixie")
CI_BOTH = ("full", "ci-bookworm", "ci-trixie")
DIRECT_LINE = "root=/dev/xvda ro console=hvc0 lab=direct"
# The cases of BootStep (Sources/BootPlan/BootStep.swift).
BOOT_STEPS = 20
COMMAND_LINE = "root=/dev/xvda ro console=hvc0 lab=command-line"
WAIT_LINE = "root=/dev/xvda ro console=hvc0 lab=wait"
# What no guest may say: Linux could not unpack its ramdisk, or the loader died.
# (In a PVH guest it says "PCI: Fatal: No config space access function found", as it should.)
TROUBLE = (r"Initramfs unpacking failed", r"Kernel panic", r"(?i)(?<!PCI: )\bfatal\b")
FILLER = (rf"^GUEST: filler bytes=\d+ md5={FILLER_MD5}$",)
TWO_DISKS = (r"^GUEST: disk xvda bytes=67108864 ", r"^GUEST: disk xvdb bytes=100663296 ")
TWO_DISKS_AND_CDROM = (
    Disk(disk.TWO_DISKS), Disk(disk.SECOND_DISK, "xvdb"), Disk(None, "xvdc", "cdrom"),
)


def booted(cmdline: str, cpus: int = 1) -> tuple[str, ...]:
    """What a guest prints that started as its menu says and found its disk."""
    return (
        r"^GUEST: kernel=<release>$",
        rf"^GUEST: cmdline=(BOOT_IMAGE=\S+ )?{cmdline}$",
        rf"^GUEST: cpus={cpus}$",
        r"^GUEST: root=\S+ marker=<marker>$",
    )


def direct(name: str, memory: int, cpus: int = 1, line: str = DIRECT_LINE,
           disks: tuple[Disk, ...] = (Disk(disk.WHOLE_LST),), extra: tuple[str, ...] = (),
           **more: object) -> Scenario:
    """A guest that the toolstack builds; the loader's guests are compared with it."""
    return Scenario(
        name, disks, booted(line, cpus) + extra, boot="direct", cmdline=line, memory=memory,
        vcpus=cpus, **more,
    )


def boots(name: str, recipe: DiskRecipe, vdev: str = "xvda", backend: str = "phy",
          vcpus: int = 1, extra: tuple[str, ...] = (), **more: object) -> Scenario:
    """A guest that starts by itself, from the first entry of its menu."""
    return Scenario(
        name, (Disk(recipe, vdev, backend),), booted(line_of(recipe), vcpus) + extra, TROUBLE,
        vcpus=vcpus, **more,
    )


def pvh(name: str, recipe: DiskRecipe, **more: object) -> Scenario:
    """The same in a PVH domain, where Linux says so."""
    extra = (r"Booting kernel on Xen PVH",) + more.pop("extra", ())
    return boots(name, recipe, type="pvh", extra=extra, **more)


def second(recipe: DiskRecipe) -> tuple[str, ...]:
    return booted(line_of(recipe) + " lab.entry=second")


def stays(name: str, recipe: DiskRecipe, *texts: str, **more: object) -> Scenario:
    """The loader says each of `texts`, and its domain lives on with a menu or a shell."""
    return Scenario(name, (Disk(recipe),), texts, (r"^GUEST:",), ends="alive", limit=60, **more)
