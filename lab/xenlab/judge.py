# SPDX-License-Identifier: GPL-2.0-or-later
"""Says what is wrong with one guest's outcome. An empty list is a pass."""

from __future__ import annotations

import json
import re

from . import disks, modules
from .guest import Outcome, plain_text
from .model import Scenario
from .paths import BUILD

MEMORY_FILE = BUILD / "memory.json"
MEMORY_TOLERANCE_KIB = 1024


def expand(pattern: str, scenario: Scenario) -> str:
    """Puts the real release and checksum in place of <release> and <marker>."""
    import hashlib

    pattern = pattern.replace("<release>", re.escape(modules.kernel_release()))
    first = next((disk.recipe for disk in scenario.disks if disk.recipe), None)
    if first is not None:
        marker = hashlib.sha256(disks.marker_of(first)).hexdigest()
        pattern = pattern.replace("<marker>", marker)
    return pattern


def memory_seen(text: str) -> int:
    """MemTotal in KiB as the guest's kernel has it; 0 when it never said."""
    found = re.search(r"^GUEST: memtotal=(\d+)$", text, re.MULTILINE)
    return int(found.group(1)) if found else 0


def _memories() -> dict[str, int]:
    return json.loads(MEMORY_FILE.read_text()) if MEMORY_FILE.exists() else {}


def remember_memory(scenario: Scenario, outcome: Outcome) -> None:
    """Keeps what a toolstack-built guest sees, for others to be compared with."""
    seen = memory_seen(plain_text(outcome.console))
    if scenario.boot == "direct" and seen:
        known = _memories()
        known[memory_key(scenario.name)] = seen
        MEMORY_FILE.write_text(json.dumps(known, indent=1) + "\n")


def memory_key(name: str) -> str:
    return f"{name} {modules.kernel_release()}"


def is_memory_known(name: str) -> bool:
    return memory_key(name) in _memories()


def _judge_memory(scenario: Scenario, text: str) -> list[str]:
    if not scenario.like:
        return []
    expected = _memories().get(memory_key(scenario.like), 0)
    seen = memory_seen(text)
    if not expected:
        return [f"nothing to compare its memory with: {scenario.like} did not run"]
    if abs(expected - seen) > MEMORY_TOLERANCE_KIB:
        return [f"sees {seen} KiB of memory, a toolstack-built guest {expected} KiB"]
    return []


def faults(scenario: Scenario, outcome: Outcome) -> list[str]:
    """Every way in which the outcome is not what the scenario asks for."""
    text = plain_text(outcome.console)
    found = []
    for pattern in scenario.must:
        if not re.search(expand(pattern, scenario), text, re.MULTILINE):
            found.append(f"console lacks: {expand(pattern, scenario)}")
    for pattern in scenario.must_not:
        hit = re.search(expand(pattern, scenario), text, re.MULTILINE)
        if hit:
            found.append(f"console has: {hit.group(0)!r}")
    if outcome.ended != scenario.ends:
        found.append(f"ended as: {outcome.ended}, not: {scenario.ends}")
    if outcome.leftovers:
        found.append("left behind: " + ", ".join(outcome.leftovers[:6]))
    found += _judge_memory(scenario, text)
    return found + outcome.notes
