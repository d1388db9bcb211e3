# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests that start many programs, to see how often the emulator makes one of them die.

They measure (lab/fault-rate) and pass whatever they count, as long as they count to the end.
"""

from __future__ import annotations

from recipes import menu_lst
from scenario_kit import TROUBLE, direct
from xenlab.model import Disk, DiskRecipe, Scenario

ROUNDS = 400
FORK_LINE = f"root=/dev/xvda ro console=hvc0 lab.forks={ROUNDS}"
COUNTED = rf"^GUEST: rounds={ROUNDS} faults=\d+$"
DISKS = (Disk(DiskRecipe("forks", menus=menu_lst(f"lab.forks={ROUNDS}"))),)
SELF = ("self",)

FORKS = (
    direct("fork-direct", 256, line=FORK_LINE, extra=(COUNTED,), sets=SELF, limit=300),
    # The same kernel and ramdisk, by the loader.
    Scenario("fork-loader", DISKS, (COUNTED,), TROUBLE, sets=SELF, limit=300),
    direct("fork-pvh-direct", 256, line=FORK_LINE, extra=(COUNTED,), type="pvh", sets=SELF,
           limit=300),
    Scenario("fork-pvh-loader", DISKS, (COUNTED,), TROUBLE, type="pvh", sets=SELF,
             limit=300),
)
