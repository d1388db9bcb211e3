# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios and their parts: values only."""

from __future__ import annotations

from dataclasses import dataclass

UP, DOWN, RIGHT, ENTER = b"\x1b[A", b"\x1b[B", b"\x1b[C", b"\r"
ESCAPE, REDRAW = b"\x1b", b"\x0c"


@dataclass(frozen=True)
class DiskRecipe:
    """One guest disk. `{release}`, `{root}`, `{uuid}`, `{serial}` (FAT's), `{boot_uuid}` (XFS's) in
    texts are filled in.

    texts: files of this content; cuts: files with the first bytes of a kernel or ramdisk;
    files: whole products, by path.
    layout: "whole" (a file system and nothing else), "mbr" or "gpt" (one partition), "mbr-fat"
    or "mbr-xfs" (a FAT32 or an XFS of 64 MiB with what belongs in /boot, and the rest), "iso"
    (ISO 9660), "iso-hybrid" (the same with a partition table), "gpt-4096" (in sectors of 4096
    bytes), "workshop" (what belongs in /boot is put by the shell script `workshop` on /dev/vdb1,
    of `boot_mib` MiB; the rest is as with "mbr-fat").
    twins: how many disks there are. All but the first have only the first partition; the script
    sees these as /dev/vdc1, /dev/vdd1, ...
    label: the volume's label on "iso", if it is not the name.
    damage: a function's name in disks.py, done to the finished file system.
    """

    name: str
    layout: str = "whole"
    root: str = "/dev/xvda"
    menus: tuple[tuple[str, str], ...] = ()
    kernel: str = "kernel-xz"
    initrd: str = "initrd-small"
    size_mib: int = 64
    texts: tuple[tuple[str, str], ...] = ()
    cuts: tuple[tuple[str, str, int], ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    damage: str = ""
    workshop: str = ""
    boot_mib: int = 0
    twins: int = 1
    label: str = ""

    @property
    def sector_bytes(self) -> int:
        return 4096 if self.layout == "gpt-4096" else 512


@dataclass(frozen=True)
class Disk:
    """A recipe as the guest has it. backend: "phy", "qdisk-raw", "qdisk-qcow2" or "cdrom".

    twin: which of the recipe's disks, from 0.
    """

    recipe: DiskRecipe | None
    vdev: str = "xvda"
    backend: str = "phy"
    access: str = "rw"
    twin: int = 0


@dataclass(frozen=True)
class Step:
    """When `after` (a regular expression) has come on the console, do this, once.

    pause: seconds to wait first (xenlab/clock.py). keys are typed; probe looks at the living domain's
    event channels and xenstore nodes; command is run in dom0, with {domid} filled in.
    """

    after: str
    keys: bytes = b""
    command: str = ""
    probe: bool = False
    pause: float = 0.0


@dataclass(frozen=True)
class Scenario:
    """One guest from `xl create` to its end.

    boot: "loader" (--loader FILE), "direct" (the toolstack builds the domain) or
    "pvgrub2" (GRUB's own, for comparison).
    type: "pv" or "pvh". shim: a "pvh" domain that runs the
    kernel as PV under Xen's shim (pvshim=1).
    ends: "poweroff" (the guest's own or by xl shutdown), "destroyed" (a step did it)
    or "alive" (all of `must` has come, the domain is still there and answers keys).
    again: what must come in place of `must` when the guest is repeated.
    like: a "direct" scenario; this guest may see at most 1 MiB less memory, and its lines
    `REPORT: name=value` must be the same but for what judge.py allows.
    ramdisk: a product that the guest config of a loader names by `ramdisk=`.
    display: whether the guest config has a framebuffer (vfb), seen by VNC on dom0 alone.
    store: what is written below the domain's data/pvgrub before it runs.
    console: "bridge" (the console's terminal as it is) or "xl" (through `xl console -t pv`).
    late: seconds for which nobody reads the console of the running guest.
    limit: seconds that the guest may take (xenlab/clock.py).
    size: columns and rows that the terminal reports when asked; None: it does not answer.
    check: a function's name in judge.py that looks at the console too.
    Regular expressions may use <release> and <marker>.
    """

    name: str
    disks: tuple[Disk, ...]
    must: tuple[str, ...]
    must_not: tuple[str, ...] = ()
    boot: str = "loader"
    type: str = "pv"
    shim: bool = False
    memory: int = 256
    maxmem: int = 0
    vcpus: int = 1
    kernel: str = "kernel-xz"
    initrd: str = "initrd-small"
    cmdline: str = ""
    ramdisk: str = ""
    display: bool = False
    store: tuple[tuple[str, str], ...] = ()
    console: str = "bridge"
    late: float = 0.0
    size: tuple[int, int] | None = None
    check: str = ""
    steps: tuple[Step, ...] = ()
    ends: str = "poweroff"
    repeat: int = 1
    again: tuple[str, ...] = ()
    like: str = ""
    limit: float = 60.0
    sets: tuple[str, ...] = ("full",)
