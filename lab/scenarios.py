# SPDX-License-Identifier: GPL-2.0-or-later
"""The guests that the lab boots. README.md says how to add one."""

from __future__ import annotations

from xenlab.model import DOWN, ENTER, Disk, DiskRecipe, Scenario, Step

MENU_LST = """\
# Written by the lab, in the form of GRUB legacy's menu.lst.
default 0
timeout 3

title Debian GNU/Linux, kernel {release}
root ROOT
kernel /boot/vmlinuz-{release} root={root} ro console=hvc0 ARGS
initrd /boot/initrd.img-{release}

title Debian GNU/Linux, kernel {release} (second entry)
root ROOT
kernel /boot/vmlinuz-{release} root={root} ro console=hvc0 ARGS lab.entry=second
initrd /boot/initrd.img-{release}
"""

GRUB_CFG = """\
# Written by the lab, in the form of GRUB 2's grub.cfg.
set default=0
set timeout=3

menuentry "Debian GNU/Linux, kernel {release}" {
  search --no-floppy --fs-uuid --set=root {uuid}
  linux /boot/vmlinuz-{release} root={root} ro console=hvc0 ARGS
  initrd /boot/initrd.img-{release}
}
menuentry "Debian GNU/Linux, kernel {release} (second entry)" {
  search --no-floppy --fs-uuid --set=root {uuid}
  linux /boot/vmlinuz-{release} root={root} ro console=hvc0 ARGS lab.entry=second
  initrd /boot/initrd.img-{release}
}
"""


def menu_lst(args: str, root: str = "(hd0)") -> tuple[tuple[str, str], ...]:
    return (("/boot/grub/menu.lst", MENU_LST.replace("ARGS", args).replace("ROOT", root)),)


def grub_cfg(args: str) -> tuple[tuple[str, str], ...]:
    return (("/boot/grub/grub.cfg", GRUB_CFG.replace("ARGS", args)),)


def booted(cmdline: str, cpus: int = 1) -> tuple[str, ...]:
    """What a guest prints that started as its menu says and found its disk."""
    return (
        r"^GUEST: kernel=<release>$",
        rf"^GUEST: cmdline=(BOOT_IMAGE=\S+ )?{cmdline}$",
        rf"^GUEST: cpus={cpus}$",
        r"^GUEST: root=\S+ marker=<marker>$",
    )


WHOLE_LST = DiskRecipe("whole-menu-lst", menus=menu_lst("lab=whole-lst"))
WHOLE_CFG = DiskRecipe("whole-grub-cfg", menus=grub_cfg("lab=whole-cfg"))

DIRECT_LINE = "root=/dev/xvda ro console=hvc0 lab=direct"

SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        "direct-256", (Disk(WHOLE_LST),), booted(DIRECT_LINE), boot="direct",
        cmdline=DIRECT_LINE, sets=("full", "ci"),
    ),
    Scenario(
        "pvgrub2-whole-grub-cfg", (Disk(WHOLE_CFG),),
        booted("root=/dev/xvda ro console=hvc0 lab=whole-cfg"), boot="pvgrub2", limit=120,
    ),
    Scenario(
        "whole-menu-lst", (Disk(WHOLE_LST),),
        booted("root=/dev/xvda ro console=hvc0 lab=whole-lst"), like="direct-256",
        sets=("full", "ci"),
    ),
)
