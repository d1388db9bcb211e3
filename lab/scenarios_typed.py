# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests that somebody types to, through a real `xl console`."""

from __future__ import annotations

import recipes as disk
from recipes import line_of
from scenario_kit import CI_NEW, COMMAND_LINE, FILLER, TROUBLE, booted, second
from xenlab.model import DOWN, ENTER, ESCAPE, REDRAW, RIGHT, UP, Disk, Scenario, Step

KEYS = (
    # The host's option overrides the menu's.
    Scenario(
        "timeout-of-the-host", (Disk(disk.WHOLE_CFG),), booted(line_of(disk.WHOLE_CFG)),
        TROUBLE + (r"Starting in",), cmdline="timeout=0",
    ),
    Scenario(
        "mbr-lst-second-entry", (Disk(disk.MBR_LST),), second(disk.MBR_LST), TROUBLE,
        steps=(Step("second entry", keys=DOWN + ENTER),), sets=CI_NEW, console="xl",
    ),
    Scenario(
        "arrows-and-back", (Disk(disk.WHOLE_CFG),), booted(line_of(disk.WHOLE_CFG)), TROUBLE,
        console="xl",
        steps=(Step("second entry", keys=DOWN), Step("", keys=UP + ENTER, pause=0.5)),
    ),
    # A wrong password first, then the right one. The loader writes only what differs from the row
    # before, hence the missing first letters.
    Scenario(
        "password", (Disk(disk.LOCKED),), (r"Wrong; please wait",) + second(disk.LOCKED), TROUBLE,
        console="xl",
        steps=(Step("second entry", keys=DOWN + ENTER),
               Step("ser name:", keys=b"root\r"), Step("assword:", keys=b"open sesam\r"),
               Step("please wait"),
               Step("ser name:", keys=b"root\r"), Step("assword:", keys=b"open sesame\r")),
        limit=90,
    ),
    # Adds a word to the first entry's command line. That is in the fourth row, since the `search`
    # line takes two.
    Scenario(
        "edited-entry", (Disk(disk.WHOLE_CFG),),
        booted(line_of(disk.WHOLE_CFG) + " lab.edited=yes"), TROUBLE, console="xl",
        steps=(Step("second entry", keys=b"e"),
               Step("F10 starts", keys=DOWN * 3 + b"\x05 lab.edited=yes", pause=0.5),
               Step("", keys=b"\x18", pause=1.0)),
    ),
    # Boots by typed commands. Tab completes names from the disk; the kernel's version is never
    # typed.
    Scenario(
        "command-line-boot", (Disk(disk.WHOLE_CFG),),
        (r"pvgrub> ls -l \(hd0\)", r"^\(hd0\): \d+ MiB, ext4, .*UUID ",
         r"^ +\d+ vmlinuz-<release>$", r"initrd\.img-<release>  .*vmlinuz-<release>$",
         r"^[0-9a-f]{64}  /boot/vmlinuz-<release>$", r"^took \d+\.\d{3} s$",
         r"^0x0, \d+ KiB: RAM$", r"^ *name = \"command-line-boot\"$")
        + booted(COMMAND_LINE), TROUBLE, console="xl",
        steps=(Step("second entry", keys=b"c"),
               Step("pvgrub> ", keys=b"ls -l (h\t\r"),
               Step("UUID", keys=b"set root=(h\t\rls -l /bo\t\r", pause=0.5),
               Step("vmlinuz-", keys=b"ls /boot/\t\t\x15", pause=0.5),
               Step("initrd.img-.*  vmlinuz-", keys=b"time sha\t/boot/vml\t\r", pause=0.5),
               Step("took ", keys=b"lsmm\t\rxenstore ls\r", pause=0.5),
               Step("name = ", keys=b"linux /bo\tvml\troot=/dev/xvda ro console=hvc0 "
                    b"lab=command-line\r", pause=1.0),
               Step("", keys=b"initrd /bo\tini\t\r", pause=0.5),
               Step("", keys=b"boot\r", pause=0.5)),
    ),
    # In with Right, out with Escape, in again with Enter. The title bar and the entries show where we are.
    Scenario(
        "submenu", (Disk(disk.OPTIONS),),
        (r"> More of them",)
        + booted("root=/dev/xvda1 ro console=hvc0 lab=inside-two"), TROUBLE,
        console="xl", sets=CI_NEW,
        steps=(Step("More of them", keys=DOWN + DOWN + RIGHT),
               Step("Inside two", keys=ESCAPE, pause=0.5),
               Step(r"More of them ->", keys=ENTER, pause=0.5),
               Step("Inside two", keys=DOWN, pause=0.5), Step("", keys=ENTER, pause=0.5)),
    ),
    # Somebody who does not wait for the countdown reads why the first entry does not boot.
    Scenario(
        "wrong-default", (Disk(disk.WRONG_DEFAULT),),
        (r"/boot/vmlinuz-missing: not found",) + second(disk.WRONG_DEFAULT), TROUBLE,
        console="xl", cmdline="timeout=60",
        steps=(Step("second entry", keys=ENTER),
               Step("vmlinuz-missing: not found"),
               # The error again, in the menu, which is redrawn.
               Step(r"(?s)second entry.*vmlinuz-missing:\s+not found", keys=DOWN, pause=0.5),
               Step("", keys=ENTER, pause=0.5)),
    ),
    # The same after the countdown.
    Scenario(
        "missing-kernel-go-on", (Disk(disk.MISSING_KERNEL),),
        (r"vmlinuz-missing",) + second(disk.MISSING_KERNEL), TROUBLE, console="xl",
        steps=(Step("vmlinuz-missing"), Step("", keys=DOWN, pause=1.0),
               Step("", keys=ENTER, pause=1.0)),
        sets=CI_NEW,
    ),
    # Nobody reads for a while. Whoever attaches then sees what was written, and ^L redraws it all.
    Scenario(
        "late-attach", (Disk(disk.WHOLE_CFG),), second(disk.WHOLE_CFG), TROUBLE, console="xl",
        cmdline="timeout=120", late=8.0,
        steps=(Step("second entry", keys=REDRAW, pause=1.0),
               Step(r"(?s)pvgrub-swift.*Debian GNU/Linux, kernel.*second entry",
                    keys=DOWN + ENTER)),
    ),
    # At the first key the loader asks the terminal for its size, and the menu then fills it.
    Scenario(
        "large-terminal", (Disk(disk.TALL),),
        (r"entries 1 to 15 of 40", r"entries 1 to 34 of 40") + second(disk.TALL), TROUBLE,
        console="xl", size=(132, 43), cmdline="timeout=60",
        steps=(Step("entries 1 to 15 of 40", keys=DOWN),
               Step("entries 1 to 34 of 40", keys=ENTER)),
    ),
    # ^C stops a long command. Tab completes in the editor too: the `initrd` line is typed again, and
    # the guest needs its file.
    Scenario(
        "stop-and-complete", (Disk(disk.LARGE_INITRD),),
        (r"^\^?C?interrupted$",) + booted(line_of(disk.LARGE_INITRD)) + FILLER, TROUBLE,
        console="xl", memory=700, limit=120, cmdline="timeout=60",
        steps=(Step("second entry", keys=b"c"),
               Step("pvgrub> ", keys=b"sha256sum (hd0)/boot/ini\t\r"),
               Step("sha256sum .*initrd.img-.*", keys=b"\x03", pause=1.0),
               Step("interrupted", keys=ESCAPE, pause=0.5),
               Step("second entry", keys=b"e", pause=0.5),
               Step("F10 starts", keys=DOWN * 3 + b"\x01\x0binitrd /bo\tini\t", pause=0.5),
               Step("", keys=b"\x18", pause=1.0)),
    ),
    # A request of the toolstack is reported on a row of its own, then the unfinished line is shown
    # again.
    Scenario(
        "suspend-at-the-prompt", (Disk(disk.WHOLE_CFG),),
        (r"only a kernel can\npvgrub> ha",), (r"^GUEST:",), console="xl", cmdline="timeout=60",
        steps=(Step("second entry", keys=b"c"), Step("pvgrub> ", keys=b"ha"),
               Step("", command="lab_takes_back {domid} suspend", pause=0.5),
               Step(r"only a kernel can\s+pvgrub> ha", keys=b"lt\r")),
    ),
)
