# SPDX-License-Identifier: GPL-2.0-or-later
"""Shared libraries of a program, found in build/lab/root alone.

ldd would answer from this machine's libraries; dom0 must run on the ones that
were unpacked beside it.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from .paths import ROOT, LabError

DIRECTORIES = (
    "lib/x86_64-linux-gnu",
    "usr/lib/x86_64-linux-gnu",
    "usr/lib/x86_64-linux-gnu/pulseaudio",
    "usr/lib/xen-4.17/lib/x86_64-linux-gnu",
    "usr/lib/xen-4.17/lib",
    "lib",
    "usr/lib",
)


def _needed(path: Path) -> list[str]:
    answer = subprocess.run(
        ["readelf", "-dW", str(path)], capture_output=True, text=True, check=True
    ).stdout
    return re.findall(r"\(NEEDED\).*\[(.+)\]", answer)


def _find(soname: str) -> Path:
    for directory in DIRECTORIES:
        candidate = ROOT / directory / soname
        if candidate.exists():
            return candidate
    raise LabError(f"shared library {soname} is in none of the unpacked packages")


def libraries_of(programs: list[Path]) -> dict[str, Path]:
    """Soname to file for every library that `programs` load, transitively."""
    found: dict[str, Path] = {}
    queue = list(programs)
    while queue:
        for soname in _needed(queue.pop()):
            if soname not in found:
                found[soname] = _find(soname)
                queue.append(found[soname])
    return found
