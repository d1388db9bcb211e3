# SPDX-License-Identifier: GPL-2.0-or-later
"""Shared libraries of a program, found in the unpacked packages alone.

ldd would answer from this machine's libraries; dom0 must run on the ones that
were unpacked beside it.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from . import suites
from .paths import LabError

def _directories() -> tuple[str, ...]:
    xen = suites.choice.suite.xen_folder
    return (
        "lib/x86_64-linux-gnu",
        "lib/x86_64-linux-gnu/pulseaudio",
        f"{xen}/lib/x86_64-linux-gnu",
        f"{xen}/lib",
        "lib",
    )


def _needed(path: Path) -> list[str]:
    answer = subprocess.run(
        ["readelf", "-dW", str(path)], capture_output=True, text=True, check=True
    ).stdout
    return re.findall(r"\(NEEDED\).*\[(.+)\]", answer)


def _find(soname: str, roots: tuple[Path, ...]) -> Path:
    for root in roots:
        for directory in _directories():
            candidate = root / directory / soname
            if candidate.exists():
                return candidate
    raise LabError(f"shared library {soname} is in none of the unpacked packages")


def libraries_of(programs: list[Path], more: tuple[Path, ...] = ()) -> dict[str, Path]:
    """Soname to file for every library that `programs` load, transitively; they are looked for in
    dom0's packages, then in the folders `more`."""
    found: dict[str, Path] = {}
    queue = list(programs)
    while queue:
        for soname in _needed(queue.pop()):
            if soname not in found:
                found[soname] = _find(soname, (suites.dom0_root(), *more))
                queue.append(found[soname])
    return found
