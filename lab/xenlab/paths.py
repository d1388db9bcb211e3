# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the lab keeps its things. Everything made lies below build/lab."""

from __future__ import annotations

import hashlib
from pathlib import Path

LAB = Path(__file__).resolve().parent.parent
PROJECT = LAB.parent
BUILD = PROJECT / "build" / "lab"
PRODUCTS = BUILD / "products"
LOGS = BUILD / "logs"
DEFAULT_LOADER = PROJECT / "build" / "pvgrub-swift"
PROBE = PROJECT / "build" / "stub-domain-probe"


class LabError(Exception):
    """The lab itself could not do its work; never a guest's failure."""


def key_of(*parts: bytes | str | Path) -> str:
    """A hash over texts and over the contents of files."""
    total = hashlib.sha256()
    for part in parts:
        data = part.read_bytes() if isinstance(part, Path) else part
        data = data.encode() if isinstance(data, str) else data
        total.update(len(data).to_bytes(8, "little"))
        total.update(data)
    return total.hexdigest()


def is_current(product: Path, key: str) -> bool:
    """True when `product` was made from the inputs that `key` stands for."""
    stamp = product.with_name(product.name + ".key")
    return product.exists() and stamp.exists() and stamp.read_text() == key


def mark_current(product: Path, key: str) -> None:
    product.with_name(product.name + ".key").write_text(key)
