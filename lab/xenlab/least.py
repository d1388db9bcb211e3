# SPDX-License-Identifier: GPL-2.0-or-later
"""The least memory that boots, by bisection."""

from __future__ import annotations

import argparse
import re
import shutil
from pathlib import Path

from . import disks, modules, products, runner, suites
from .guest import GuestRun, plain_text
from .machine import Machine
from .model import Disk, DiskRecipe, Scenario
from .paths import BUILD, DEFAULT_LOADER

LOGS = BUILD / "least-logs"
# What ends a try, one way or the other.
END = r"GUEST: done|at least \d+ MiB|too small|needs? \d+ .*memory|Kernel panic|Out of memory"
LINE = "root=/dev/xvda ro console=hvc0 lab=least"


def _recipe(kernel: str) -> DiskRecipe:
    release = "{release}"
    text = (f'set timeout=0\nmenuentry "least" {{\nlinux /boot/vmlinuz-{release} {LINE}\n'
            f"initrd /boot/initrd.img-{release}\n}}\n")
    return DiskRecipe(f"least-{kernel}", menus=(("/boot/grub/grub.cfg", text),), kernel=kernel,
                      size_mib=128)


def _scenario(kernel: str, boot: str, memory: int) -> Scenario:
    return Scenario(
        f"least-{kernel}-{boot}-{memory}", (Disk(_recipe(kernel)),), (END,), boot=boot,
        kernel=kernel, memory=memory, cmdline=LINE if boot == "direct" else "", ends="alive",
        limit=90.0)


def _boots(machine: Machine, kernel: str, boot: str, memory: int) -> bool:
    """Whether a guest of this size gets as far as its last line."""
    guest = GuestRun(machine, _scenario(kernel, boot, memory), (END,))
    outcome = guest.run()
    runner.store(_scenario(kernel, boot, memory), outcome, 0, LOGS)
    good = re.search(r"^GUEST: done$", plain_text(outcome.console), re.MULTILINE) is not None
    runner.say(f"  {kernel} {boot} {memory} MiB: {'boots' if good else 'does not boot'}")
    return good


def _least(machine: Machine, kernel: str, boot: str, low: int, high: int, step: int) -> int:
    """The least size that boots, where `low` does not and `high` does; in units of `step` MiB."""
    if not _boots(machine, kernel, boot, high):
        return 0
    while high - low > step:
        middle = (low + high) // 2
        if _boots(machine, kernel, boot, middle):
            high = middle
        else:
            low = middle
    return high


def main(argv: list[str]) -> int:
    """Entry of lab/least-memory."""
    parser = argparse.ArgumentParser(prog="lab/least-memory", description=__doc__)
    parser.add_argument("--product", action="append", default=[], help="a kernel, kernel-xz say")
    parser.add_argument("--low", type=int, default=48, metavar="MIB", help="too little")
    parser.add_argument("--high", type=int, default=144, metavar="MIB", help="enough")
    parser.add_argument("--step", type=int, default=1, metavar="MIB", help="how exact")
    parser.add_argument("--loader", type=Path, default=DEFAULT_LOADER, metavar="FILE")
    suites.add_options(parser)
    options = parser.parse_args(argv)
    suites.choice.set(options.suite, options.kernel)
    kernels = options.product or ["kernel-gzip", "kernel"]
    tries = [_scenario(kernel, boot, 0) for kernel in kernels for boot in ("direct", "loader")]
    runner.install(tries)
    shutil.rmtree(LOGS, ignore_errors=True)
    LOGS.mkdir(parents=True)
    image = runner.ramdisk(tries, options.loader, "least")
    logs = LOGS / "machine-1"
    logs.mkdir()
    machine = Machine(image, disks.pack(runner.guest_files(tries), "least"), 4096, logs)
    try:
        machine.wait_ready()
        for kernel in kernels:
            found = [_least(machine, kernel, boot, options.low, options.high, options.step)
                     for boot in ("direct", "loader")]
            release = modules.kernel_release(suites.kernel_of(kernel))
            size = products.product(kernel).stat().st_size
            runner.say(f"{kernel} ({release}, {size} bytes): toolstack-built {found[0]} MiB, by the "
                       f"loader {found[1]} MiB")
    finally:
        machine.close()
    return 0
