# SPDX-License-Identifier: GPL-2.0-or-later
"""The program that sees whether its registers are lost (guest/registers.s)."""

from __future__ import annotations

import tempfile
from pathlib import Path

from .paths import LAB
from .tools import run_tool

SOURCE = LAB / "guest/registers.s"


def program(source: str = "") -> bytes:
    """The program as an ELF file that needs no library. source: in place of SOURCE's text."""
    with tempfile.TemporaryDirectory() as folder:
        made, linked = Path(folder) / "registers.o", Path(folder) / "registers"
        run_tool("as", "--64", "-o", str(made), "-", stdin=source or SOURCE.read_text())
        run_tool("ld", "-static", "-s", "-o", str(linked), str(made))
        return linked.read_bytes()
