# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests that boot something other than Linux, or boot Linux in another way."""

from __future__ import annotations

import recipes as disk
from recipes import line_of
from scenario_kit import (
    CI, CI_NEW, BOOT_STEPS, TROUBLE, WAIT_LINE, booted, boots, direct, pvh,
)
from xenlab.model import ENTER, Disk, DiskRecipe, Scenario, Step
from xenlab.initrds import EARLY_MD5, HOST_MD5, THIRD_MD5

GUEST_FILE = "^GUEST: file {} md5={}$"
EARLY = GUEST_FILE.format("/kernel/x86/microcode/GenuineIntel.bin", EARLY_MD5)
THIRD = GUEST_FILE.format("/third", THIRD_MD5)
HOST = GUEST_FILE.format("/host", HOST_MD5)
ONCE_MORE = r"pvgrub-swift: .*: .*; reading it once more$"
PROBE_SAID = (r"^PROBE: Xen <xen> by the page, equal=1$", r"^PROBE: disk xvda bytes=67108864 ",
              r"^PROBE: done$")


def probe_like(name: str, recipe: DiskRecipe, kernel: str, initrd: str,
               **more: object) -> tuple[Scenario, ...]:
    """The probe, started by the toolstack and by us: it must find the same."""
    return (
        Scenario(f"{name}-direct", (Disk(recipe),), PROBE_SAID, boot="direct", kernel=kernel,
                 initrd=initrd, cmdline="report", **more),
        Scenario(f"{name}", (Disk(recipe),), PROBE_SAID, like=f"{name}-direct", **more),
    )


PAYLOADS = (
    *probe_like("probe", disk.PROBE, "probe", "initrd-early", sets=CI_NEW),
    *probe_like("probe-plain", disk.PROBE_PLAIN, "probe", ""),
    *probe_like("probe-mapped", disk.PROBE_MAPPED, "probe-mapped", "initrd-early"),
    Scenario("probe-gzip", (Disk(disk.PROBE_GZIP),), PROBE_SAID, like="probe-direct"),
    Scenario("probe-sections", (Disk(disk.PROBE_SECTIONS),),
             PROBE_SAID + (r"told 'by sections'",)),
    Scenario("probe-words", (Disk(disk.PROBE_WORDS),),
             (r"told 'by words'", r"^PROBE: the hypercall page was not filled$", PROBE_SAID[-1])),
    Scenario("probe-modules", (Disk(disk.PROBE_MODULES),),
             PROBE_SAID + (r"^PROBE: module 0 bytes=\d+ crc32=<crc:initrd-early> line='first=1 x'$",
                           r"^PROBE: module 1 bytes=\d+ crc32=<crc:initrd-third> line=''$",
                           r"^PROBE: module 2 bytes=\d+ crc32=<crc:initrd-small> line='last'$")),
    Scenario("probe-pvboot", (Disk(disk.PROBE_PVBOOT),), PROBE_SAID + (r"told 'chained'",)),
    Scenario("probe-wait-direct", (Disk(disk.PROBE_WAIT),), (r"^PROBE: waiting$",), boot="direct",
             kernel="probe", initrd="", cmdline="wait",
             steps=(Step("PROBE: waiting", command="xl shutdown -w {domid}"),)),
    boots("chain-thrice", disk.CHAIN_THRICE, like="direct-256", extra=(
        r"(?s)(\d+ MiB of memory.*){4}",), sets=CI, limit=90),
    Scenario("chain-wait", (Disk(disk.CHAIN_WAIT),), booted(WAIT_LINE), TROUBLE,
             like="direct-wait", limit=90,
             steps=(Step("GUEST: waiting", probe=True, command="xl shutdown -w {domid}"),)),
    Scenario("chain-grub", (Disk(disk.CHAIN_GRUB),), booted(line_of(disk.CHAIN_GRUB)), TROUBLE,
             cmdline="(hd0)/boot/first.cfg", limit=90),
    boots("three-initrds", disk.THREE_INITRDS, extra=(
        EARLY, THIRD)),
    Scenario("probe-three-initrds", (Disk(disk.PROBE_THREE),), PROBE_SAID + (
        r"^PROBE: module bytes=<bytes:initrd-three> crc32=<crc:initrd-three>$",)),
    boots("ramdisk-of-the-host", disk.WHOLE_CFG, ramdisk="initrd-host", extra=(HOST,)),
    boots("ramdisk-is-empty", disk.WHOLE_CFG, ramdisk="initrd-empty", like="direct-256"),
    boots("ramdisk-ignored", disk.WHOLE_CFG, ramdisk="initrd-host", cmdline="ramdisk=ignore",
          like="direct-256"),
    Scenario("ramdisk-is-a-menu", (Disk(disk.WHOLE_CFG),),
             booted("root=/dev/xvda ro console=hvc0 lab=host-menu"), TROUBLE,
             ramdisk="host-menu", like="direct-256"),
    boots("hypervisor", disk.HYPERVISOR, extra=(r"booting its first module instead",)),
    # A read fails while the ramdisk is read beside the kernel: the ramdisk alone is read once more.
    boots("read-ahead-fails", disk.WHOLE_LST_LZ4, cmdline="selftest=fail:read-ahead",
          extra=(ONCE_MORE,), like="direct-256-lz4"),
    # Each step before the point of no return fails, twice; then the guest boots. lz4: the ramdisk is
    # under way while the kernel is unpacked. In PVH gzip, which is unpacked over itself.
    Scenario("fail-each-step", (Disk(disk.WHOLE_LST_LZ4), Disk(disk.SECOND_DISK, "xvdb")),
             booted(line_of(disk.WHOLE_LST_LZ4)), TROUBLE, cmdline="selftest=fail:all,all",
             check="nothing_lost", limit=600, steps=tuple(
                 Step(r"self-test: \d+ frames free", keys=ENTER, pause=0.7)
                 for _ in range(2 * BOOT_STEPS))),
)

PROBE_PVH_SAID = (r"told 'in PVH'", r"^PROBE: module bytes=\d+ crc32=<crc:initrd-small>$",
                  r"^PROBE: disk xvda bytes=67108864 ", r"^PROBE: done$")

PVH_MORE = (
    Scenario("pvh-probe-direct", (Disk(disk.PROBE_PVH),), PROBE_PVH_SAID[::2], type="pvh",
             boot="direct", kernel="probe", initrd="initrd-small", cmdline="in PVH"),
    Scenario("pvh-probe", (Disk(disk.PROBE_PVH),), PROBE_PVH_SAID, type="pvh",
             like="pvh-probe-direct"),
    pvh("pvh-read-ahead-fails", disk.WHOLE_LST_LZ4, cmdline="selftest=fail:read-ahead",
        extra=(ONCE_MORE,)),
    # The last step copies it behind the guest's own.
    pvh("pvh-ramdisk-of-the-host", disk.WHOLE_CFG, ramdisk="initrd-host", extra=(HOST,), limit=120),
    Scenario("pvh-fail-each-step", (Disk(disk.WHOLE_LST_GZIP), Disk(disk.SECOND_DISK, "xvdb")),
             booted(line_of(disk.WHOLE_LST_GZIP)), TROUBLE, cmdline="selftest=fail:all,all",
             check="nothing_lost", limit=400, type="pvh", steps=tuple(
                 Step(r"self-test: \d+ frames free", keys=ENTER, pause=0.7)
                 for _ in range(2 * BOOT_STEPS))),
)

# A PV guest inside Xen's shim.
HOMES = (
    direct("shim-direct-384", 384, type="pvh", shim=True, limit=180),
    boots("shim-whole-lst", disk.WHOLE_LST, type="pvh", shim=True, memory=384,
          like="shim-direct-384", limit=240),
)
