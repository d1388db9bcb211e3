# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernel and modules of the unpacked Debian kernel package."""

from __future__ import annotations

import re
from pathlib import Path

from .paths import ROOT, LabError


def kernel_image() -> Path:
    """The one vmlinuz in build/lab/root: dom0's kernel and the guests'."""
    found = sorted(ROOT.glob("boot/vmlinuz-*"))
    if len(found) != 1:
        raise LabError(f"expected one kernel in {ROOT}/boot, found {len(found)}")
    return found[0]


def kernel_release() -> str:
    return kernel_image().name.removeprefix("vmlinuz-")


def _index() -> dict[str, Path]:
    base = ROOT / "lib" / "modules" / kernel_release()
    return {path.stem.replace("-", "_"): path for path in base.rglob("*.ko")}


def _depends(path: Path) -> list[str]:
    # .modinfo holds zero-terminated "name=value" texts.
    found = re.search(rb"\0depends=([^\0]*)\0", path.read_bytes())
    names = found.group(1).decode().split(",") if found else []
    return [name.replace("-", "_") for name in names if name]


def load_order(wanted: list[str]) -> list[Path]:
    """The modules and all they depend on, each after its dependencies."""
    index = _index()
    order: list[Path] = []

    def add(name: str, depth: int = 0) -> None:
        if depth > 16:
            raise LabError(f"module {name}: dependencies run in a circle")
        path = index.get(name)
        if path is None:
            raise LabError(f"module {name} is not in {kernel_release()}")
        if path in order:
            return
        for needed in _depends(path):
            add(needed, depth + 1)
        order.append(path)

    for name in wanted:
        add(name.replace("-", "_"))
    return order
