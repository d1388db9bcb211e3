# SPDX-License-Identifier: GPL-2.0-or-later
"""What a run is made of: the suite that dom0 comes from, and the kernel of the guests.

Both are sets of Debian packages (packages.py), unpacked when they are first needed.
"""

from __future__ import annotations

import hashlib
from argparse import ArgumentParser
from dataclasses import dataclass
from pathlib import Path

from .packages import PackageSet
from .paths import BUILD, LabError

# A ramdisk has no use for these, though others depend on them.
UNWANTED = (
    "base-passwd|cdebconf|coreutils|cpio|debconf.*|dpkg|dracut.*|gettext-base|grub-common|grub2-common"
    "|init-system-helpers|initramfs-tools.*|initscripts|ipxe-qemu.*|iso-codes|klibc-utils|kmod|libc-bin"
    "|libfreetype6|libfuse3-3|libperl.*|libpython3.*|libsystemd-shared|libtext-.*-perl|linux-base"
    "|linux-initramfs-tool|login|login.defs|lsb-base|media-types|netbase|openssl-provider-legacy"
    "|opensysusers|passwd|perl.*|procps|python3.*|qemu-system-data|readline-common|seabios"
    "|sensible-utils|sgml-base|systemd.*|sysvinit-utils|tar|tzdata|ucf|udev|xen-utils-common"
)
# Of a kernel's dependencies nothing else is needed: from 7.x on it is in several packages.
KERNEL_ONLY = "linux-(image|binary|modules|base)-[0-9].*"


@dataclass(frozen=True)
class Kernel:
    """One of Debian's kernels, with its modules.

    compression: of its payload, as CONFIG_KERNEL_* of its build says.
    """

    name: str
    packages: PackageSet
    compression: str


@dataclass(frozen=True)
class Suite:
    """Where dom0 comes from: Xen and its toolstack, dom0's kernel, GRUB's loaders, small tools.

    grub_unpacks: the payloads that its GRUB can unpack for a PV guest, as it should: 2.14 starts zstd
    kernels too, and spoils its own memory or the ramdisk meanwhile (docs/MATRIX.md).
    """

    name: str
    xen: str
    grub_unpacks: tuple[str, ...]
    tools: PackageSet
    kernel: Kernel

    @property
    def xen_folder(self) -> str:
        """Where Debian keeps what belongs to this version of Xen."""
        return f"usr/lib/xen-{self.xen}"


def _kernel(name: str, release: str, package: str, compression: str) -> Kernel:
    return Kernel(name, PackageSet(f"kernel-{name}", release, (package,), only=KERNEL_ONLY), compression)


KERNELS = {kernel.name: kernel for kernel in (
    _kernel("bookworm", "bookworm", "linux-image-amd64", "xz"),
    _kernel("bookworm-cloud", "bookworm", "linux-image-cloud-amd64", "lz4"),
    _kernel("trixie", "trixie", "linux-image-amd64", "zstd"),
    _kernel("trixie-cloud", "trixie", "linux-image-cloud-amd64", "zstd"),
    _kernel("sid", "sid", "linux-image-amd64", "zstd"),
    _kernel("sid-cloud", "sid", "linux-image-cloud-amd64", "zstd"),
    _kernel("experimental", "experimental", "linux-image-7.3-amd64", "zstd"),
)}


def _suite(name: str, xen: str, grub_unpacks: tuple[str, ...]) -> Suite:
    wanted = (
        f"xen-hypervisor-{xen}-amd64", f"xen-utils-{xen}", "xenstore-utils", f"libxenmisc{xen}",
        "qemu-system-xen", "grub-xen-host", "busybox-static", "mdadm", "lvm2", "btrfs-progs",
        "xfsprogs", "e2fsprogs", "mount", "bsdutils",
    )
    return Suite(name, xen, grub_unpacks, PackageSet(name, name, wanted, unwanted=UNWANTED), KERNELS[name])


SUITES = {suite.name: suite for suite in (
    _suite("bookworm", "4.17", ("xz", "gzip", "elf")),
    _suite("trixie", "4.20", ("xz", "gzip", "elf")),
    _suite("sid", "4.20", ("xz", "gzip", "elf")),
)}

# Kernels that Debian packs in this way; all other formats are the guest's kernel packed again.
REAL = {"kernel-xz": "bookworm", "kernel-lz4": "bookworm-cloud", "kernel-zstd": "trixie"}


class Choice:
    """What this run is made of. One for the program, set before anything is made."""

    def __init__(self) -> None:
        self.suite = SUITES["bookworm"]
        self.kernel = self.suite.kernel

    def set(self, suite: str, kernel: str | None = None) -> None:
        """Chooses by name. Without a kernel the guests have that of dom0's suite."""
        if suite not in SUITES:
            raise LabError(f"no suite is called {suite} (there are {', '.join(SUITES)})")
        self.suite = SUITES[suite]
        name = kernel or self.suite.kernel.name
        if name not in KERNELS:
            raise LabError(f"no kernel is called {name} (there are {', '.join(KERNELS)})")
        self.kernel = KERNELS[name]

    @property
    def name(self) -> str:
        """`trixie`, or `trixie-with-sid` when the guests' kernel is another suite's."""
        if self.kernel is self.suite.kernel:
            return self.suite.name
        return f"{self.suite.name}-with-{self.kernel.name}"

    @property
    def folder(self) -> Path:
        """Where this run's disks and baselines are."""
        return BUILD / "runs" / self.name


choice = Choice()


def dom0_root() -> Path:
    """The folder with the unpacked packages that dom0 is made of, its kernel apart."""
    return choice.suite.tools.root()


def dom0_key() -> str:
    """Changes with any version of a package that dom0 is made of."""
    sets = (choice.suite.tools, choice.suite.kernel.packages)
    return hashlib.sha256("".join(one.key() for one in sets).encode()).hexdigest()


def kernel_of(product: str) -> Kernel:
    """The kernel that a product is, or was made from: `NAME@KERNEL`, a real one of its format, or
    the guests'."""
    name, _, wanted = product.partition("@")
    if wanted:
        return KERNELS[wanted]
    for real, kernel in REAL.items():
        # "kernel-zstd-cut" and its like are made from the real one too.
        if name == real or name.startswith(f"{real}-"):
            return KERNELS[kernel]
    return choice.kernel


def add_kernel_option(parser: ArgumentParser, action: str, text: str) -> None:
    parser.add_argument("--kernel", action=action, choices=KERNELS, metavar="NAME",
                        help=f"{text}: {', '.join(KERNELS)}")


def add_options(parser: ArgumentParser) -> None:
    """The options by which a program of the lab chooses."""
    parser.add_argument("--suite", default="bookworm", choices=SUITES,
                        help="where dom0 comes from (default: bookworm, Xen 4.17)")
    add_kernel_option(parser, "store", "the guests' kernel, if not dom0's")
