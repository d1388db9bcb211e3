# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests whose first disks ask for work or memory without end: the last one boots.

96 MiB is little: with three disks this kernel is "deadlocked on memory" there, the toolstack's too."""

from __future__ import annotations

import recipes as disk
from recipes import line_of
from scenario_kit import CI, CI_NEW, TROUBLE, booted
from xenlab.model import Disk, Scenario

# What each menu and each volume is given up for; how much of it goes by what is left.
FILES = (
    r"^pvgrub-swift: xvda: ext4: /boot/grub/grub.cfg: too much work",
    r"^pvgrub-swift: xvda: ext4: \(hd0\)/grub/grub.cfg:3:\d+: too much work",
    r"^pvgrub-swift: xvda: ext4: .*no memory",
)
VOLUMES = (r"^pvgrub-swift: lvm/my--vg-wide0: LVM2 metadata: more parts than the limit",)


def behind(name: str, disks: tuple[Disk, ...], said: tuple[str, ...], **more: object) -> Scenario:
    return Scenario(
        name, (Disk(disk.BEHIND_HOSTILE, "xvdc"), *disks),
        booted(line_of(disk.BEHIND_HOSTILE)) + said, TROUBLE, limit=120, **more,
    )


HOSTILE = (
    behind("hostile-disks", (Disk(disk.HOSTILE_FILES),), FILES, memory=96, sets=CI),
    behind("pvh-hostile-disks", (Disk(disk.HOSTILE_FILES), Disk(disk.HOSTILE_VOLUMES, "xvdb")),
           FILES + VOLUMES + (r"Booting kernel on Xen PVH",), type="pvh", memory=104, sets=CI_NEW),
)
