# SPDX-License-Identifier: GPL-2.0-or-later
"""The guests that the lab boots. README.md says how to add one."""

from __future__ import annotations

import recipes as disk
from recipes import line_of
from scenario_kit import (
    CI, CI_BOTH, CI_NEW, DIRECT_LINE, FILLER, TROUBLE, TWO_DISKS, TWO_DISKS_AND_CDROM, WAIT_LINE,
    booted, boots, direct, pvh, second, stays,
)
from scenarios_fork import FORKS
from scenarios_hostile import HOSTILE
from scenarios_options import OPTIONS
from scenarios_payloads import HOMES, PAYLOADS, PVH_MORE
from scenarios_typed import KEYS
from xenlab.model import DOWN, ENTER, Disk, Scenario, Step

BASELINES = (
    direct("direct-256", 256, sets=CI_BOTH),
    *(direct(f"direct-256-{kind}", 256, kernel=f"kernel-{kind}", disks=(Disk(recipe),))
      for kind, recipe in (("xz", disk.WHOLE_LST_XZ), ("lz4", disk.WHOLE_LST_LZ4),
                           ("zstd", disk.WHOLE_LST_ZSTD))),
    direct("direct-96", 96),
    direct("direct-2048", 2048),
    direct("direct-128-maxmem-512", 128, maxmem=512),
    direct("direct-256-4-vcpus", 256, cpus=4),
    direct("direct-wait", 256, line=WAIT_LINE,
           steps=(Step("GUEST: waiting", probe=True, command="xl shutdown -w {domid}"),)),
)

BOOTS = (
    boots("whole-lst", disk.WHOLE_LST, like="direct-256"),
    boots("whole-cfg", disk.WHOLE_CFG, like="direct-256"),
    boots("fedora", disk.FEDORA, like="direct-256", sets=CI_NEW),
    boots("alpine", disk.ALPINE, like="direct-256"),
    boots("whole-lst-gzip", disk.WHOLE_LST_GZIP, like="direct-256"),
    boots("whole-lst-bzip2", disk.WHOLE_LST_BZIP2, like="direct-256"),
    boots("whole-lst-lzma", disk.WHOLE_LST_LZMA, like="direct-256"),
    boots("whole-lst-lzo", disk.WHOLE_LST_LZO, like="direct-256"),
    boots("whole-lst-lz4", disk.WHOLE_LST_LZ4, like="direct-256-lz4"),
    boots("whole-lst-zstd", disk.WHOLE_LST_ZSTD, like="direct-256-zstd"),
    boots("whole-lst-elf-gzip", disk.WHOLE_LST_ELF_GZIP, like="direct-256"),
    boots("whole-lst-xz", disk.WHOLE_LST_XZ, like="direct-256-xz"),
    boots("whole-lst-stock-gzip", disk.WHOLE_LST_STOCK_GZIP, like="direct-256"),
    boots("unified", disk.UNIFIED, like="direct-256"),
    boots("whole-lst-elf", disk.WHOLE_LST_ELF, like="direct-256"),
    boots("mbr-lst", disk.MBR_LST, like="direct-256"),
    boots("mbr-cfg-gzip", disk.MBR_CFG_GZIP),
    boots("gpt-cfg", disk.GPT_CFG),
    boots("gpt-cfg-gzip-4-vcpus", disk.GPT_CFG_GZIP, vcpus=4, like="direct-256-4-vcpus", sets=CI),
    boots("gpt-lst-gzip", disk.GPT_LST_GZIP),
    boots("bare-lst-96", disk.BARE_LST, vdev="xvda1", memory=96, like="direct-96", sets=CI),
    boots("bare-cfg-gzip", disk.BARE_CFG_GZIP, vdev="xvda1"),
    boots("memory-2048", disk.WHOLE_LST, memory=2048, like="direct-2048"),
    boots("memory-128-maxmem-512", disk.WHOLE_LST, memory=128, maxmem=512,
          like="direct-128-maxmem-512"),
    # Only the journal, replayed in memory, has the menu with this command line, and its kernel.
    boots("journal-names-kernel", disk.DIRTY_JOURNAL, sets=CI_NEW,
          extra=(r"xvda: ext4: was not unmounted; 1 transactions? .*replayed in memory",)),
    boots("qdisk-raw", disk.MBR_LST, backend="qdisk-raw"),
    boots("qdisk-qcow2", disk.GPT_CFG, backend="qdisk-qcow2"),
    boots("large-initrd", disk.LARGE_INITRD, memory=700,
          extra=FILLER),
    boots("large-initrd-qcow2", disk.LARGE_INITRD, backend="qdisk-qcow2", memory=700, limit=150,
          extra=FILLER, sets=CI),
    Scenario(
        "two-disks-and-cdrom", TWO_DISKS_AND_CDROM,
        booted(line_of(disk.TWO_DISKS) + " lab.disks=2")
        + TWO_DISKS, TROUBLE,
    ),
)

# One disk, two boots: the second entry once, then the first, since the loader has cleared the choice.
STATE = (
    Scenario(
        "next-entry-once", (Disk(disk.ONCE),),
        second(disk.ONCE) + (r"saved next_entry in \(hd0\)/boot/grub/grubenv",), TROUBLE,
        repeat=2, again=booted(line_of(disk.ONCE)), sets=CI,
    ),
)

# Kernel, ramdisk and menu from an optical disk, and from a FAT and an XFS partition.
FILE_SYSTEMS = (
    Scenario(
        "iso-cdrom", (Disk(disk.SECOND_DISK), Disk(disk.OPTICAL, "xvdc", "cdrom")),
        booted(line_of(disk.OPTICAL) + " lab.disks=2"), TROUBLE,
    ),
    Scenario(
        "iso-disk", (Disk(disk.SECOND_DISK, "xvdb"), Disk(disk.HYBRID)),
        booted(line_of(disk.HYBRID) + " lab.disks=2"), TROUBLE,
    ),
    Scenario(
        "iso-hex-label", (Disk(disk.SECOND_DISK), Disk(disk.HEX_LABEL, "xvdc", "cdrom")),
        booted(
            r"inst\.stage2=hd:LABEL=LAB\\x207\\x20x86_64 quiet root=/dev/xvda ro console=hvc0"
            r" lab\.disks=2"), TROUBLE, sets=CI,
    ),
    boots("fat-boot", disk.FAT_BOOT),
    boots("xfs-boot", disk.XFS_BOOT),
    boots("esp-unified", disk.ESP_UNIFIED),
    boots("esp-profiles", disk.ESP_PROFILES, sets=CI_NEW),
    boots("sectors-4096", disk.SECTORS_4096),
    boots("btrfs-at", disk.BTRFS_AT),
    boots("btrfs-default", disk.BTRFS_DEFAULT),
    Scenario(
        "btrfs-two", (Disk(disk.BTRFS_TWO), Disk(disk.BTRFS_TWO, "xvdb", twin=1)),
        booted(line_of(disk.BTRFS_TWO) + " lab.disks=2"), TROUBLE, sets=CI_NEW,
    ),
    boots("lvm-boot", disk.LVM_BOOT, sets=CI),
    Scenario(
        "md-raid1", (Disk(disk.MD_RAID1), Disk(disk.MD_RAID1, "xvdb", twin=1)),
        booted(line_of(disk.MD_RAID1) + " lab.disks=2"), TROUBLE,
    ),
    # A member is missing, so a third of the blocks is computed.
    Scenario(
        "md-raid5-degraded", (Disk(disk.MD_RAID5), Disk(disk.MD_RAID5, "xvdb", twin=2)),
        booted(line_of(disk.MD_RAID5) + " lab.disks=2"), TROUBLE,
    ),
)

# Keys come from the paravirtual keyboard alone; afterwards the kernel has both devices.
SCREEN_KEYS = (
    Step("second entry", command="lab_screen {domid}", pause=3.0),
    Step("", command="xl qemu-monitor-command {domid} 'sendkey down'", pause=1.0),
    Step(r"\* .*second entry", command="lab_screen {domid}", pause=2.0),
    Step("", command="xl qemu-monitor-command {domid} 'sendkey ret'", pause=1.0),
)
KERNEL_HAS_DISPLAY = (r"input: Xen Virtual Keyboard", r"frame buffer device 100x37")
DISPLAY = (
    Scenario(
        "vfb-menu", (Disk(disk.MBR_LST),), second(disk.MBR_LST) + KERNEL_HAS_DISPLAY,
        TROUBLE + (r"pvgrub-swift: (vfb|vkbd): ",), display=True, steps=SCREEN_KEYS,
        cmdline="timeout=60", limit=120,
    ),
    Scenario(
        "vfb-menu-pvh", (Disk(disk.MBR_LST),), second(disk.MBR_LST) + KERNEL_HAS_DISPLAY,
        TROUBLE + (r"pvgrub-swift: (vfb|vkbd): ",), display=True, steps=SCREEN_KEYS,
        cmdline="timeout=60", limit=120, type="pvh",
    ),
    # QEMU 10 and later serve no framebuffer unless told so; Linux waits for it much longer.
    Scenario(
        "vfb-unserved", (Disk(disk.MBR_LST),), booted(line_of(disk.MBR_LST)) + (
            r'pvgrub-swift: vfb: no backend serves it: .*device_model_args_pv=\["-vga","xenfb"\]',
        ), TROUBLE, display=True, served=False, limit=120, sets=("full-trixie", "full-sid"),
    ),
    # The domain ends with its display closed, and nothing complains.
    Scenario(
        "vfb-shutdown-in-menu", (Disk(disk.MBR_LST),), (r"second entry",),
        (r"^GUEST:", r"pvgrub-swift: (vfb|vkbd): "), display=True, cmdline="timeout=60", limit=90,
        steps=(Step("second entry", command="xl shutdown -w {domid}", pause=1.0),),
    ),
)

# A backend that stops responding while the disks are closed costs its time limit, not the boot.
STUCK_DISPLAY = (
    Scenario(
        "vfb-stuck", (Disk(disk.MBR_LST),),
        second(disk.MBR_LST) + (
            r"pvgrub-swift: vfb: the backend stays in state 4 and does not reach 5",
            r"pvgrub-swift: vkbd: the backend stays in state 4 and does not reach 5",
        ), TROUBLE, display=True, cmdline="timeout=60", limit=150,
        steps=(
            Step("second entry", command="kill -STOP $(pidof xen-qemu-system-i386)"),
            Step("", keys=DOWN + ENTER),
            Step("vkbd: the backend stays", command="kill -CONT $(pidof xen-qemu-system-i386)"),
        ),
    ),
)

# What the host says overrides the menu's own default and arguments.
HOST_LINE = line_of(disk.WHOLE_CFG).replace(" ro ", " ") + " lab.entry=second lab.host=yes"
HOST_CONTROL = (
    Scenario(
        "options-of-the-host", (Disk(disk.WHOLE_CFG),), booted(HOST_LINE), TROUBLE, sets=CI_NEW,
        cmdline="timeout=0 entry=1 remove=ro append='lab.host=yes' console=auto",
    ),
    Scenario(
        "options-in-xenstore", (Disk(disk.WHOLE_CFG),),
        (r"xenstore says entry=1", r"unknown word in extra=: chained") + booted(HOST_LINE), TROUBLE,
        store=(("timeout", "0"), ("entry", "1"), ("remove", "ro"), ("append", "lab.host=yes"),
               ("chained", "")), sets=CI,
    ),
    Scenario(
        "next-entry-on-failure", (Disk(disk.MISSING_KERNEL),),
        (r"vmlinuz-missing",) + second(disk.MISSING_KERNEL), TROUBLE, cmdline="onfail=next",
    ),
    Scenario(
        "end-on-failure", (Disk(disk.MISSING_KERNEL),),
        (r"vmlinuz-missing", r"without a key the domain ends in 3 s \(crash\)",
         r"no entry booted and no key was pressed; shutting down"), (r"^GUEST:",),
        cmdline="onfail=crash:3", ends="crash",
    ),
    Scenario(
        "end-without-a-menu", (Disk(disk.NO_MENU),),
        (r"(?i)no (boot )?menu", r"no entry booted and no key was pressed; shutting down"), (r"^GUEST:",),
        cmdline="onfail=poweroff:3",
    ),
)

# What a toolstack reads of a boot: while the menu waits, when an entry failed, and when all is well.
REPORT = (
    Scenario(
        "report", (Disk(disk.WAITING),), booted(WAIT_LINE), TROUBLE, sets=CI,
        steps=(
            Step("second entry", command="lab_report {domid} state '^menu$'"),
            Step("GUEST: waiting", command=" && ".join((
                "lab_report {domid} state '^booting$'",
                "lab_report {domid} entry '^Debian GNU/Linux, kernel [0-9].*[^>]$'",
                "lab_report {domid} kernel '^xvda: ext4: /boot/vmlinuz-[0-9]'",
                f"lab_report {{domid}} cmdline '^{WAIT_LINE}$'",
                "lab_report {domid} bytes '^kernel=[0-9]{7,8} ramdisks=[0-9]{6,8}$'",
                "lab_report {domid} milliseconds '^connect=[0-9]+ search=[0-9]+ menu=[0-9]+ "
                "kernel=[0-9]{2,} ramdisks=[0-9]+ handover=[0-9]+ total=[0-9]{3,}$'",
                "! xenstore-read /local/domain/{domid}/data/pvgrub-report/error",
            ))),
            Step("", command="xl shutdown -w {domid}"),
        ),
    ),
    Scenario(
        "report-of-a-failure", (Disk(disk.MISSING_KERNEL),),
        (r"vmlinuz-missing",) + second(disk.MISSING_KERNEL), TROUBLE, steps=(
            Step("vmlinuz-missing", pause=1.0, command=" && ".join((
                "lab_report {domid} state '^failed$'",
                "lab_report {domid} entry '^Debian GNU/Linux, kernel'",
                "lab_report {domid} error 'xvda: ext4: /boot/vmlinuz-missing: not found'",
            ))),
            Step("", keys=DOWN, pause=1.0), Step("", keys=ENTER, pause=1.0),
            Step("GUEST: kernel", command="lab_report {domid} state '^booting$'"
                 " && lab_report {domid} entry 'second entry$'"),
        ),
    ),
    Scenario(
        "report-without-a-menu", (Disk(disk.NO_MENU),), (r"(?i)no (boot )?menu",), (r"^GUEST:",),
        ends="alive", steps=(
            Step("Type 'help'", command="lab_report {domid} state '^failed$'"
                 " && lab_report {domid} error '^no boot menu found$'"),
        ),
    ),
)

# The toolstack can't save a loader, which says so; the menu goes on.
SAVE = (
    Step("second entry", keys=DOWN, pause=1.0),
    Step("", command="lab_save_fails {domid}", pause=0.5),
    Step("", command="lab_takes_back {domid} suspend"),
    Step("wants to suspend the domain", keys=ENTER, pause=1.0),
)
TOOLSTACK = (
    Scenario("save-in-menu", (Disk(disk.WHOLE_LST),), second(disk.WHOLE_LST), TROUBLE, steps=SAVE,
             limit=180),
    Scenario("pvh-save-in-menu", (Disk(disk.WHOLE_LST),), second(disk.WHOLE_LST), TROUBLE,
             steps=SAVE, limit=240, type="pvh"),
    # The shutdown comes while a large ramdisk is being read.
    Scenario(
        "xl-shutdown-while-loading", (Disk(disk.LARGE_INITRD, backend="qdisk-qcow2"),),
        (r"Reading: \d+ %",), (r"^GUEST:", r"Starting after"), memory=700, limit=120,
        steps=(Step("Reading:", command="xl shutdown -w {domid}"),),
    ),
    Scenario(
        "xl-shutdown", (Disk(disk.WAITING),), booted(WAIT_LINE), TROUBLE, like="direct-wait",
        steps=(Step("GUEST: waiting", probe=True, command="xl shutdown -w {domid}"),), sets=CI,
    ),
    Scenario(
        "xl-destroy-and-again", (Disk(disk.WAITING),), booted(WAIT_LINE), TROUBLE,
        steps=(Step("GUEST: waiting", command="xl destroy {domid}"),), ends="destroyed", repeat=2,
    ),
    Scenario(
        "xl-shutdown-in-menu", (Disk(disk.WHOLE_LST),), (r"second entry",), (r"^GUEST:",),
        steps=(Step("second entry", keys=DOWN),
               Step("", command="xl shutdown -w {domid}", pause=0.5)),
    ),
    Scenario(
        "xl-destroy-in-menu-and-again", (Disk(disk.WHOLE_LST),), (r"second entry",),
        steps=(Step("second entry", keys=DOWN), Step("", command="xl destroy {domid}", pause=0.5)),
        ends="destroyed", repeat=2,
    ),
)

FAILURES = (
    stays("no-menu", disk.NO_MENU, r"(?i)no (boot )?menu"),
    stays("missing-kernel", disk.MISSING_KERNEL, r"xvda: ext4: /boot/vmlinuz-missing: not found"),
    # Memory, disks and watches are all there again after each failure.
    Scenario(
        "fail-thrice-and-go-on", (Disk(disk.CUT_KERNEL),), second(disk.CUT_KERNEL), TROUBLE,
        steps=(Step("vmlinuz-cut: the bzImage"), Step("", keys=ENTER, pause=1.0),
               Step("vmlinuz-cut: the bzImage"), Step("", keys=ENTER, pause=1.0),
               Step("vmlinuz-cut: the bzImage"), Step("", keys=DOWN, pause=1.0),
               Step("", keys=ENTER, pause=1.0)),
    ),
    stays("not-a-kernel", disk.NOT_A_KERNEL, r"vmlinuz-text: not a kernel"),
    stays("cut-kernel", disk.CUT_KERNEL, r"vmlinuz-cut: the bzImage's payload"),
    # A reader may refuse the cut disk as a whole, or only the file that is cut.
    stays("cut-initrd", disk.CUT_INITRD,
          r"xvda.*(67108864 bytes on a volume of|initrd\.img-<release>:)"),
    stays("wild-initrd", disk.WILD_INITRD, r"initrd\.img-<release>:"),
    # Most of the kernel is unpacked each time: a leak would not leave room for it three times.
    Scenario(
        "rotten-kernel-thrice", (Disk(disk.ROTTEN_KERNEL),), (r"vmlinuz-<release>: the xz data",),
        (r"^GUEST:", r"too small", r"needs? .*MiB"), memory=128, ends="alive",
        steps=(Step("the xz data"), Step("", keys=ENTER, pause=1.0),
               Step("Loading xvda"), Step("the xz data"), Step("", keys=ENTER, pause=1.0),
               Step("Loading xvda"), Step("the xz data")),
    ),
    # Each failure says what is wrong, and then the sound kernel boots: no memory was lost.
    Scenario(
        "broken-zstd", (Disk(disk.BROKEN_ZSTD),),
        (r"vmlinuz-cut: the kernel file is truncated",
         r"vmlinuz-short: the kernel is incomplete: its unpacked data end at byte 40000000",
         r"vmlinuz-bomb: the kernel unpacks to more than 1048576 KiB")
        + booted(line_of(disk.BROKEN_ZSTD)), TROUBLE,
        steps=(Step("vmlinuz-cut: the"), Step("", keys=DOWN, pause=1.0),
               Step("", keys=ENTER, pause=1.0),
               Step("vmlinuz-short: the"), Step("", keys=DOWN, pause=1.0),
               Step("", keys=ENTER, pause=1.0),
               Step("vmlinuz-bomb: the"), Step("", keys=DOWN, pause=1.0),
               Step("", keys=ENTER, pause=1.0)),
    ),
    stays("empty-initrd", disk.EMPTY_INITRD, r"initrd\.img-<release>: the file is empty"),
    stays("memory-64", disk.WHOLE_LST, r"kernel needs at least \d+ MiB of memory", memory=64),
    # The loader's own faults end the domain with a report and the crash reason.
    Scenario(
        "write-to-text", (Disk(disk.WHOLE_LST),),
        (r"exception #PF page fault at address", r"rip=[0-9a-f]{16}", r"stack:"),
        cmdline="selftest=write-text", ends="crash",
    ),
)



def menu(name: str, shown: int, *texts: str, disks: tuple[Disk, ...] = (Disk(disk.WHOLE_LST),),
         **more: object) -> Scenario:
    """The loader as a PVH guest of `shown` MiB shows its menu and stays there."""
    must = (rf"^pvgrub-swift: {shown} MiB of memory", r"second entry") + texts
    settings = {"memory": shown, "cmdline": "timeout=60", "ends": "alive"} | more
    return Scenario(name, disks, must, TROUBLE + (r"^GUEST:",), type="pvh", **settings)


def reports(name: str, test: str, code: str) -> Scenario:
    """A fault made on purpose in a PVH guest is reported, with this error code, and ends it."""
    must = (rf"exception #PF page fault at address [0-9a-f]{{16}}, error code 0*{code}\b",
            r"rip=[0-9a-f]{16}", r"stack:")
    return Scenario(name, (Disk(disk.WHOLE_LST),), must, type="pvh", cmdline=f"selftest={test}",
                    ends="crash")


PVH = (
    direct("pvh-direct-256", 256, type="pvh"),
    menu("pvh-menu", 256),
    menu("pvh-menu-64", 64),
    # All of it is written to: Xen ends a guest that touches more than it has.
    menu("pvh-menu-128-maxmem-512", 127, r"wrote to 12[3-7] MiB of free memory", memory=128,
         maxmem=512, cmdline="timeout=60 selftest=touch-memory"),
    menu("pvh-menu-2048-4-vcpus", 2048, vcpus=4),
    # Some of it above 4 GiB, where the loader takes its heap from.
    menu("pvh-menu-5120", 5120),
    menu("pvh-menu-two-disks-and-cdrom", 256, disks=TWO_DISKS_AND_CDROM),
    menu("pvh-menu-qdisk", 256, disks=(Disk(disk.MBR_LST, backend="qdisk-qcow2"),)),
    Scenario(
        "pvh-xl-shutdown-in-menu", (Disk(disk.WHOLE_LST),), (r"second entry",), (r"^GUEST:",),
        steps=(Step("second entry", keys=DOWN),
               Step("", command="xl shutdown -w {domid}", pause=0.5)), type="pvh",
    ),
    reports("pvh-write-text", "write-text", "3"),
    reports("pvh-null", "null", "0"),
    reports("pvh-execute-heap", "execute-heap", "11"),
    reports("pvh-stack", "stack", "2"),
    direct("pvh-direct-256-4-vcpus", 256, cpus=4, type="pvh", limit=180),
    direct("pvh-direct-128-maxmem-512", 128, maxmem=512, type="pvh"),
    pvh("pvh-whole-lst", disk.WHOLE_LST, like="pvh-direct-256"),
    pvh("pvh-whole-lst-gzip", disk.WHOLE_LST_GZIP, like="pvh-direct-256"),
    # Decoders that need the whole file in a row.
    pvh("pvh-whole-lst-bzip2", disk.WHOLE_LST_BZIP2),
    pvh("pvh-whole-lst-lzma", disk.WHOLE_LST_LZMA),
    pvh("pvh-whole-lst-lzo", disk.WHOLE_LST_LZO),
    pvh("pvh-whole-lst-lz4", disk.WHOLE_LST_LZ4),
    pvh("pvh-whole-lst-zstd", disk.WHOLE_LST_ZSTD, sets=CI_NEW),
    # Its own place is no memory; 16 MiB is tried first, and its note says 32 MiB.
    pvh("pvh-moved", disk.WHOLE_LST_MOVED,
        extra=(r"pvgrub-swift: the kernel is moved from 0x20000000 to 0x2000000$",)),
    pvh("pvh-gpt-cfg-4-vcpus", disk.GPT_CFG, vcpus=4, limit=180,
        like="pvh-direct-256-4-vcpus"),
    pvh("pvh-bare-lst-96", disk.BARE_LST, vdev="xvda1", memory=96, limit=120),
    pvh("pvh-memory-128-maxmem-512", disk.WHOLE_LST, memory=128, maxmem=512, limit=180,
        like="pvh-direct-128-maxmem-512"),
    pvh("pvh-large-initrd", disk.LARGE_INITRD, memory=700, limit=240, extra=FILLER),
    # Started by the PC's boot protocol, Linux detects Xen later.
    boots("pvh-bzimage", disk.WHOLE_LST, cmdline="pvh=bzimage", limit=180, like="pvh-direct-256",
          extra=(r"Booting paravirtualized kernel on Xen PVH",), type="pvh"),
    # The kernel is this loader again, linked at the address where the running one lies.
    pvh("pvh-chain", disk.CHAIN, limit=150, extra=(r"(?s)MiB of memory.*MiB of memory",)),
    Scenario(
        "pvh-fail-thrice-and-go-on", (Disk(disk.CUT_KERNEL),), second(disk.CUT_KERNEL), TROUBLE,
        type="pvh",
        steps=(Step("vmlinuz-cut: the bzImage"), Step("", keys=ENTER, pause=1.0),
               Step("vmlinuz-cut: the bzImage"), Step("", keys=ENTER, pause=1.0),
               Step("vmlinuz-cut: the bzImage"), Step("", keys=DOWN, pause=1.0),
               Step("", keys=ENTER, pause=1.0)),
    ),
    Scenario(
        "pvh-rotten-kernel-thrice", (Disk(disk.ROTTEN_KERNEL),),
        (r"vmlinuz-<release>: the xz data",),
        (r"^GUEST:", r"too small", r"needs? .*MiB"), type="pvh", memory=128, ends="alive",
        steps=(Step("the xz data"), Step("", keys=ENTER, pause=1.0),
               Step("Loading xvda"), Step("the xz data"), Step("", keys=ENTER, pause=1.0),
               Step("Loading xvda"), Step("the xz data")),
    ),
    stays("pvh-memory-64", disk.WHOLE_LST, r"kernel needs at least \d+ MiB of memory",
          memory=64, type="pvh"),
)

# Checks of the lab itself: what the loader's guests need must work without the loader.
SELF = ("self",)
SELF_CHECK = (
    direct("direct-qdisk-raw", 256, disks=(Disk(disk.WHOLE_LST, backend="qdisk-raw"),), sets=SELF),
    direct("direct-qdisk-qcow2", 256, disks=(Disk(disk.WHOLE_LST, backend="qdisk-qcow2"),),
           sets=SELF),
    direct("direct-two-disks-and-cdrom", 256, line=DIRECT_LINE + " lab.disks=2",
           disks=TWO_DISKS_AND_CDROM, extra=TWO_DISKS, sets=SELF),
    direct("direct-large-initrd", 700, initrd="initrd-large", extra=FILLER, sets=SELF),
    direct("direct-destroy-and-again", 256, line=WAIT_LINE, repeat=2, ends="destroyed",
           steps=(Step("GUEST: waiting", command="xl destroy {domid}"),), sets=SELF),
    Scenario("pvgrub2-whole-cfg", (Disk(disk.WHOLE_CFG),), booted(line_of(disk.WHOLE_CFG)),
             boot="pvgrub2", sets=SELF),
    Scenario(
        "pvgrub2-second-entry", (Disk(disk.MBR_CFG_GZIP),), second(disk.MBR_CFG_GZIP),
        boot="pvgrub2", steps=(Step("second entry", keys=DOWN + ENTER),), sets=SELF,
    ),
    Scenario("pvgrub2-cut-initrd", (Disk(disk.CUT_INITRD),), (r"^grub> ",), ends="alive",
             boot="pvgrub2", sets=SELF),
)

SCENARIOS: tuple[Scenario, ...] = (
    BASELINES + BOOTS + STATE + FILE_SYSTEMS + KEYS + HOST_CONTROL + OPTIONS
    + REPORT + TOOLSTACK + FAILURES
    + PVH + PAYLOADS + PVH_MORE + HOMES + DISPLAY + STUCK_DISPLAY + HOSTILE + SELF_CHECK
    + FORKS
)

# The one that lab/demo shows: either entry of its menu will do.
DEMO = Scenario(
    "demo", (Disk(disk.DEMO),), booted(line_of(disk.DEMO) + "( .*)?"), limit=120,
)
