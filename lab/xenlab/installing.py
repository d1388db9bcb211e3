# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line of lab/install: what the lab needs, for all of it or for some suites."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterable

from . import suites
from .packages import PackageSet
from .paths import PROJECT, LabError
from .suites import KERNELS, SUITES, Kernel, Suite


def install_tools() -> None:
    """QEMU and small things, which this machine gets. All else is only unpacked."""
    if subprocess.run([str(PROJECT / "tools/install"), "lab"]).returncode != 0:
        raise LabError("tools/install lab failed")


def install(suite: Suite, kernels: Iterable[Kernel]) -> None:
    """What dom0 is made of, and these kernels beside dom0's own."""
    install_tools()
    wanted: dict[str, PackageSet] = {suite.tools.name: suite.tools}
    for kernel in (suite.kernel, *kernels):
        wanted[kernel.packages.name] = kernel.packages
    for packages in wanted.values():
        packages.install()


def main(argv: list[str]) -> int:
    """Entry of lab/install."""
    parser = argparse.ArgumentParser(
        prog="lab/install", description="Fetches what the lab needs; what is there already it leaves.")
    parser.add_argument("suites", nargs="*", metavar="SUITE",
                        help=f"of {', '.join(SUITES)} (default: bookworm)")
    suites.add_kernel_option(parser, "append", "this kernel too")
    options = parser.parse_args(argv)
    try:
        for name in options.suites or ["bookworm"]:
            if name not in SUITES:
                raise LabError(f"no suite is called {name} (there are {', '.join(SUITES)})")
            install(SUITES[name], [KERNELS[one] for one in options.kernel or []])
            shown = SUITES[name].tools.versions() | SUITES[name].kernel.packages.versions()
            print(f"lab/install: {name}: " + " ".join(
                f"{package}={version}" for package, version in shown.items()
                if package.startswith(("xen-hypervisor-", "linux-image-", "qemu-system-xen",
                                       "grub-xen-host"))))
    except LabError as error:
        print(f"lab/install: {error}", file=sys.stderr)
        return 1
    return 0
