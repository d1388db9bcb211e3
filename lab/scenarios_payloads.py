# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests that start something else than one Linux, or start it in another way."""

from __future__ import annotations

import recipes as disk
from recipes import line_of
from scenario_kit import (
    CI, BOOT_STEPS, TROUBLE, WAIT_LINE, booted, boots, direct, pvh,
)
from xenlab.model import ENTER, Disk, DiskRecipe, Scenario, Step
from xenlab.products import EARLY_MD5, HOST_MD5, THIRD_MD5

GUEST_FILE = "^GUEST: file {} md5={}$"
EARLY = GUEST_FILE.format("/kernel/x86/microcode/GenuineIntel.bin", EARLY_MD5)
THIRD = GUEST_FILE.format("/third", THIRD_MD5)
HOST = GUEST_FILE.format("/host", HOST_MD5)
ONCE_MORE = r"^pvgrub-swift: a read failed; once more, one file after the other$"
HELLO_SAID = (r"^HELLO: Xen 4\.17 by the page, equal=1$", r"^HELLO: disk xvda bytes=67108864 ",
              r"^HELLO: done$")


def hello_like(name: str, recipe: DiskRecipe, kernel: str, initrd: str) -> tuple[Scenario, ...]:
    """The sample, built by the toolstack and by us: it must find the same."""
    return (
        Scenario(f"{name}-direct", (Disk(recipe),), HELLO_SAID, boot="direct", kernel=kernel,
                 initrd=initrd, cmdline="report"),
        Scenario(f"{name}", (Disk(recipe),), HELLO_SAID, like=f"{name}-direct"),
    )


PAYLOADS = (
    *hello_like("hello", disk.HELLO, "hello", "initrd-early"),
    *hello_like("hello-plain", disk.HELLO_PLAIN, "hello", ""),
    *hello_like("hello-mapped", disk.HELLO_MAPPED, "hello-mapped", "initrd-early"),
    Scenario("hello-gzip", (Disk(disk.HELLO_GZIP),), HELLO_SAID, like="hello-direct"),
    Scenario("hello-sections", (Disk(disk.HELLO_SECTIONS),),
             HELLO_SAID + (r"told 'by sections'",)),
    Scenario("hello-words", (Disk(disk.HELLO_WORDS),),
             (r"told 'by words'", r"^HELLO: the hypercall page was not filled$", HELLO_SAID[-1])),
    Scenario("hello-modules", (Disk(disk.HELLO_MODULES),),
             HELLO_SAID + (r"^HELLO: module 0 bytes=\d+ crc32=<crc:initrd-early> line='first=1 x'$",
                           r"^HELLO: module 1 bytes=\d+ crc32=<crc:initrd-third> line=''$",
                           r"^HELLO: module 2 bytes=\d+ crc32=<crc:initrd-small> line='last'$")),
    Scenario("hello-pvboot", (Disk(disk.HELLO_PVBOOT),), HELLO_SAID + (r"told 'chained'",)),
    Scenario("hello-wait-direct", (Disk(disk.HELLO_WAIT),), (r"^HELLO: waiting$",), boot="direct",
             kernel="hello", initrd="", cmdline="wait",
             steps=(Step("HELLO: waiting", command="xl shutdown -w {domid}"),)),
    boots("chain-thrice", disk.CHAIN_THRICE, like="direct-256", extra=(
        r"(?s)(\d+ MiB of memory.*){4}",), sets=CI, limit=90),
    Scenario("chain-wait", (Disk(disk.CHAIN_WAIT),), booted(WAIT_LINE), TROUBLE,
             like="direct-wait", limit=90,
             steps=(Step("GUEST: waiting", probe=True, command="xl shutdown -w {domid}"),)),
    Scenario("chain-grub", (Disk(disk.CHAIN_GRUB),), booted(line_of(disk.CHAIN_GRUB)), TROUBLE,
             cmdline="(hd0)/boot/first.cfg", limit=90),
    boots("three-initrds", disk.THREE_INITRDS, extra=(
        EARLY, THIRD)),
    Scenario("hello-three-initrds", (Disk(disk.HELLO_THREE),), HELLO_SAID + (
        r"^HELLO: module bytes=<bytes:initrd-three> crc32=<crc:initrd-three>$",)),
    boots("ramdisk-of-the-host", disk.WHOLE_CFG, ramdisk="initrd-host", extra=(HOST,)),
    boots("ramdisk-is-empty", disk.WHOLE_CFG, ramdisk="initrd-empty", like="direct-256"),
    boots("ramdisk-ignored", disk.WHOLE_CFG, ramdisk="initrd-host", cmdline="ramdisk=ignore",
          like="direct-256"),
    Scenario("ramdisk-is-a-menu", (Disk(disk.WHOLE_CFG),),
             booted("root=/dev/xvda ro console=hvc0 lab=host-menu"), TROUBLE,
             ramdisk="host-menu", like="direct-256"),
    boots("hypervisor", disk.HYPERVISOR, extra=(r"its first module is started",)),
    # A read fails while the ramdisk is read beside the kernel: all is read once more.
    boots("read-ahead-fails", disk.WHOLE_LST_LZ4, cmdline="selftest=fail:read-ahead",
          extra=(ONCE_MORE,), like="direct-256"),
    # Each step before the point of no return fails, twice; then the guest boots. lz4: the ramdisk is
    # under way while the kernel is unpacked. In PVH gzip, which is unpacked over itself.
    Scenario("fail-each-step", (Disk(disk.WHOLE_LST_LZ4), Disk(disk.SECOND_DISK, "xvdb")),
             booted(line_of(disk.WHOLE_LST_LZ4)), TROUBLE, cmdline="selftest=fail:all,all",
             check="nothing_lost", limit=600, steps=tuple(
                 Step(r"self-test: \d+ frames free", keys=ENTER, pause=0.7)
                 for _ in range(2 * BOOT_STEPS))),
)

HELLO_PVH_SAID = (r"told 'in PVH'", r"^HELLO: module bytes=\d+ crc32=<crc:initrd-small>$",
                  r"^HELLO: disk xvda bytes=67108864 ", r"^HELLO: done$")

PVH_MORE = (
    Scenario("pvh-hello-direct", (Disk(disk.HELLO_PVH),), HELLO_PVH_SAID[::2], type="pvh",
             boot="direct", kernel="hello", initrd="initrd-small", cmdline="in PVH"),
    Scenario("pvh-hello", (Disk(disk.HELLO_PVH),), HELLO_PVH_SAID, type="pvh"),
    pvh("pvh-read-ahead-fails", disk.WHOLE_LST_LZ4, cmdline="selftest=fail:read-ahead",
        extra=(ONCE_MORE,)),
    # It is copied behind the guest's own by the last step.
    pvh("pvh-ramdisk-of-the-host", disk.WHOLE_CFG, ramdisk="initrd-host", extra=(HOST,), limit=120),
    Scenario("pvh-fail-each-step", (Disk(disk.WHOLE_LST_GZIP), Disk(disk.SECOND_DISK, "xvdb")),
             booted(line_of(disk.WHOLE_LST_GZIP)), TROUBLE, cmdline="selftest=fail:all,all",
             check="nothing_lost", limit=400, type="pvh", steps=tuple(
                 Step(r"self-test: \d+ frames free", keys=ENTER, pause=0.7)
                 for _ in range(2 * BOOT_STEPS))),
)

# Another home for a PV guest: Xen's shim around it.
HOMES = (
    direct("shim-direct-384", 384, type="pvh", shim=True, limit=180),
    boots("shim-whole-lst", disk.WHOLE_LST, type="pvh", shim=True, memory=384,
          like="shim-direct-384", limit=240),
)
