# SPDX-License-Identifier: GPL-2.0-or-later
"""The guests that the lab boots. README.md says how to add one."""

from __future__ import annotations

import recipes as disk
from recipes import line_of
from xenlab.model import DOWN, ENTER, UP, Disk, DiskRecipe, Scenario, Step
from xenlab.products import FILLER_MD5

CI = ("full", "ci")
DIRECT_LINE = "root=/dev/xvda ro console=hvc0 lab=direct"
WAIT_LINE = "root=/dev/xvda ro console=hvc0 lab=wait"
# What no guest may say: Linux could not unpack its ramdisk, or the loader died.
TROUBLE = (r"Initramfs unpacking failed", r"Kernel panic", r"(?i)\bfatal\b")
FILLER = (rf"^GUEST: filler bytes=\d+ md5={FILLER_MD5}$",)
TWO_DISKS = (r"^GUEST: disk xvda bytes=67108864 ", r"^GUEST: disk xvdb bytes=100663296 ")
TWO_DISKS_AND_CDROM = (
    Disk(disk.TWO_DISKS), Disk(disk.SECOND_DISK, "xvdb"), Disk(None, "xvdc", "cdrom"),
)


def booted(cmdline: str, cpus: int = 1) -> tuple[str, ...]:
    """What a guest prints that started as its menu says and found its disk."""
    return (
        r"^GUEST: kernel=<release>$",
        rf"^GUEST: cmdline=(BOOT_IMAGE=\S+ )?{cmdline}$",
        rf"^GUEST: cpus={cpus}$",
        r"^GUEST: root=\S+ marker=<marker>$",
    )


def direct(name: str, memory: int, cpus: int = 1, line: str = DIRECT_LINE,
           disks: tuple[Disk, ...] = (Disk(disk.WHOLE_LST),), extra: tuple[str, ...] = (),
           **more: object) -> Scenario:
    """A guest that the toolstack builds: what the loader's guests are compared with."""
    return Scenario(
        name, disks, booted(line, cpus) + extra, boot="direct", cmdline=line, memory=memory,
        vcpus=cpus, **more,
    )


def boots(name: str, recipe: DiskRecipe, vdev: str = "xvda", backend: str = "phy",
          vcpus: int = 1, extra: tuple[str, ...] = (), **more: object) -> Scenario:
    """A guest that starts by itself, from the first entry of its menu."""
    return Scenario(
        name, (Disk(recipe, vdev, backend),), booted(line_of(recipe), vcpus) + extra, TROUBLE,
        vcpus=vcpus, **more,
    )


def second(recipe: DiskRecipe) -> tuple[str, ...]:
    return booted(line_of(recipe) + " lab.entry=second")


def stays(name: str, recipe: DiskRecipe, *texts: str, **more: object) -> Scenario:
    """The loader says each of `texts`, and its domain lives on with a menu or a shell."""
    return Scenario(name, (Disk(recipe),), texts, (r"^GUEST:",), ends="alive", limit=60, **more)


BASELINES = (
    direct("direct-256", 256, sets=CI),
    direct("direct-96", 96),
    direct("direct-2048", 2048),
    direct("direct-128-maxmem-512", 128, maxmem=512),
    direct("direct-256-4-vcpus", 256, cpus=4),
    direct("direct-wait", 256, line=WAIT_LINE,
           steps=(Step("GUEST: waiting", probe=True, command="xl shutdown -w {domid}"),)),
)

BOOTS = (
    boots("whole-lst", disk.WHOLE_LST, like="direct-256", sets=CI),
    boots("whole-cfg", disk.WHOLE_CFG, like="direct-256"),
    boots("whole-lst-gzip", disk.WHOLE_LST_GZIP, like="direct-256"),
    boots("whole-lst-bzip2", disk.WHOLE_LST_BZIP2, like="direct-256"),
    boots("whole-lst-lzma", disk.WHOLE_LST_LZMA, like="direct-256"),
    boots("whole-lst-lzo", disk.WHOLE_LST_LZO, like="direct-256"),
    boots("whole-lst-lz4", disk.WHOLE_LST_LZ4, like="direct-256"),
    boots("whole-lst-zstd", disk.WHOLE_LST_ZSTD, like="direct-256", sets=CI),
    boots("whole-lst-elf-gzip", disk.WHOLE_LST_ELF_GZIP, like="direct-256"),
    boots("whole-lst-xz-gzip", disk.WHOLE_LST_XZ_GZIP, like="direct-256"),
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
    boots("journal-names-kernel", disk.DIRTY_JOURNAL, sets=CI,
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

KEYS = (
    # The host's word goes before the menu's.
    Scenario(
        "timeout-of-the-host", (Disk(disk.WHOLE_CFG),), booted(line_of(disk.WHOLE_CFG)),
        TROUBLE + (r"Starting in",), cmdline="timeout=0",
    ),
    Scenario(
        "mbr-lst-second-entry", (Disk(disk.MBR_LST),), second(disk.MBR_LST), TROUBLE,
        steps=(Step("second entry", keys=DOWN + ENTER),), sets=CI,
    ),
    Scenario(
        "arrows-and-back", (Disk(disk.WHOLE_CFG),), booted(line_of(disk.WHOLE_CFG)), TROUBLE,
        steps=(Step("second entry", keys=DOWN), Step("", keys=UP + ENTER, pause=0.5)),
    ),
)

TOOLSTACK = (
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
    Scenario(
        "missing-kernel-go-on", (Disk(disk.MISSING_KERNEL),),
        (r"vmlinuz-missing",) + second(disk.MISSING_KERNEL), TROUBLE,
        steps=(Step("vmlinuz-missing"), Step("", keys=DOWN, pause=1.0),
               Step("", keys=ENTER, pause=1.0)),
        sets=CI,
    ),
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
    # Each says what is wrong, and the sound kernel boots then: no memory was lost.
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



def menu(name: str, memory: int, *texts: str, disks: tuple[Disk, ...] = (Disk(disk.WHOLE_LST),),
         **more: object) -> Scenario:
    """The loader as a PVH guest shows its menu and stays there."""
    must = (rf"^pvgrub-swift: {memory} MiB of memory", r"second entry") + texts
    return Scenario(name, disks, must, TROUBLE + (r"^GUEST:",), type="pvh", memory=memory,
                    cmdline="timeout=60", ends="alive", **more)


def reports(name: str, test: str, code: str) -> Scenario:
    """A fault made on purpose in a PVH guest is reported, with this error code, and ends it."""
    must = (rf"exception #PF page fault at address [0-9a-f]{{16}}, error code 0*{code}\b",
            r"rip=[0-9a-f]{16}", r"stack:")
    return Scenario(name, (Disk(disk.WHOLE_LST),), must, type="pvh", cmdline=f"selftest={test}",
                    ends="crash")


PVH = (
    direct("pvh-direct-256", 256, type="pvh", sets=CI),
    menu("pvh-menu", 256, sets=CI),
    menu("pvh-menu-64", 64),
    menu("pvh-menu-128-maxmem-512", 128, maxmem=512),
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
    boots("pvh-whole-lst", disk.WHOLE_LST, type="pvh", like="pvh-direct-256"),
)

# The lab's own soundness: what the loader's guests need must work without the loader.
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

SCENARIOS: tuple[Scenario, ...] = BASELINES + BOOTS + KEYS + TOOLSTACK + FAILURES + PVH + SELF_CHECK

# The one that lab/demo shows: either entry of its menu will do.
DEMO = Scenario(
    "demo", (Disk(disk.DEMO),), booted(line_of(disk.DEMO) + "( .*)?"), limit=120,
)
