# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests that look whether their programs keep their registers.

README.md, "What the emulation does", says why they might not.
"""

from __future__ import annotations

from recipes import menu_lst
from scenario_kit import TROUBLE, booted, direct
from xenlab.model import Disk, DiskRecipe, Scenario, Step

ROUNDS, FEW = 400, 60
DISKS = (Disk(DiskRecipe("forks", menus=menu_lst(f"lab.forks={ROUNDS}"))),)
FEW_DISKS = (Disk(DiskRecipe("few-forks", menus=menu_lst(f"lab.forks={FEW}"))),)


def line(rounds: int) -> str:
    return f"root=/dev/xvda ro console=hvc0 lab.forks={rounds}"


# Beside a dom0 that computes. With XSAVE in QEMU's processor each pair loses some.
KEPT = (r"^GUEST: registers runs=8 lost=0$", rf"^GUEST: rounds={FEW} faults=0$")
LOAD = (Step("GUEST: kernel", command="lab_load {domid}"),)

# These measure (lab/fault-rate): they pass whatever they count, if they count to the end.
COUNTED = rf"^GUEST: rounds={ROUNDS} faults=\d+$"

FORKS = (
    Scenario("registers-kept", FEW_DISKS, booted(line(FEW)) + KEPT, TROUBLE, steps=LOAD, limit=300),
    Scenario("pvh-registers-kept", FEW_DISKS, booted(line(FEW)) + KEPT, TROUBLE, steps=LOAD,
             type="pvh", limit=300),
    direct("fork-direct", 256, line=line(ROUNDS), extra=(COUNTED,), sets=(), limit=300),
    Scenario("fork-loader", DISKS, (COUNTED,), TROUBLE, sets=(), limit=300),
    direct("fork-pvh-direct", 256, line=line(ROUNDS), extra=(COUNTED,), type="pvh", sets=(),
           limit=300),
    Scenario("fork-pvh-loader", DISKS, (COUNTED,), TROUBLE, type="pvh", sets=(), limit=300),
)
