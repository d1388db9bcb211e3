# SPDX-License-Identifier: GPL-2.0-or-later
"""Running programs of this machine."""

from __future__ import annotations

import subprocess

from .paths import LabError


def run_tool(*command: str, stdin: str = "") -> str:
    """Runs a host program; if it fails, its output is in the error."""
    answer = subprocess.run(command, input=stdin, capture_output=True, text=True)
    if answer.returncode != 0:
        raise LabError(f"{' '.join(command)}: {answer.stderr.strip() or answer.stdout.strip()}")
    return answer.stdout
