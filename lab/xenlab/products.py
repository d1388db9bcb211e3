# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernels and ramdisks for the guests' disks, each made once."""

from __future__ import annotations

import gzip
from pathlib import Path

from . import initrds, kernels, paths, probes, registers, suites
from .kernels import stock
from .paths import DEFAULT_LOADER, LAB, PROBE, PRODUCTS, LabError
from .unified import unified, unified_with_profiles

# The image that is tested: a guest's disk may hold it too.
loader = DEFAULT_LOADER


def _of_dom0(pattern: str) -> bytes:
    """A file of the packages that dom0 is made of."""
    return sorted(suites.dom0_root().glob(pattern))[0].read_bytes()


# What is made from a kernel. "kernel" is the guests' own, as it is.
FROM_KERNEL = {
    "kernel": stock,
    "kernel-xz": lambda kernel: kernels.real(kernel, "xz"),
    "kernel-lz4": lambda kernel: kernels.real(kernel, "lz4"),
    "kernel-zstd": lambda kernel: kernels.real(kernel, "zstd"),
    "kernel-gzip": lambda kernel: kernels.repacked(kernel, "gzip"),
    "kernel-bzip2": lambda kernel: kernels.repacked(kernel, "bzip2"),
    "kernel-lzma": lambda kernel: kernels.repacked(kernel, "lzma"),
    "kernel-lzo": lambda kernel: kernels.repacked(kernel, "lzo"),
    "kernel-zstd-cut": kernels.zstd_cut,
    "kernel-zstd-moved": kernels.zstd_moved,
    "kernel-zstd-short": lambda kernel: kernels.zstd_lying(kernel, 40_000_000),
    "kernel-zstd-bomb": lambda kernel: kernels.zstd_lying(kernel, 0xFFFF_0000),
    # vmlinux.gz, and a gzip file around the stock bzImage.
    "kernel-elf-gzip": lambda kernel: kernels.pack(kernels.kernel_elf(stock(kernel)), "gzip"),
    "kernel-stock-gzip": lambda kernel: kernels.pack(stock(kernel), "gzip"),
    "kernel-unified": lambda kernel: unified(kernel, "root=/dev/xvda ro console=hvc0 lab=unified"),
    "kernel-unified-2": lambda kernel: unified(
        kernel, "root=/dev/xvda2 ro console=hvc0 lab=esp-unified"),
    "kernel-unified-profiles": unified_with_profiles,
    "kernel-elf": lambda kernel: kernels.kernel_elf(stock(kernel)),
} | {
    # The guests' kernel in each format, to compare formats with.
    f"packed-{kind}": lambda kernel, kind=kind: kernels.packed(kernel, kind) for kind in kernels.PACKERS
} | {
    "packed-elf": lambda kernel: kernels.kernel_elf(stock(kernel)),
    "initrd-small": initrds.small_initrd,
    "initrd-large": initrds.large_initrd,
    "initrd-filled": initrds.filled_initrd,
    "initrd-three": initrds.three_initrds,
    "host-menu": initrds.host_menu,
}
# What is made from dom0's packages, or from files that this project builds.
OTHERS = {
    "initrd-early": initrds.early_initrd,
    "initrd-third": initrds.third_initrd,
    "initrd-host": initrds.host_initrd,
    "initrd-empty": lambda: gzip.compress(b"", 9, mtime=0),
    "probe": lambda: PROBE.read_bytes(),
    "probe-gzip": lambda: gzip.compress(PROBE.read_bytes(), 9, mtime=0),
    "probe-mapped": probes.probe_mapped,
    "probe-sections": probes.probe_sections,
    "probe-words": probes.probe_words,
    "loader": lambda: loader.read_bytes(),
    "xen": lambda: _of_dom0("boot/xen-*.gz"),
    "pvgrub2": lambda: _of_dom0("usr/lib/grub-xen/grub-x86_64-xen.bin"),
}


def _builds(name: str) -> list[Path]:
    """The files of this build that the product is made from."""
    if name == "loader":
        return [loader]
    if name.startswith("probe"):
        if not PROBE.exists():
            raise LabError(f"no {PROBE} (make probe)")
        return [PROBE]
    return []


def product(name: str) -> Path:
    """The named kernel or ramdisk as a file, made if it is missing or old.

    What is made from a kernel may be named `NAME@KERNEL` (suites.kernel_of).
    """
    PRODUCTS.mkdir(parents=True, exist_ok=True)
    sources = [LAB / "guest/init", LAB / "guest/poweroff", registers.SOURCE]
    sources += [LAB / "xenlab" / f"{one}.py"
                for one in ("cpio", "elfnotes", "initrds", "kernels", "probes", "unified")]
    plain = name.partition("@")[0]
    if plain in FROM_KERNEL:
        kernel = suites.kernel_of(name)
        path = PRODUCTS / f"{plain}@{kernel.name}"
        stamp = kernel.packages.key()
        if plain.startswith(("initrd", "kernel-unified")):
            # Their busybox is dom0's.
            path = path.with_name(f"{path.name}-on-{suites.choice.suite.name}")
            stamp += suites.dom0_key()
        make = lambda: FROM_KERNEL[plain](kernel)
    else:
        path = PRODUCTS / f"{name}@{suites.choice.suite.name}"
        stamp = suites.dom0_key()
        make = OTHERS[name]
    key = paths.key_of(stamp, Path(__file__), *sources, *_builds(name))
    if not paths.is_current(path, key):
        path.write_bytes(make())
        paths.mark_current(path, key)
    return path
