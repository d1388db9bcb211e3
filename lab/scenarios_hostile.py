# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests whose first disks ask for work or memory without end: the last one boots, in 96 MiB."""

from __future__ import annotations

import recipes as disk
from recipes import line_of
from scenario_kit import CI, TROUBLE, booted
from xenlab.model import Disk, Scenario

DISKS = (
    Disk(disk.HOSTILE_DIRECTORY), Disk(disk.HOSTILE_VOLUMES, "xvdb"), Disk(disk.HOSTILE_LINE, "xvdc"),
    Disk(disk.HOSTILE_STARS, "xvdd"), Disk(disk.HOSTILE_LOOP, "xvde"),
    Disk(disk.BEHIND_HOSTILE, "xvdf"),
)
# What each of them is given up for; how much of it goes by what is left of the account.
SAID = (
    r"^pvgrub-swift: xvda: ext4: .*too much work",
    r"^pvgrub-swift: lvm/.*: LVM2 metadata: more parts than the limit",
    r"^pvgrub-swift: xvdc: ext4: .*no memory",
    r"^pvgrub-swift: xvde: ext4: .*too much work",
)


def behind(name: str, *extra: str, **more: object) -> Scenario:
    return Scenario(
        name, DISKS, booted(line_of(disk.BEHIND_HOSTILE) + " lab.disks=6") + SAID + extra, TROUBLE,
        memory=96, limit=120, sets=CI, **more,
    )


HOSTILE = (
    behind("hostile-disks"),
    behind("pvh-hostile-disks", r"Booting kernel on Xen PVH", type="pvh"),
)
