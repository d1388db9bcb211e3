# SPDX-License-Identifier: GPL-2.0-or-later
"""The guests' disks: their layout, their menus and what is wrong with them."""

from __future__ import annotations

from xenlab.model import DiskRecipe

MENU_LST = """\
# Written by the lab, in the form of GRUB legacy's menu.lst.
default 0
timeout 3

title Debian GNU/Linux, kernel {release}
root ROOT
kernel KERNEL root={root} ro console=hvc0 ARGS
initrd /boot/initrd.img-{release}

title Debian GNU/Linux, second entry
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
  linux KERNEL root={root} ro console=hvc0 ARGS
  initrd /boot/initrd.img-{release}
}
menuentry "Debian GNU/Linux, second entry" {
  search --no-floppy --fs-uuid --set=root {uuid}
  linux /boot/vmlinuz-{release} root={root} ro console=hvc0 ARGS lab.entry=second
  initrd /boot/initrd.img-{release}
}
"""

STOCK = "/boot/vmlinuz-{release}"
Menus = tuple[tuple[str, str], ...]


def menu_lst(args: str, root: str = "(hd0)", kernel: str = STOCK) -> Menus:
    """A menu.lst of two entries; the first one boots `kernel`."""
    text = MENU_LST.replace("ARGS", args).replace("ROOT", root).replace("KERNEL", kernel)
    return (("/boot/grub/menu.lst", text),)


def grub_cfg(args: str, kernel: str = STOCK) -> Menus:
    """A grub.cfg of two entries; the first one boots `kernel`."""
    return (("/boot/grub/grub.cfg", GRUB_CFG.replace("ARGS", args).replace("KERNEL", kernel)),)


def line_of(recipe: DiskRecipe) -> str:
    """The command line that the first entry of the recipe's menu gives."""
    return f"root={recipe.root} ro console=hvc0 lab={recipe.name}"


def recipe(
    name: str, menu: str, layout: str = "whole", root: str = "", **more: object
) -> DiskRecipe:
    """A disk with a sound menu, "lst" or "cfg", whose command line names the disk."""
    partition = "" if layout == "whole" else "1"
    args = f"lab={name}"
    menus = grub_cfg(args) if menu == "cfg" else menu_lst(args, "(hd0,0)" if partition else "(hd0)")
    return DiskRecipe(name, layout, root or f"/dev/xvda{partition}", menus, **more)


WHOLE_LST = recipe("whole-lst", "lst")
WHOLE_CFG = recipe("whole-cfg", "cfg")
WHOLE_LST_GZIP = recipe("whole-lst-gzip", "lst", kernel="kernel-gzip")
WHOLE_LST_ELF = recipe("whole-lst-elf", "lst", kernel="kernel-elf", size_mib=128)
WHOLE_LST_BZIP2 = recipe("whole-lst-bzip2", "lst", kernel="kernel-bzip2")
WHOLE_LST_LZMA = recipe("whole-lst-lzma", "lst", kernel="kernel-lzma")
WHOLE_LST_LZO = recipe("whole-lst-lzo", "lst", kernel="kernel-lzo")
WHOLE_LST_LZ4 = recipe("whole-lst-lz4", "lst", kernel="kernel-lz4")
WHOLE_LST_ZSTD = recipe("whole-lst-zstd", "lst", kernel="kernel-zstd")
WHOLE_LST_MOVED = recipe("whole-lst-moved", "lst", kernel="kernel-zstd-moved@sid")
WHOLE_LST_ELF_GZIP = recipe("whole-lst-elf-gzip", "lst", kernel="kernel-elf-gzip")
WHOLE_LST_STOCK_GZIP = recipe("whole-lst-stock-gzip", "lst", kernel="kernel-stock-gzip")
WHOLE_LST_XZ = recipe("whole-lst-xz", "lst", kernel="kernel-xz")
MBR_LST = recipe("mbr-lst", "lst", "mbr")
MBR_CFG_GZIP = recipe("mbr-cfg-gzip", "cfg", "mbr", kernel="kernel-gzip")
GPT_CFG = recipe("gpt-cfg", "cfg", "gpt")
GPT_CFG_GZIP = recipe("gpt-cfg-gzip", "cfg", "gpt", kernel="kernel-gzip")
GPT_LST_GZIP = recipe("gpt-lst-gzip", "lst", "gpt", kernel="kernel-gzip")
BARE_LST = recipe("bare-lst", "lst", root="/dev/xvda1")
BARE_CFG_GZIP = recipe("bare-cfg-gzip", "cfg", root="/dev/xvda1", kernel="kernel-gzip")
LARGE_INITRD = recipe("large-initrd", "lst", initrd="initrd-large", size_mib=192)
SECOND_DISK = DiskRecipe("second-disk", kernel="", initrd="", size_mib=96)
TWO_DISKS = DiskRecipe("two-disks", menus=menu_lst("lab=two-disks lab.disks=2"))
WAITING = DiskRecipe("waiting", menus=menu_lst("lab=wait"))
# The first menu starts this very loader from the disk, which reads the second menu.
CHAIN = DiskRecipe(
    "chain",
    menus=(
        ("/boot/grub/menu.lst", "timeout 1\ntitle pvgrub-swift once more\n"
         "kernel (hd0)/boot/pvgrub-swift (hd0)/boot/grub/linux.lst\n"),
        ("/boot/grub/linux.lst", menu_lst("lab=chain")[0][1]),
    ),
    cuts=(("/boot/pvgrub-swift", "loader", 1 << 30),),
)
DEMO = DiskRecipe("demo", "gpt", "/dev/xvda1", tuple(
    (path, text.replace("timeout=3", "timeout=10")) for path, text in grub_cfg("lab=demo")
))

# The second entry is for the user root, whose password is "open sesame".
LOCKED_HASH = (
    "grub.pbkdf2.sha512.10000.6C6162206F66207076677275622D7377."
    "A826360DE7FAF99247AD0AFCC07F9F4604D6188AD282C722AC3B3755C0FF3293"
    "A5E4D73034C8EA293C0C34726781C20A6CB2A91BF0E44F7A9DF3B86CBC9C65F5"
)
LOCKED = DiskRecipe("locked", menus=tuple(
    (path, text.replace("set timeout=3", "set timeout=30\nset superusers=root\n"
                        f"password_pbkdf2 root {LOCKED_HASH}")
     .replace('kernel {release}" {', 'kernel {release}" --unrestricted {'))
    for path, text in grub_cfg("lab=locked")
))

# What an installer's optical disk has: kernel and ramdisk beside the menu, named by the volume's
# identifier. The guest's root is its hard disk, which has nothing to boot.
OPTICAL = DiskRecipe("optical", "iso", "/dev/xvda", (("/boot/grub/grub.cfg", """\
set timeout=3
menuentry "Install" {
  search --no-floppy --fs-uuid --set=root 2026-01-02-03-04-05-00
  linux /boot/vmlinuz-{release} root={root} ro console=hvc0 lab=optical lab.disks=2
  initrd /boot/initrd.img-{release}
}
"""),))
# The menu of an installer of RHEL 7's kin: the kernel is told its disk by a label with blanks, as
# udev writes them.
HEX_LABEL = DiskRecipe("hex-label", "iso", "/dev/xvda", (("/boot/grub2/grub.cfg", r"""
set timeout=3
search --no-floppy --set=root -l 'LAB 7 x86_64'
menuentry 'Install' --class fedora --class gnu-linux --class gnu --class os {
  linuxefi /boot/vmlinuz-{release} inst.stage2=hd:LABEL=LAB\x207\x20x86_64 quiet root={root} ro console=hvc0 lab.disks=2
  initrdefi /boot/initrd.img-{release}
}
"""),), label="LAB 7 x86_64")
# The same with a partition table, as for memory sticks.
HYBRID = DiskRecipe("hybrid", "iso-hybrid", "/dev/xvdb", (("/boot/grub/grub.cfg", """\
set timeout=3
menuentry "Install" {
  search --no-floppy --label --set=root hybrid
  linux /boot/vmlinuz-{release} root={root} ro console=hvc0 lab=hybrid lab.disks=2
  initrd /boot/initrd.img-{release}
}
"""),))
# /boot on FAT32, the root on ext4.
FAT_BOOT = DiskRecipe("fat-boot", "mbr-fat", "/dev/xvda2", (("/boot/grub/grub.cfg", """\
set timeout=3
menuentry "Debian GNU/Linux" {
  search --no-floppy --fs-uuid --set=root {serial}
  linux /vmlinuz-{release} root={root} ro console=hvc0 lab=fat-boot
  initrd /initrd.img-{release}
}
"""),), size_mib=96)

# The same with /boot on XFS.
XFS_BOOT = DiskRecipe("xfs-boot", "mbr-xfs", "/dev/xvda2", (("/boot/grub/grub.cfg", """\
set timeout=3
menuentry "Debian GNU/Linux" {
  search --no-floppy --fs-uuid --set=root {boot_uuid}
  linux /vmlinuz-{release} root={root} ro console=hvc0 lab=xfs-boot
  initrd /initrd.img-{release}
}
"""),), size_mib=96)

# /boot on volumes that only a kernel can make. The menus name them as distributions' menus do.
MADE_CFG = """\
set timeout=1
menuentry "Debian GNU/Linux" {
  ROOT
  linux PREFIX/vmlinuz-{release} root={root} ro console=hvc0 ARGS
  initrd PREFIX/initrd.img-{release}
}
"""


def made(
    name: str, script: str, root: str, prefix: str = "", args: str = "", **more: object
) -> DiskRecipe:
    """A disk whose /boot the workshop makes; the menu sets its root by the command `root`."""
    text = MADE_CFG.replace("ROOT", root).replace("PREFIX", prefix)
    return DiskRecipe(
        name, "workshop", "/dev/xvda2",
        (("/boot/grub/grub.cfg", text.replace("ARGS", f"lab={name}{args}")),),
        workshop=script, **more)


BTRFS_AT = made("btrfs-at", """\
mkfs.btrfs -q -L guest-boot /dev/vdb1
mount -t btrfs -o compress-force=zstd /dev/vdb1 /mnt
btrfs subvolume create /mnt/@
mkdir /mnt/@/boot
cp -a /files/tree/. /mnt/@/boot/
umount /mnt
""", "search --no-floppy --label --set=root guest-boot", "/@/boot", boot_mib=160, size_mib=200)
# As openSUSE has it: the default subvolume is a snapshot, and the menu's paths begin there.
BTRFS_DEFAULT = made("btrfs-default", """\
mkfs.btrfs -q -L guest-boot /dev/vdb1
mount -t btrfs -o compress-force=lzo /dev/vdb1 /mnt
btrfs subvolume create /mnt/@
mkdir -p /mnt/@/.snapshots/1
btrfs subvolume create /mnt/@/.snapshots/1/snapshot
mkdir /mnt/@/.snapshots/1/snapshot/boot
cp -a /files/tree/. /mnt/@/.snapshots/1/snapshot/boot/
btrfs subvolume set-default /mnt/@/.snapshots/1/snapshot
umount /mnt
""", "search --no-floppy --label --set=root guest-boot", "/boot", boot_mib=160, size_mib=200)
# The kernel's and the ramdisk's bytes are on both disks in turn.
BTRFS_TWO = made("btrfs-two", """\
mkfs.btrfs -q -L guest-boot -m raid1 -d raid0 /dev/vdb1 /dev/vdc1
btrfs device scan
mount -t btrfs /dev/vdb1 /mnt
cp -a /files/tree/. /mnt/
umount /mnt
""", "search --no-floppy --label --set=root guest-boot", args=" lab.disks=2", boot_mib=160,
    size_mib=200, twins=2)
# The volume lies in two pieces, one behind and one before another volume.
LVM_BOOT = made("lvm-boot", """\
lvm pvcreate /dev/vdb1
lvm vgcreate guest-vg /dev/vdb1
lvm lvcreate -L 24M -n first guest-vg
lvm lvcreate -L 8M -n boot guest-vg
lvm lvcreate -L 8M -n other guest-vg
lvm lvremove -y guest-vg/first
lvm lvextend -L 64M guest-vg/boot
/sbin/mke2fs -q -t ext4 -L guest-boot -d /files/tree /dev/guest-vg/boot
lvm vgchange -an guest-vg
""", "set root='lvm/guest--vg-boot'", boot_mib=120, size_mib=160)
MD_RAID1 = made("md-raid1", """\
mdadm --create /dev/md0 --run --level=1 --metadata=1.2 --raid-devices=2 --homehost=guest \
  /dev/vdb1 /dev/vdc1
/sbin/mke2fs -q -t ext4 -L guest-boot -d /files/tree /dev/md0
mdadm --wait /dev/md0 || true
mdadm --stop /dev/md0
""", "set root='md/0'", args=" lab.disks=2", boot_mib=64, size_mib=100, twins=2)
# Chunks of the kernel and of the ramdisk lie on three disks.
MD_RAID5 = made("md-raid5", """\
mdadm --create /dev/md0 --run --level=5 --metadata=1.2 --chunk=64 --raid-devices=3 \
  --homehost=guest /dev/vdb1 /dev/vdc1 /dev/vdd1
/sbin/mke2fs -q -t ext4 -L guest-boot -d /files/tree /dev/md0
mdadm --wait /dev/md0 || true
mdadm --stop /dev/md0
""", "search --no-floppy --label --set=root guest-boot", args=" lab.disks=2", boot_mib=40,
    size_mib=100, twins=3)

# An EFI system partition with a unified kernel image, and no menu at all.
ESP_UNIFIED = DiskRecipe(
    "esp-unified", "mbr-fat", "/dev/xvda2", kernel="", initrd="", size_mib=96,
    files=(("/boot/EFI/Linux/debian.efi", "kernel-unified-2"),))
# Two of them: one whose version is newer has two profiles, the other's name comes last.
ESP_PROFILES = DiskRecipe(
    "esp-profiles", "mbr-fat", "/dev/xvda2", kernel="", initrd="", size_mib=96,
    files=(("/boot/EFI/Linux/debian.efi", "kernel-unified-profiles"),
           ("/boot/EFI/Linux/zz-older.efi", "kernel-unified-2")))
SECTORS_4096 = recipe("sectors-4096", "cfg", "gpt-4096")

# A menu with a one-time choice in its environment block, as `grub-reboot 1` leaves it.
ONCE_CFG = """\
load_env
if [ "${next_entry}" ]; then
  set default="${next_entry}"
  set next_entry=
  save_env next_entry
fi
"""
ONCE = DiskRecipe(
    "once",
    menus=tuple((path, text + ONCE_CFG) for path, text in grub_cfg("lab=once")),
    texts=(("/boot/grub/grubenv", "# GRUB Environment Block\nnext_entry=1\n".ljust(1024, "#")),),
)

# For the host's options, and for submenus. The menu would wait for ever, and has an unknown command
# and a kernel whose console is not Xen's.
OPTIONS_CFG = """\
set default=0
set timeout=-1
frobnicate now
menuentry "Debian GNU/Linux" --id first {
  linux /boot/vmlinuz-{release} root={root} ro console=hvc0 lab=options
  initrd /boot/initrd.img-{release}
}
menuentry "Without a console" --id no-console {
  linux /boot/vmlinuz-{release} root={root} ro quiet lab=$greeting
  initrd /boot/initrd.img-{release}
}
submenu "More of them" --id more {
  menuentry "Inside one" {
    linux /boot/vmlinuz-{release} root={root} ro console=hvc0 lab=inside-one
    initrd /boot/initrd.img-{release}
  }
  menuentry "Inside two" {
    linux /boot/vmlinuz-{release} root={root} ro console=hvc0 lab=inside-two
    initrd /boot/initrd.img-{release}
  }
}
"""
OPTIONS = DiskRecipe("options", "mbr", "/dev/xvda1", (
    ("/boot/grub/grub.cfg", OPTIONS_CFG),
    ("/boot/grub/other.cfg", OPTIONS_CFG.replace(" ro quiet ", " ro quiet lab.other ")),
    ("/boot/grub/menu.lst",
     "frobnicate now\n" + menu_lst("lab=options-lst", "(hd0,0)")[0][1]),
))
# Forty entries: how many are shown tells the height of the screen.
TALL = DiskRecipe("tall", menus=tuple(
    (path, text + "".join(
        f'menuentry "Entry {number}" {{\n  true\n}}\n' for number in range(3, 41)))
    for path, text in grub_cfg("lab=tall")
))

# Disks with something wrong. Where the menu's first entry is the broken one, the second is sound.
NO_MENU = DiskRecipe("no-menu")
MISSING_KERNEL = DiskRecipe(
    "missing-kernel", menus=menu_lst("lab=missing-kernel", kernel="/boot/vmlinuz-missing")
)
WRONG_DEFAULT = DiskRecipe(
    "wrong-default", menus=grub_cfg("lab=wrong-default", kernel="/boot/vmlinuz-missing")
)
NOT_A_KERNEL = DiskRecipe(
    "not-a-kernel",
    menus=grub_cfg("lab=not-a-kernel", kernel="/boot/vmlinuz-text"),
    texts=(("/boot/vmlinuz-text", "This is a text, and no kernel at all.\n" * 100),),
)
CUT_KERNEL = DiskRecipe(
    "cut-kernel", menus=menu_lst("lab=cut-kernel", kernel="/boot/vmlinuz-cut"),
    cuts=(("/boot/vmlinuz-cut", "kernel", 5_000_000),),
)
CUT_INITRD = DiskRecipe(
    "cut-initrd", menus=menu_lst("lab=cut-initrd"), initrd="", damage="cut_in_initrd"
)
WILD_INITRD = DiskRecipe("wild-initrd", menus=menu_lst("lab=wild-initrd"), damage="wild_initrd")
ROTTEN_KERNEL = DiskRecipe(
    "rotten-kernel", menus=menu_lst("lab=rotten-kernel"), kernel="kernel-xz", damage="rot_in_kernel"
)
# A menu without options and ramdisk: both come out of the unified image.
UNIFIED = DiskRecipe(
    "unified", kernel="kernel-unified", initrd="",
    menus=(("/boot/grub/grub.cfg",
            'set timeout=1\nmenuentry "unified" { linux /boot/vmlinuz-{release} }\n'),),
)
# Three broken kernels and, last, a sound one.
BROKEN_ZSTD = DiskRecipe(
    "broken-zstd", kernel="kernel-zstd", size_mib=96,
    menus=(("/boot/grub/menu.lst", "default 0\ntimeout 1\n" + "".join(
        f"title {name}\nroot (hd0)\nkernel /boot/vmlinuz-{name}\n"
        for name in ("cut", "short", "bomb")
    ) + "title sound\nroot (hd0)\nkernel /boot/vmlinuz-{release} root=/dev/xvda ro console=hvc0 "
        "lab=broken-zstd\ninitrd /boot/initrd.img-{release}\n"),),
    cuts=tuple((f"/boot/vmlinuz-{name}", f"kernel-zstd-{name}", 1 << 30)
               for name in ("cut", "short", "bomb")),
)
EMPTY_INITRD = DiskRecipe(
    "empty-initrd", menus=menu_lst("lab=empty-initrd"), initrd="",
    texts=(("/boot/initrd.img-{release}", ""),),
)

# Menus as Fedora and Alpine have them: the newest version boots, and the menu's default entry.
FEDORA_CFG = """\
set default_kernelopts="ro lab=wrong"
load_env -f ${config_directory}/grubenv
if [ x"${feature_timeout_style}" = xy ] ; then set timeout_style=menu; fi
set timeout=1
insmod blscfg
blscfg
"""
FEDORA_ENVIRONMENT = "# GRUB Environment Block\nkernelopts=root={root} ro console=hvc0 lab=fedora\n"
FEDORA_ENTRY = """\
title Fedora Linux (VERSION) 40
version VERSION
linux KERNEL
initrd /boot/initrd.img-{release}
options $kernelopts
grub_users $grub_users
grub_arg --unrestricted
grub_class fedora
"""


def fedora_entry(version: str, kernel: str) -> tuple[str, str]:
    """An entry as kernel-install writes it."""
    name = f"/boot/loader/entries/0f1e2d3c4b5a69788796a5b4c3d2e1f0-{version}.conf"
    return (name, FEDORA_ENTRY.replace("VERSION", version).replace("KERNEL", kernel))


FEDORA = DiskRecipe("fedora", menus=(
    ("/boot/grub2/grub.cfg", FEDORA_CFG),
    ("/boot/grub2/grubenv", FEDORA_ENVIRONMENT + "#" * (1024 - len(FEDORA_ENVIRONMENT) - 3)),
    fedora_entry("6.9.10-300.fc40.x86_64", "/boot/vmlinuz-old"),
    fedora_entry("6.10.2-300.fc40.x86_64", STOCK),
    fedora_entry("0-rescue", "/boot/vmlinuz-rescue"),
))
ALPINE_CONF = """\
# Generated by update-extlinux
DEFAULT menu.c32
PROMPT 0
MENU TITLE Alpine/Linux Boot Menu
MENU AUTOBOOT Alpine will be booted automatically in # seconds.
TIMEOUT 10
LABEL virt
  MENU LABEL Linux virt
  LINUX vmlinuz-missing
  INITRD initrd.img-{release}
  APPEND root={root} lab=wrong
LABEL lts
  MENU DEFAULT
  MENU LABEL Linux lts
  LINUX vmlinuz-{release}
  INITRD initrd.img-{release}
  APPEND root={root} ro console=hvc0 lab=alpine
"""
ALPINE = DiskRecipe("alpine", menus=(("/boot/extlinux.conf", ALPINE_CONF),))

# Payloads that are not Linux, and more than one ramdisk.
PAYLOAD_CFG = """\
set timeout=1
menuentry "A payload" { COMMANDS }
"""


def probe_disk(name: str, commands: str, *files: tuple[str, str], **more: object) -> DiskRecipe:
    """A disk whose menu starts something other than its kernel."""
    text = PAYLOAD_CFG.replace("COMMANDS", "\n" + commands + "\n")
    return DiskRecipe(name, menus=(("/boot/grub/grub.cfg", text),), files=files, **more)


# The toolstack's builder unpacks a gzip'ed ramdisk, so the guests that are compared have a plain one.
PROBE = probe_disk("probe", "multiboot /probe report\ninitrd /early",
                   ("/probe", "probe"), ("/early", "initrd-early"))
PROBE_PLAIN = probe_disk("probe-plain", "linux /probe report", ("/probe", "probe"))
PROBE_PVH = probe_disk("probe-pvh", "multiboot /probe in PVH\ninitrd /boot/initrd.img-{release}",
                       ("/probe", "probe"))
PROBE_WAIT = probe_disk("probe-wait", "multiboot /probe wait", ("/probe", "probe"))
PROBE_GZIP = probe_disk("probe-gzip", "multiboot /probe.gz report\ninitrd /early",
                        ("/probe.gz", "probe-gzip"), ("/early", "initrd-early"))
PROBE_MAPPED = probe_disk("probe-mapped", "multiboot /probe report\ninitrd /early",
                          ("/probe", "probe-mapped"), ("/early", "initrd-early"))
PROBE_SECTIONS = probe_disk("probe-sections", "multiboot /probe by sections",
                            ("/probe", "probe-sections"))
PROBE_WORDS = probe_disk("probe-words", "multiboot /probe by words", ("/probe", "probe-words"))
PROBE_MODULES = probe_disk(
    "probe-modules", "multiboot /probe with modules\nmodule /early first=1 x\n"
    "module --nounzip /third\nmodule /boot/initrd.img-{release} last",
    ("/probe", "probe"), ("/early", "initrd-early"), ("/third", "initrd-third"))
PROBE_PVBOOT = DiskRecipe(
    "probe-pvboot", kernel="", initrd="", files=(("/boot/xen/pvboot-x86_64.elf", "probe"),))

PROBE_THREE = probe_disk(
    "probe-three", "multiboot /probe\ninitrd /early /boot/initrd.img-{release} /third",
    ("/probe", "probe"), ("/early", "initrd-early"), ("/third", "initrd-third"))

CHAIN_THRICE = DiskRecipe(
    "chain-thrice", menus=tuple(
        (path, PAYLOAD_CFG.replace("COMMANDS", f"\nmultiboot /pvgrub-swift (hd0){following}\n"))
        for path, following in (
            ("/boot/grub/grub.cfg", "/boot/2.cfg"), ("/boot/2.cfg", "/boot/3.cfg"),
            ("/boot/3.cfg", "/boot/4.cfg"))
    ) + (("/boot/4.cfg", grub_cfg("lab=chain-thrice")[0][1]),),
    # Nothing to unpack: a decoder writes its state again and again (README.md: what the emulation does).
    files=(("/pvgrub-swift", "loader"),), kernel="kernel-elf", size_mib=128)
CHAIN_WAIT = DiskRecipe(
    "chain-wait", menus=CHAIN_THRICE.menus[:3] + (("/boot/4.cfg", grub_cfg("lab=wait")[0][1]),),
    files=CHAIN_THRICE.files)
CHAIN_GRUB = DiskRecipe(
    "chain-grub", menus=(
        ("/boot/first.cfg", PAYLOAD_CFG.replace("COMMANDS", "\nmultiboot /grub.bin\n")),
    ) + grub_cfg("lab=chain-grub"), files=(("/grub.bin", "pvgrub2"),))

THREE_INITRDS = DiskRecipe(
    "three-initrds", menus=(("/boot/grub/grub.cfg", PAYLOAD_CFG.replace(
        "COMMANDS", "\nlinux /boot/vmlinuz-{release} root={root} ro console=hvc0 "
        "lab=three-initrds\ninitrd /early /boot/initrd.img-{release} /third\n")),),
    files=(("/early", "initrd-early"), ("/third", "initrd-third")))

# A guest that lost power: its journal has another menu, and another name for the kernel.
DIRTY_JOURNAL = DiskRecipe(
    "journal-kernel", menus=menu_lst("lab=stale-view"), damage="dirty_journal",
    texts=(("/boot/grub/menu.new",
            menu_lst("lab=journal-kernel", kernel="/boot/vmlinuz-installed")[0][1]),),
)

# A menu of a host, as Debian's xen package makes it.
HYPERVISOR = DiskRecipe(
    "hypervisor", menus=(("/boot/grub/grub.cfg", PAYLOAD_CFG.replace(
        "COMMANDS", "\nmultiboot2 /boot/xen.gz placeholder\n"
        "module2 /boot/vmlinuz-{release} root={root} ro console=hvc0 lab=hypervisor\n"
        "module2 --nounzip /boot/initrd.img-{release}\n")),),
    files=(("/boot/xen.gz", "xen"),))

# Disks that ask for work or memory without end, and a sound one behind them. The first has five menus
# that never come to an end, one of them behind a link through an endless directory.
HOSTILE_FILES = DiskRecipe(
    "hostile-files", kernel="", initrd="", size_mib=32, damage="endless_directory", menus=(
        ("/grub/grub.cfg", "set t=" + "ab" * 8000 + "\nwhile true; do\n  regexp '(a*b*)*c' $t\ndone\n"
         "menuentry 'never' { echo }\n"),
        ("/boot/grub2/grub.cfg", "if regexp 'a" + "*" * 2000 + "' aaaa; then set timeout=1; fi\n"
         "menuentry 'never' { echo }\n"),
        ("/grub2/grub.cfg", "function f { echo" + " a" * ((4 << 20) - 20) + "\n}\n"),
        ("/boot/coreos/grub.cfg", "while true; do\n  for x in /loader/entries/*zzz; do\n    true\n"
         "  done\ndone\n"),
    ))
HOSTILE_VOLUMES = DiskRecipe(
    "hostile-volumes", kernel="", initrd="", size_mib=8, damage="fan_out")
BEHIND_HOSTILE = recipe("behind-hostile", "cfg", root="/dev/xvdc")
