# SPDX-License-Identifier: GPL-2.0-or-later
"""Each option of README.md's table in a real boot, in `extra=` or in xenstore."""

from __future__ import annotations

import recipes as disk
from recipes import line_of
from scenario_kit import CI_NEW, TROUBLE, booted, pvh, second
from xenlab.model import DOWN, ENTER, Disk, Scenario, Step

OWN_LINE = "root=/dev/xvda1 ro console=hvc0 lab="
LST_LINE = line_of(disk.OPTIONS) + "-lst"
WARNING = r"frobnicate"
NOT_WRITTEN = r"grubenv is not written: the host says readonly"
ON_DISK = (Disk(disk.OPTIONS),)

OPTIONS = (
    # PV-GRUB's way to name a menu, where a grub.cfg would be found first; no warning about its line 1.
    Scenario(
        "legacy-menu-name", ON_DISK, booted(LST_LINE), TROUBLE + (WARNING,),
        cmdline="(hd0,0)/boot/grub/menu.lst log=quiet timeout=0",
    ),
    Scenario(
        "many-options", ON_DISK,
        (r"unknown word in extra=: frobnicate=1", r"^xvda: 64 MiB", r"^  xvda1: ext4",
         r"pvgrub-swift: .*frobnicate")
        + booted("root=/dev/xvda1 ro lab.other lab=hello lab.one=1 lab.two=2 console=hvc0"),
        TROUBLE,
        cmdline="menu=(hd0,msdos1)/boot/grub/other.cfg log=all xen_grub_env_greeting=hello "
                "entry=no-console remove=quiet append='lab.one=1 lab.two=2' console=auto "
                "frobnicate=1 timeout=1", sets=CI_NEW,
    ),
    Scenario(
        "entry-by-path", ON_DISK, booted(OWN_LINE + "inside-two"), TROUBLE,
        cmdline="entry='More of them>Inside two' timeout=0",
    ),
    Scenario(
        "entry-by-title-in-xenstore", ON_DISK,
        (r"xenstore says entry=Without a console", r"^xvda: 64 MiB")
        + booted("root=/dev/xvda1 ro quiet lab= console=hvc0"), TROUBLE,
        store=(("entry", "Without a console"), ("console", "auto"), ("log", "all"),
               ("timeout", "1")),
    ),
    Scenario(
        "menu-in-xenstore", ON_DISK, booted(LST_LINE), TROUBLE + (WARNING,),
        store=(("menu", "(hd0,0)/boot/grub/menu.lst"), ("log", "quiet")),
    ),
    # A menu that would wait for ever gets 30 s. If the host allows more, it is still there later.
    Scenario(
        "endless-timeout", ON_DISK,
        (r"the menu would wait for ever; the default boots after 30 s", WARNING)
        + booted(OWN_LINE + "options"), TROUBLE, limit=120,
    ),
    Scenario(
        "wait-for-ever", ON_DISK, booted(OWN_LINE + "inside-one"), TROUBLE + (r"Starting in",),
        cmdline="wait=forever", limit=150,
        steps=(Step("More of them", keys=DOWN + DOWN + ENTER, pause=40.0),
               Step("Inside one", keys=ENTER, pause=0.5)),
    ),
    Scenario(
        "wait-in-xenstore", ON_DISK, booted(OWN_LINE + "options"), TROUBLE + (r"Starting in",),
        store=(("wait", "forever"),), limit=150,
        steps=(Step("More of them", keys=ENTER, pause=40.0),),
    ),
    # The choice for one boot stays, so that the second boot takes it too.
    Scenario(
        "readonly", (Disk(disk.ONCE),), (NOT_WRITTEN,) + second(disk.ONCE), TROUBLE + ("saved ",),
        cmdline="readonly", repeat=2,
    ),
    Scenario(
        "readonly-in-xenstore", (Disk(disk.ONCE),), (NOT_WRITTEN,) + second(disk.ONCE),
        TROUBLE + ("saved ",), store=(("readonly", ""),), repeat=2,
    ),
    pvh("pvh-entry-by-name", disk.WHOLE_LST, cmdline="pvh=entry"),
    Scenario(
        "reboot-on-failure", (Disk(disk.MISSING_KERNEL),),
        (r"without a key the domain ends in 3 s \(reboot\)",
         r"no entry booted and no key was pressed; shutting down"),
        (r"^GUEST:",), cmdline="onfail=reboot:3", ends="reboot",
    ),
    Scenario(
        "poweroff-on-failure-in-xenstore", (Disk(disk.MISSING_KERNEL),),
        (r"without a key the domain ends in 3 s \(poweroff\)",), (r"^GUEST:",),
        store=(("onfail", "poweroff:3"),),
    ),
    Scenario(
        "wait-on-failure", (Disk(disk.MISSING_KERNEL),), (r"vmlinuz-missing: not found",),
        (r"^GUEST:", r"the domain ends"), cmdline="onfail=wait", ends="alive",
    ),
)
